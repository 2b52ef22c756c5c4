"""What an execution has open that nothing but its history tells in journal mode: activities and timers. Pure.

The sentinel says it in one column, so that a start need not read the history of each instance that waits. Few timers
are written out; where more is open, the column sends the reader to the history.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from durable_devhost.json_text import compact_ascii
from durable_devhost.model.history import (
    ExecutionCompleted,
    HistoryEvent,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)
from durable_devhost.model.timestamps import format_time, parse_time

OPEN = "Open"
"""The sentinel's column, written in journal mode by each commit that is whole."""

LAST_EPISODE = "LastEpisode"
"""The sentinel's column with the time of the last episode, which in journal mode need not be in a row."""

MOST_TIMERS = 20
"""How many timers the column names at most, some 60 bytes each."""

_OVER = "over"
_IN_THE_HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """The open activities by their task ids, and the timers that have not fired, cancelled ones too."""

    activities: frozenset[int] = frozenset()
    timers: Mapping[int, TimerCreated] = field(default_factory=dict)
    is_over: bool = False

    def after(self, events: Iterable[HistoryEvent]) -> "OpenWork":
        """What is open after these events of the same execution."""
        activities, timers, is_over = set(self.activities), dict(self.timers), self.is_over
        for event in events:
            match event:
                case TaskScheduled():
                    activities.add(event.event_id)
                case TaskCompleted() | TaskFailed():
                    activities.discard(event.task_id)
                case TimerCreated():
                    timers[event.event_id] = event
                case TimerFired():
                    timers.pop(event.timer_id, None)
                case ExecutionCompleted():
                    is_over = True
                case _:
                    continue
        return OpenWork(activities=frozenset(activities), timers=timers, is_over=is_over)


NOTHING = OpenWork()
"""What is open of an execution that has not begun."""


def to_column(work: OpenWork | None) -> str:
    """The column's text; None is work that nobody knows without the history."""
    if work is None:
        return _IN_THE_HISTORY
    if work.is_over:
        return _OVER
    if work.activities or len(work.timers) > MOST_TIMERS:
        return _IN_THE_HISTORY
    timers = work.timers.values()
    return compact_ascii([[each.event_id, format_time(each.timestamp), format_time(each.fire_at)] for each in timers])


def from_column(text: object) -> OpenWork | None:
    """What a column says; None where the history has to be read, also as the column is missing or odd."""
    if text == _OVER:
        return OpenWork(is_over=True)
    try:
        timers = [
            TimerCreated(event_id=int(number), timestamp=parse_time(created), fire_at=parse_time(due))
            for number, created, due in json.loads(str(text))
        ]
    except (ValueError, TypeError):
        return None
    return OpenWork(timers={each.event_id: each for each in timers})
