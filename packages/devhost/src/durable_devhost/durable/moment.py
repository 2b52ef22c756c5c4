"""The time of an episode. Pure.

Messages go out before the history is stored. When a host dies in between, the same messages start the episode once
more, and it must send what it sent before: entities know a request that comes twice by its id and its label, and both
are made of the episode's time (`DurableOrchestrationContext.cs: NewGuid`). So the time is that of the newest message,
and not that of the clock.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from durable_devhost.model.history import HistoryEvent, TimerFired

_TICK = timedelta(microseconds=1)
_OLDEST = timedelta(seconds=30)


def moment(events: Sequence[HistoryEvent], *, after: datetime | None, now: datetime) -> datetime:
    """When the episode that `events` start takes place: just after the newest of them, and `after` the one before it.

    What waited for longer than half a minute, as on a host that was off, takes place `now`: an orchestrator that asks
    for the time wants to know what time it is.
    """
    newest = max(_time_of(event) for event in events) + _TICK
    if not now - _OLDEST <= newest <= now:
        newest = now
    return newest if after is None else max(newest, after + _TICK)


def _time_of(event: HistoryEvent) -> datetime:
    return event.fire_at if isinstance(event, TimerFired) else event.timestamp
