"""The time of an episode. Pure.

Messages are sent before the history is stored. If a host dies in between, the same messages start the episode again,
and it must send the same messages as before: entities recognise a repeated request by its id and its label, and both
depend on the episode's time (`DurableOrchestrationContext.cs: NewGuid`). So the time is that of the newest message,
and not that of the clock.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from durable_devhost.model.history import HistoryEvent, TimerFired

_TICK = timedelta(microseconds=1)
_OLDEST = timedelta(seconds=30)


def moment(events: Sequence[HistoryEvent], *, after: datetime | None, now: datetime) -> datetime:
    """The time of the episode that `events` start: just after the newest of them, and `after` the episode before.

    Messages older than half a minute, as on a host that was off, take place `now`: an orchestrator that asks
    for the time wants the present time.
    """
    newest = max(_time_of(event) for event in events) + _TICK
    if not now - _OLDEST <= newest <= now:
        newest = now
    return newest if after is None else max(newest, after + _TICK)


def _time_of(event: HistoryEvent) -> datetime:
    return event.fire_at if isinstance(event, TimerFired) else event.timestamp
