"""A history becomes bars: each thing that took time, with its end, its result and what it led to."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dashboard.timeline import Bar, Kind, State, timeline
from durable_devhost.durable.failures import failure_details
from durable_devhost.model.history import (
    EventRaised,
    EventSent,
    ExecutionCompleted,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    HistoryEvent,
    InstanceRef,
    OrchestratorStarted,
    ParentRef,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ME = InstanceRef(instance_id="me", execution_id="1")
STARTED = ExecutionStarted(timestamp=NOON, instance=ME, name="Run", input='"in"')
ENDED = ExecutionCompleted(timestamp=NOON + timedelta(hours=1), status=RuntimeStatus.COMPLETED, result='"out"')


def at(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def only(*events: HistoryEvent) -> Bar:
    """The one bar of these events."""
    (bar,) = timeline(events).bars
    return bar


def test_inputs_that_the_history_does_not_have_may_come_from_elsewhere() -> None:
    """Those of the history win; calls with other inputs are no second tries of the first."""
    events = [
        TaskScheduled(timestamp=at(0), event_id=0, name="work"),
        TaskFailed(timestamp=at(1), task_id=0, reason="no", details=None),
        TaskScheduled(timestamp=at(2), event_id=1, name="work"),
        TaskScheduled(timestamp=at(3), event_id=2, name="work", input="kept"),
        SubOrchestrationCreated(timestamp=at(4), event_id=3, name="child", instance_id="c"),
    ]
    bars = timeline(events, {0: "1", 1: "2", 2: "not this", 3: "4"}).bars
    assert [(bar.input, bar.attempt) for bar in bars] == [("1", 1), ("2", 1), ("kept", 1), ("4", 1)]
    assert [bar.attempt for bar in timeline(events).bars] == [1, 2, 1, 1]


def test_a_failure_is_told_without_the_json_that_is_added_to_it() -> None:
    """The output of the instance has all of it."""
    failed = replace(ENDED, status=RuntimeStatus.FAILED, result='boom\n {"$type":"System.Exception"}')
    assert only(STARTED, failed).error == "boom {…}"


def test_the_execution_is_the_first_bar() -> None:
    """With its input, output and parent; the number of episodes is that of its starts."""
    parent = ParentRef(name="P", instance=InstanceRef(instance_id="parent", execution_id=None), task_id=3)
    began = OrchestratorStarted(timestamp=NOON)
    read = timeline([began, replace(STARTED, parent=parent), began, ENDED])
    run = Bar(kind=Kind.ORCHESTRATION, name="Run", start=NOON, end=ENDED.timestamp, state=State.DONE,
              input='"in"', output='"out"')  # fmt: skip
    assert ((run,), parent, 2) == (read.bars, read.parent, read.episodes)


def test_an_activity_lasts_from_its_scheduling_to_its_result() -> None:
    """Each result names its scheduling."""
    events = [TaskScheduled(timestamp=at(0), event_id=n, name=f"A{n}", input=str(n)) for n in (0, 1)]
    ended = [TaskCompleted(timestamp=at(2), task_id=1, result="b"), TaskCompleted(timestamp=at(3), task_id=0)]
    first, second = timeline([*events, *ended]).bars
    assert (("A0", at(3), None), ("A1", at(2), "b")) == (
        (first.name, first.end, first.output),
        (second.name, second.end, second.output),
    )


def test_a_failed_activity_has_the_users_traceback() -> None:
    """From the .NET exception in its details."""
    details = failure_details("ValueError: boom", '  File "function_app.py", line 3')
    bar = only(
        TaskScheduled(timestamp=at(0), event_id=0, name="A"),
        TaskFailed(timestamp=at(1), task_id=0, reason="Activity function 'A' failed", details=details),
    )
    assert (State.FAILED, True, True) == (bar.state, "ValueError: boom" in bar.error, "line 3" in bar.error)


@pytest.mark.parametrize("details", [None, "text", "[1]", "{}", '{"InnerException": "x"}'])
def test_a_failure_with_unreadable_details_has_its_reason(details: str | None) -> None:
    """Another host may have written it."""
    bar = only(
        TaskScheduled(timestamp=at(0), event_id=0, name="A"),
        TaskFailed(timestamp=at(1), task_id=0, reason="why", details=details),
    )
    assert bar.error == "why"


def test_the_tries_of_a_retry_are_counted() -> None:
    """Only those after a failure, not tasks beside it."""
    events: list[HistoryEvent] = []
    for number in range(3):
        events.append(TaskScheduled(timestamp=at(number * 10), event_id=number, name="A"))
        events.append(TaskFailed(timestamp=at(number * 10 + 1), task_id=number))
    events.append(TaskScheduled(timestamp=at(0.5), event_id=9, name="A"))
    assert [1, 1, 2, 3] == [bar.attempt for bar in timeline(events).bars]


def test_a_sub_orchestration_links_to_its_instance() -> None:
    """Whether it completed or failed."""
    made = [
        SubOrchestrationCreated(timestamp=at(n), event_id=n, name="C", instance_id=f"me:{n}", input="1") for n in (0, 1)
    ]
    good, bad = timeline(
        [
            *made,
            SubOrchestrationCompleted(timestamp=at(5), task_id=0, result="1"),
            SubOrchestrationFailed(timestamp=at(6), task_id=1, reason="no"),
        ]
    ).bars
    assert (("me:0", State.DONE), ("me:1", State.FAILED)) == ((good.child, good.state), (bad.child, bad.state))


def test_a_timer_ends_at_its_due_time() -> None:
    """The stored event has the time at which the timer was set, as the real host writes it."""
    bar = only(
        TimerCreated(timestamp=at(0), event_id=0, fire_at=at(60)),
        TimerFired(timestamp=at(0), timer_id=0, fire_at=at(60)),
    )
    assert (at(60), State.DONE) == (bar.end, bar.state)


def test_a_task_still_open_at_the_end_was_not_waited_for() -> None:
    """Such as the deadline of an approval; while the execution runs it is open."""
    timer = TimerCreated(timestamp=at(0), event_id=0, fire_at=at(9999))
    assert State.OPEN is timeline([STARTED, timer]).bars[1].state
    bar = timeline([STARTED, timer, ENDED]).bars[1]
    assert (State.CANCELLED, ENDED.timestamp) == (bar.state, bar.end)


def test_an_event_is_a_point() -> None:
    """With any name and any input."""
    for name in ("orchestration", "suspended", "run"):
        payload = '{"result": 1, "exceptionType": "x"}'
        _, bar = timeline([STARTED, EventRaised(timestamp=at(4), name=name, input=payload)]).bars
        assert (Kind.EVENT, at(4), at(4), payload) == (bar.kind, bar.start, bar.end, bar.input)


def test_a_call_of_an_entity_lasts_until_its_answer() -> None:
    """A signal has none."""
    asked = json.dumps({"op": "add", "id": "q", "input": "5"})
    sent = EventSent(timestamp=at(0), event_id=0, instance_id="@counter@a", name="op", input=asked)
    called = only(sent, EventRaised(timestamp=at(2), name="q", input='{"result": "7"}'))
    assert ("@counter@a add", "5", "7", at(2)) == (called.name, called.input, called.output, called.end)
    failed = only(sent, EventRaised(timestamp=at(2), name="q", input='{"result": "no", "exceptionType": "Error"}'))
    assert (State.FAILED, "no") == (failed.state, failed.error)
    signal = only(replace(sent, input=json.dumps({"op": "add", "id": "q", "signal": True})))
    assert (State.DONE, at(0)) == (signal.state, signal.end)


def test_a_suspension_lasts_until_the_resume() -> None:
    """With its reason."""
    bar = only(ExecutionSuspended(timestamp=at(1), reason="wait"), ExecutionResumed(timestamp=at(8)))
    assert (Kind.PAUSE, "wait", at(8)) == (bar.kind, bar.input, bar.end)


def test_a_terminated_or_failed_execution_says_why() -> None:
    """A terminated one has two events; the first has the reason."""
    ended = ExecutionTerminated(timestamp=at(5), reason="no longer needed")
    failed = replace(ENDED, status=RuntimeStatus.FAILED, result="ValueError: boom")
    assert (
        "no longer needed" in timeline([STARTED, ended, replace(ENDED, status=RuntimeStatus.TERMINATED)]).bars[0].error
    )
    bar = timeline([STARTED, failed]).bars[0]
    assert (State.FAILED, "ValueError: boom") == (bar.state, bar.error)


@given(
    st.lists(
        st.one_of(
            st.builds(TaskCompleted, timestamp=st.just(NOON), task_id=st.integers(0, 3)),
            st.builds(TaskScheduled, timestamp=st.just(NOON), event_id=st.integers(0, 3), name=st.just("A")),
            st.builds(TimerFired, timestamp=st.just(NOON), timer_id=st.integers(0, 3), fire_at=st.just(NOON)),
            st.builds(EventRaised, timestamp=st.just(NOON), name=st.text(max_size=3), input=st.text(max_size=5)),
            st.builds(ExecutionResumed, timestamp=st.just(NOON)),
            st.just(ENDED),
            st.just(STARTED),
        )
    )
)
def test_any_order_of_events_has_a_timeline(events: list[HistoryEvent]) -> None:
    """Users want to look at a damaged history."""
    assert all(bar.end is None or bar.end >= bar.start for bar in timeline(events).bars)
