"""What a sentinel says of open work: folded from events, written into a column, read back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.damage import open_activities
from durable_devhost.model.history import (
    EventRaised,
    ExecutionCompleted,
    HistoryEvent,
    RuntimeStatus,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)
from durable_devhost.taskhub.open_work import MOST_TIMERS, NOTHING, OpenWork, from_column, to_column

WHEN = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)
TIMES = st.integers(0, 10**15).map(lambda microseconds: WHEN + timedelta(microseconds=microseconds))


def _timer(number: int, created: datetime = WHEN, due: datetime = WHEN + timedelta(hours=72)) -> TimerCreated:
    return TimerCreated(event_id=number, timestamp=created, fire_at=due)


def _task_opened(number: int, is_timer: bool) -> HistoryEvent:
    return _timer(number) if is_timer else TaskScheduled(event_id=number, timestamp=WHEN, name="a")


def _task_closed(number: int, is_timer: bool, has_failed: bool) -> HistoryEvent:
    if is_timer:
        return TimerFired(timestamp=WHEN, timer_id=number, fire_at=WHEN)
    if has_failed:
        return TaskFailed(timestamp=WHEN, task_id=number, reason="r", details="d")
    return TaskCompleted(timestamp=WHEN, task_id=number)


@st.composite
def _histories(draw: st.DrawFn) -> list[HistoryEvent]:
    """Tasks are opened with rising ids, and closed at some time after that, or not."""
    found: list[HistoryEvent] = []
    for number in range(draw(st.integers(0, 12))):
        is_timer, has_failed = draw(st.booleans()), draw(st.booleans())
        found.append(_task_opened(number, is_timer))
        if draw(st.booleans()):
            found.append(_task_closed(number, is_timer, has_failed))
        if draw(st.booleans()):
            found.append(EventRaised(timestamp=WHEN, name="Go"))
    return found


@given(_histories(), st.integers(0, 40))
def test_what_is_open_is_the_same_however_a_history_is_cut_into_commits(
    events: Sequence[HistoryEvent], cut: int
) -> None:
    """And it is what the whole history shows as open."""
    work = NOTHING.after(events[:cut]).after(events[cut:])
    assert work == NOTHING.after(events)
    assert work.activities == {task.event_id for task in open_activities(events)}
    fired = {event.timer_id for event in events if isinstance(event, TimerFired)}
    timers = [event for event in events if isinstance(event, TimerCreated) and event.event_id not in fired]
    assert list(work.timers.values()) == timers
    assert not work.is_over


@given(st.dictionaries(st.integers(0, 2**31 - 1), st.tuples(TIMES, TIMES), max_size=MOST_TIMERS))
def test_timers_are_read_as_they_were_written(timers: dict[int, tuple[datetime, datetime]]) -> None:
    """To the microsecond, as the rows have them."""
    work = OpenWork(timers={number: _timer(number, *times) for number, times in timers.items()})
    assert from_column(to_column(work)) == work


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(None, id="nobody knows"),
        pytest.param(OpenWork(activities=frozenset({1})), id="an activity"),
        pytest.param(OpenWork(timers={n: _timer(n) for n in range(MOST_TIMERS + 1)}), id="many timers"),
    ],
)
def test_other_work_sends_the_reader_to_the_history(work: OpenWork | None) -> None:
    """Which has the inputs of activities; and the column stays short."""
    assert from_column(to_column(work)) is None
    assert len(to_column(work)) < 10


def test_an_execution_that_is_over_has_nothing_open() -> None:
    """Whatever it has left behind."""
    done = ExecutionCompleted(event_id=2, timestamp=WHEN, status=RuntimeStatus.COMPLETED, result="1")
    assert from_column(to_column(NOTHING.after([_task_opened(0, is_timer=False), _timer(1), done]))) == OpenWork(
        is_over=True
    )


@pytest.mark.parametrize(
    "text", [None, "", "[1]", '[["a","b","c"]]', "{}x", 7, '[[1,"2026-01-01T00:00:00Z"]]', "[[1,2,3]]"]
)
def test_a_missing_or_odd_column_sends_the_reader_to_the_history(text: object) -> None:
    """A hub of an older devhost has none."""
    assert from_column(text) is None
