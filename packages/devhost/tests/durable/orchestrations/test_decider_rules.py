"""What the host makes of an orchestrator's actions, on the SDK's own executor, live and rebuilt from the rows."""

import json
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from durable_devhost.durable.actions import UnknownAction, read_action
from durable_devhost.model.history import (
    EventRaised,
    ExecutionCompleted,
    ExecutionStarted,
    GenericEvent,
    HistoryEvent,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    TaskScheduled,
    TimerCreated,
)
from packages.devhost.tests.durable.stage import (
    START,
    Stage,
    completed,
    end_of,
    failed,
    fired,
    has_ended,
    kinds,
    raised,
    resumed,
    suspended,
    terminated,
)
from packages.devhost.tests.local import run_now

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions"),
]

COUNTER = df.EntityId("Counter", "k")


def in_a_row(context: Any) -> Any:
    """Two activities, one after the other."""
    first = yield context.call_activity("a", 1)
    return (yield context.call_activity("B", first))


def test_a_chain_schedules_each_activity_after_the_one_before() -> None:
    """Rows, ids and the work item's input as the real host writes them."""
    stage = Stage(in_a_row)

    first = stage.begin()
    assert kinds(first) == ["OrchestratorStarted", "ExecutionStarted", "TaskScheduled", "OrchestratorCompleted"]
    item = first.postings[0].message.event
    assert isinstance(item, TaskScheduled)
    assert item.input == '["1"]'
    assert first.postings[0].is_work_item
    row = first.events[2]
    assert isinstance(row, TaskScheduled)
    assert row.input is None

    stage.step(completed(0, "7"))
    last = stage.step(completed(1, "8"))
    assert end_of(last) == ExecutionCompleted(
        event_id=2, timestamp=stage.now, status=RuntimeStatus.COMPLETED, result="8"
    )


def test_inputs_are_stored_in_the_rows_if_the_settings_say_so() -> None:
    """host.json's storeInputsInOrchestrationHistory."""
    row = Stage(in_a_row, store_inputs=True).begin().events[2]
    assert isinstance(row, TaskScheduled)
    assert row.input == '["1"]'


def test_rows_have_the_played_mark_of_the_real_host() -> None:
    """Received events True, episode marks and decisions False (recorded)."""
    first = Stage(in_a_row).begin()
    assert [event.is_played for event in first.events] == [False, True, False, False]


def approval(context: Any) -> Any:
    """An event against a timer."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    event = context.wait_for_external_event("Approval")
    if (yield context.task_any([event, timer])) == event:
        timer.cancel()
        return event.result
    return "late"


def test_an_answer_cancels_the_timer_and_ends_the_instance_at_once() -> None:
    """A cancelled timer keeps nothing open."""
    stage = Stage(approval)
    first = stage.begin()
    assert kinds(first)[2] == "TimerCreated"
    assert first.postings[0].due is not None
    assert end_of(stage.step(raised("Approval"))).result == "true"


def test_an_early_answer_is_kept_and_its_timer_is_still_created() -> None:
    """Recorded: the rows hold a TimerCreated although the timer was cancelled in the same episode."""
    stage = Stage(approval)
    episode = stage.step(stage.started, raised("Approval", '"early"'))
    assert "TimerCreated" in kinds(episode)
    assert end_of(episode).result == '"early"'


def test_a_timer_that_fires_first_wins() -> None:
    """The wait for the event does not keep the instance open."""
    stage = Stage(approval)
    stage.begin()
    assert end_of(stage.step(fired(0))).result == '"late"'


def test_an_event_in_another_case_ends_the_wait_only_for_the_host() -> None:
    """Python does not see it; the timer still ends the instance (recorded)."""
    stage = Stage(approval)
    stage.begin()
    assert not has_ended(stage.step(raised("APPROVAL")))
    assert end_of(stage.step(fired(0))).result == '"late"'


def test_a_suspended_instance_completes_after_a_cancelled_timer() -> None:
    """Recorded: without an ExecutionResumed."""
    stage = Stage(approval)
    stage.begin()
    stage.step(suspended())
    assert stage.session.record.status is RuntimeStatus.SUSPENDED
    assert stage.session.record.output == "pause"
    assert end_of(stage.step(raised("Approval"))).status is RuntimeStatus.COMPLETED


def plain_wait(context: Any) -> Any:
    """A wait, then an activity."""
    yield context.wait_for_external_event("Go")
    context.set_custom_status("went on")
    return (yield context.call_activity("a", None))


def test_a_suspended_instance_keeps_events_and_withholds_decisions() -> None:
    """Python runs on, as its custom status shows; the activity is scheduled after the resume."""
    stage = Stage(plain_wait)
    stage.begin()
    stage.step(suspended())
    episode = stage.step(raised("Go"))
    assert kinds(episode) == ["OrchestratorStarted", "EventRaised", "OrchestratorCompleted"]
    assert episode.postings == ()
    assert stage.session.record.custom_status == '"went on"'
    going = stage.step(resumed())
    assert kinds(going) == ["OrchestratorStarted", "ExecutionResumed", "TaskScheduled", "OrchestratorCompleted"]
    assert stage.session.record.status is RuntimeStatus.RUNNING
    assert has_ended(stage.step(completed(0)))


def test_a_timer_cancelled_before_the_host_creates_it_keeps_nothing_open() -> None:
    """While suspended, Python sets and cancels a timer before the host has begun it."""

    def ahead(context: Any) -> Any:
        yield context.call_activity("a", 1)
        return (yield from approval(context))

    stage = Stage(ahead)
    stage.begin()
    stage.step(suspended())
    stage.step(completed(0))
    stage.step(raised("Approval"))
    assert end_of(stage.step(resumed())).result == "true"


def test_a_termination_ends_the_instance_despite_open_tasks() -> None:
    """The reason is the output, as plain text."""
    stage = Stage(approval)
    stage.begin()
    episode = stage.step(terminated())
    assert end_of(episode).status is RuntimeStatus.TERMINATED
    assert stage.session.record.output == "enough"


def test_a_start_and_a_termination_in_one_batch_record_the_decisions() -> None:
    """Recorded: ExecutionStarted, ExecutionTerminated, TaskScheduled, ExecutionCompleted."""
    stage = Stage(in_a_row)
    assert kinds(stage.step(stage.started, terminated()))[1:5] == [
        "ExecutionStarted",
        "ExecutionTerminated",
        "TaskScheduled",
        "ExecutionCompleted",
    ]


def rounds(context: Any) -> Any:
    """Counts to two, a generation a number."""
    n = context.get_input() or 0
    context.set_custom_status({"round": n})
    yield context.call_activity("a", n)
    if n < 2:
        context.continue_as_new(n + 1)
        return None
    return n


def test_continue_as_new_starts_new_rows() -> None:
    """Recorded: 0 OrchestratorStarted, 1 ExecutionStarted, 2 OrchestratorCompleted (played), then the decisions."""
    stage = Stage(rounds)
    stage.begin()
    again = stage.step(completed(0))
    assert again.first_row == 0
    assert kinds(again) == [
        "OrchestratorStarted",
        "ExecutionStarted",
        "OrchestratorCompleted",
        "TaskScheduled",
        "OrchestratorCompleted",
    ]
    assert again.events[2].is_played
    assert again.execution_id != "e0"
    assert isinstance(again.events[1], ExecutionStarted)
    assert (again.events[1].input, again.events[1].generation) == ('"1"', None)
    assert again.record is not None
    assert again.record.input == '"1"'
    stage.step(completed(0))
    assert end_of(stage.step(completed(0))).result == "2"


def test_events_at_the_end_of_a_generation_are_carried_over() -> None:
    """They arrive after continue_as_new was called, so the next generation gets them."""

    def collecting(context: Any) -> Any:
        done = context.get_input() or []
        got = yield context.wait_for_external_event("Item")
        if len(done) == 1:
            return [*done, got]
        context.continue_as_new([*done, got])
        return None

    stage = Stage(collecting)
    stage.begin()
    episode = stage.step(raised("Item", "1"), raised("Item", "2"))
    assert any(isinstance(event, EventRaised) and event.input == "2" for event in episode.events)
    assert end_of(episode).result == "[1,2]"


def test_an_activity_that_lost_a_race_keeps_the_instance_running() -> None:
    """A cancelled timer does not."""

    def race(context: Any) -> Any:
        slow, fast = context.call_activity("a", 1), context.call_activity("b", 2)
        yield context.task_any([slow, fast])
        return "won"

    stage = Stage(race)
    stage.begin()
    assert not has_ended(stage.step(completed(1)))
    assert end_of(stage.step(completed(0))).result == '"won"'


def test_a_failed_instance_waits_for_open_activities() -> None:
    """The first failure fails the function, the instance fails when the other activity is done."""

    def both(context: Any) -> Any:
        return (yield context.task_all([context.call_activity("a", 1), context.call_activity("b", 2)]))

    stage = Stage(both)
    stage.begin()
    assert not has_ended(stage.step(failed(0)))
    assert end_of(stage.step(completed(1))).status is RuntimeStatus.FAILED


def test_empty_groups_complete_at_once() -> None:
    """Like .NET's WhenAll of nothing."""

    def nothing(context: Any) -> Any:
        yield context.task_all([])
        return 1

    assert end_of(Stage(nothing).begin()).result == "1"


def test_an_http_call_is_a_built_in_activity() -> None:
    """With the request as an object in the argument's array."""

    def calling(context: Any) -> Any:
        return (yield context.call_http("GET", "http://localhost/x"))

    stage = Stage(calling)
    item = stage.begin().postings[0].message.event
    assert isinstance(item, TaskScheduled)
    assert item.name == "BuiltIn::HttpActivity"
    assert json.loads(item.input or "")[0]["uri"] == "http://localhost/x"
    assert end_of(stage.step(completed(0, '{"statusCode":200}'))).result == '{"statusCode":200}'


@pytest.mark.parametrize(
    ("status", "size"), [("x" * 8_000, 0), ("中" * 8_300, 0), ("x" * 8_702, 17), ("中" * 17_000, 33)]
)
def test_a_custom_status_above_16_kb_fails_the_instance_and_is_not_shown(status: str, size: int) -> None:
    """The limit counts UTF-16 units of the JSON text in whole KB; the message names the size (recorded)."""

    def talkative(context: Any) -> Any:
        context.set_custom_status(status)
        yield context.call_activity("a", 1)

    stage = Stage(talkative)
    stage.begin()
    ended = end_of(stage.step(completed(0)))
    shown = json.loads(stage.session.record.custom_status or "")
    assert (ended.status, shown) == ((RuntimeStatus.FAILED, None) if size else (RuntimeStatus.COMPLETED, status))
    if size:
        assert ended.result == (
            "Orchestrator function 'play' failed: The UTF-16 size of the JSON-serialized payload must not exceed "
            f"16 KB. The current payload size is {size} KB."
        )


@pytest.mark.parametrize(
    "row",
    [
        TaskScheduled(event_id=0, timestamp=START, name="b"),
        TimerCreated(event_id=0, timestamp=START, fire_at=START),
        TaskScheduled(event_id=7, timestamp=START, name="a"),
    ],
    ids=["another name", "another kind", "another id"],
)
def test_a_history_that_does_not_match_the_code_fails_the_instance(row: HistoryEvent) -> None:
    """The code was changed while the instance ran, or it is not deterministic."""
    stage = Stage(in_a_row)
    stage.rows = [
        OrchestratorStarted(timestamp=START),
        stage.started,
        row,
        OrchestratorCompleted(timestamp=START),
    ]
    stage.restart()
    episode = run_now(stage.session.step([completed(0)], stage.now, lambda: "e"))
    assert "Non-Deterministic workflow detected" in (end_of(episode).result or "")


def test_a_rewound_row_is_decided_again() -> None:
    """A GenericEvent is skipped, so its activity is scheduled again under its old id."""
    stage = Stage(in_a_row)
    stage.begin()
    stage.rows[2] = GenericEvent(event_id=0, timestamp=START)
    stage.restart()
    episode = stage.step(GenericEvent(timestamp=START, data="again"))
    assert [event.event_id for event in episode.events if isinstance(event, TaskScheduled)] == [0]


def test_a_duplicate_or_unknown_completion_changes_nothing() -> None:
    """Messages arrive at least once."""
    stage = Stage(approval)
    stage.begin()
    for event in (completed(9), failed(9), fired(9)):
        assert not has_ended(stage.step(event))
    assert not stage.session.expects(9)
    assert stage.session.expects(0)


def test_timers_are_restored_from_a_stored_history() -> None:
    """Those that have neither fired nor been cancelled."""
    stage = Stage(approval)
    stage.begin()
    stage.restart()
    run_now(stage.session.catch_up())
    assert stage.session.expects(0)
    stage.step(raised("Approval"))
    stage.restart()
    run_now(stage.session.catch_up())
    assert not stage.session.expects(0)


def test_an_unknown_action_is_named_in_the_error() -> None:
    """A newer SDK may ask for more than this host can do."""
    with pytest.raises(UnknownAction, match="type 13"):
        read_action({"actionType": 13}, lambda: 0)
