"""What the host makes of an orchestrator's actions, on the SDK's own executor, live and rebuilt from the rows."""

import json
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devhost.durable.actions import UnknownAction, read_action
from devhost.durable.episode import Episode
from devhost.model.history import (
    EventRaised,
    ExecutionCompleted,
    ExecutionStarted,
    GenericEvent,
    HistoryEvent,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskScheduled,
    TimerCreated,
)
from tests.devhost.durable.stage import (
    PARENT,
    START,
    Stage,
    child_completed,
    child_failed,
    completed,
    failed,
    fired,
    kinds,
    raised,
    resumed,
    suspended,
    terminated,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions"),
]

COUNTER = df.EntityId("Counter", "k")


def end_of(episode: Episode) -> ExecutionCompleted:
    """The end that the episode wrote."""
    return next(event for event in episode.events if isinstance(event, ExecutionCompleted))


def ended(episode: Episode) -> bool:
    """Whether the episode wrote an end."""
    return any(isinstance(event, ExecutionCompleted) for event in episode.events)


def in_a_row(context: Any) -> Any:
    """Two activities, one after the other."""
    first = yield context.call_activity("a", 1)
    return (yield context.call_activity("B", first))


def test_a_chain_schedules_the_next_activity_when_the_one_before_is_done() -> None:
    """Rows, ids and the work item's input as the real host writes them."""
    stage = Stage(in_a_row)

    begun = stage.begin()
    assert kinds(begun) == ["OrchestratorStarted", "ExecutionStarted", "TaskScheduled", "OrchestratorCompleted"]
    item = begun.postings[0].message.event
    assert isinstance(item, TaskScheduled)
    assert item.input == '["1"]'
    assert begun.postings[0].is_work_item
    row = begun.events[2]
    assert isinstance(row, TaskScheduled)
    assert row.input is None

    stage.step(completed(0, "7"))
    last = stage.step(completed(1, "8"))
    assert end_of(last) == ExecutionCompleted(
        event_id=2, timestamp=stage.now, status=RuntimeStatus.COMPLETED, result="8"
    )


def test_inputs_are_stored_in_the_rows_where_the_settings_say_so() -> None:
    """host.json's storeInputsInOrchestrationHistory."""
    row = Stage(in_a_row, store_inputs=True).begin().events[2]
    assert isinstance(row, TaskScheduled)
    assert row.input == '["1"]'


def test_rows_say_which_events_were_played_when_they_were_written() -> None:
    """Received events True, episode marks and decisions False (recorded)."""
    begun = Stage(in_a_row).begin()
    assert [event.is_played for event in begun.events] == [False, True, False, False]


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
    begun = stage.begin()
    assert kinds(begun)[2] == "TimerCreated"
    assert begun.postings[0].due is not None
    assert end_of(stage.step(raised("Approval"))).result == "true"


def test_an_early_answer_is_kept_and_the_timer_is_created_all_the_same() -> None:
    """Recorded: the rows hold a TimerCreated although the timer was cancelled in the same breath."""
    stage = Stage(approval)
    episode = stage.step(stage.started, raised("Approval", '"early"'))
    assert "TimerCreated" in kinds(episode)
    assert end_of(episode).result == '"early"'


def test_a_timer_that_fires_first_wins() -> None:
    """The wait for the event does not keep the instance open."""
    stage = Stage(approval)
    stage.begin()
    assert end_of(stage.step(fired(0))).result == '"late"'


def test_an_event_in_another_case_ends_the_wait_for_the_host_alone() -> None:
    """Python does not see it; the timer still ends the instance (recorded)."""
    stage = Stage(approval)
    stage.begin()
    assert not ended(stage.step(raised("APPROVAL")))
    assert end_of(stage.step(fired(0))).result == '"late"'


def test_while_suspended_a_cancelled_timer_lets_the_instance_complete() -> None:
    """Recorded: the instance completes without an ExecutionResumed."""
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


def test_while_suspended_events_are_put_aside_and_decisions_withheld() -> None:
    """Python runs on, as its custom status shows; the activity is scheduled after the resume."""
    stage = Stage(plain_wait)
    stage.begin()
    stage.step(suspended())
    held = stage.step(raised("Go"))
    assert kinds(held) == ["OrchestratorStarted", "EventRaised", "OrchestratorCompleted"]
    assert held.postings == ()
    assert stage.session.record.custom_status == '"went on"'
    going = stage.step(resumed())
    assert kinds(going) == ["OrchestratorStarted", "ExecutionResumed", "TaskScheduled", "OrchestratorCompleted"]
    assert stage.session.record.status is RuntimeStatus.RUNNING
    assert ended(stage.step(completed(0)))


def test_a_timer_that_was_cancelled_before_the_host_came_to_it_keeps_nothing_open() -> None:
    """While suspended Python runs ahead of the host: it sets a timer and cancels it before the host has begun it."""

    def ahead(context: Any) -> Any:
        yield context.call_activity("a", 1)
        return (yield from approval(context))

    stage = Stage(ahead)
    stage.begin()
    stage.step(suspended())
    stage.step(completed(0))
    stage.step(raised("Approval"))
    assert end_of(stage.step(resumed())).result == "true"


def test_a_termination_ends_the_instance_whatever_is_open() -> None:
    """The reason is the output, as plain text."""
    stage = Stage(approval)
    stage.begin()
    episode = stage.step(terminated())
    assert end_of(episode).status is RuntimeStatus.TERMINATED
    assert stage.session.record.output == "enough"


def test_a_start_and_a_termination_in_one_batch_still_record_what_was_asked_for() -> None:
    """Recorded: ExecutionStarted, ExecutionTerminated, TaskScheduled, ExecutionCompleted."""
    stage = Stage(in_a_row)
    assert kinds(stage.step(stage.started, terminated()))[1:5] == [
        "ExecutionStarted",
        "ExecutionTerminated",
        "TaskScheduled",
        "ExecutionCompleted",
    ]


def retrying(context: Any) -> Any:
    """Two attempts, half a second apart."""
    try:
        return (yield context.call_activity_with_retry("a", df.RetryOptions(500, 2), 5))
    except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception
        return str(error)


def test_a_failed_attempt_is_tried_again_after_the_pause() -> None:
    """The timer is due the interval after the episode began, and the next attempt gets the next id."""
    stage = Stage(retrying)
    stage.begin()
    paused = stage.step(failed(0))
    timer = next(event for event in paused.events if isinstance(event, TimerCreated))
    assert (timer.event_id, timer.fire_at) == (1, stage.now + timedelta(milliseconds=500))
    assert kinds(stage.step(fired(1)))[2] == "TaskScheduled"
    assert end_of(stage.step(completed(2, "9"))).result == "9"


def test_after_the_last_attempt_one_more_timer_fires_at_once() -> None:
    """Recorded: attempts 0 and 2, timers 1 and 3, the end is 4."""
    stage = Stage(retrying)
    stage.begin()
    stage.step(failed(0))
    stage.step(fired(1))
    extra = stage.step(failed(2))
    timer = next(event for event in extra.events if isinstance(event, TimerCreated))
    assert timer.fire_at == stage.now
    assert end_of(stage.step(fired(3))).event_id == 4


def family(context: Any) -> Any:
    """Two children, the second under a name of its own."""
    one = yield context.call_sub_orchestrator("child", {"n": 1})
    try:
        two = yield context.call_sub_orchestrator("child", {"n": 2}, "kid")
    except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception
        two = str(error)
    return [one, two]


def test_a_child_without_an_id_is_named_after_its_parents_execution() -> None:
    """The start message carries the parent and the input as one more layer of JSON text."""
    stage = Stage(family, default_version="2.0")
    start = stage.begin().postings[0].message.event
    assert isinstance(start, ExecutionStarted)
    assert (start.instance.instance_id, start.version) == ("e0:0", "2.0")
    assert start.input == json.dumps('{"n": 1}')
    assert start.parent is not None
    assert (start.parent.instance, start.parent.task_id) == (stage.started.instance, 0)
    assert stage.step(child_completed(0)).postings[0].message.target.instance_id == "kid"
    assert end_of(stage.step(child_failed(1))).result == '[2,"the child failed \\n why"]'


def family_with_retry(context: Any) -> Any:
    """A child that may fail once."""
    return (yield context.call_sub_orchestrator_with_retry("child", df.RetryOptions(100, 2), None))


def test_a_child_is_tried_again_under_a_fresh_id() -> None:
    """Without an id of its own each attempt has its own."""
    stage = Stage(family_with_retry)
    stage.begin()
    stage.step(child_failed(0))
    again = stage.step(fired(1)).postings[0].message
    assert again.target.instance_id == "e0:2"
    assert end_of(stage.step(child_completed(2))).result == "2"


@pytest.mark.parametrize("instance_id", ["@counter@k", "I1", "BOSS"])
def test_forbidden_ids_of_children_are_refused_in_silence(instance_id: str) -> None:
    """As on the real host: nothing is scheduled and the instance waits for ever."""

    def bad(context: Any) -> Any:
        yield context.call_sub_orchestrator("child", None, instance_id)

    assert kinds(Stage(bad, parent=PARENT).begin())[2:] == ["OrchestratorCompleted"]


@pytest.mark.parametrize("call", ["call_activity", "call_sub_orchestrator"])
def test_an_unknown_function_keeps_the_instance_running(call: str) -> None:
    """Recorded for an unknown activity: three rows and nothing else."""

    def lost(context: Any) -> Any:
        yield getattr(context, call)("nope", 1)

    stage = Stage(lost)
    assert kinds(stage.begin()) == ["OrchestratorStarted", "ExecutionStarted", "OrchestratorCompleted"]
    assert stage.session.record.status is RuntimeStatus.RUNNING


def test_an_unknown_orchestrator_fails_with_the_known_ones() -> None:
    """Recorded: the end has event id 0."""
    end = end_of(Stage(None).begin())
    assert end.status is RuntimeStatus.FAILED
    assert end.event_id == 0
    assert (end.result or "").endswith("The following are the known orchestrator functions: 'child', 'play'.")


@pytest.mark.parametrize(
    ("result", "status", "answer"),
    [(None, RuntimeStatus.COMPLETED, SubOrchestrationCompleted), (1, RuntimeStatus.FAILED, SubOrchestrationFailed)],
)
def test_a_child_answers_its_parent(result: Any, status: RuntimeStatus, answer: type[HistoryEvent]) -> None:
    """With its result, or with reason and details."""

    def child(_context: Any) -> Any:
        if result:
            raise KeyError("x")
        return result
        yield

    episode = Stage(child, parent=PARENT).begin()
    assert end_of(episode).status is status
    message = episode.postings[-1].message
    assert isinstance(message.event, answer)
    assert message.target == PARENT.instance


def test_a_function_that_is_no_generator_may_return_or_raise() -> None:
    """The failure names the exception, since there is no state of the SDK around it."""
    assert end_of(Stage(lambda context: {"got": context.get_input()}, '"1"').begin()).result == '{"got":1}'
    text = end_of(Stage(lambda _context: 1 / 0).begin()).result
    assert text == "Orchestrator function 'play' failed: ZeroDivisionError: division by zero"


def test_a_result_that_is_no_json_fails_the_instance() -> None:
    """The SDK says why."""

    def odd(context: Any) -> Any:
        yield context.call_activity("a", 1)
        return object()

    stage = Stage(odd)
    stage.begin()
    assert "not JSON serializable" in (end_of(stage.step(completed(0))).result or "")


def rounds(context: Any) -> Any:
    """Counts to two, a generation a number."""
    n = context.get_input() or 0
    context.set_custom_status({"round": n})
    yield context.call_activity("a", n)
    if n < 2:
        context.continue_as_new(n + 1)
        return None
    return n


def test_continue_as_new_begins_the_rows_again() -> None:
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


def test_events_that_come_with_the_end_of_a_generation_are_carried_over() -> None:
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


def talking(context: Any) -> Any:
    """A signal and a call to one entity."""
    context.signal_entity(COUNTER, "add", 5)
    return (yield context.call_entity(COUNTER, "get"))


def test_an_entity_answers_under_the_id_of_the_request() -> None:
    """Both requests are labelled in their order; the answer ends the wait."""
    stage = Stage(talking)
    requests = [json.loads(posting.message.event.input or "") for posting in stage.begin().postings]  # type: ignore[attr-defined]
    assert [request["op"] for request in requests] == ["add", "get"]
    assert requests[1]["Predecessor"] == requests[0]["Timestamp"]
    answer = raised(requests[1]["id"], json.dumps({"result": "12"}))
    assert end_of(stage.step(answer)).result == "12"


def test_the_recorded_id_of_a_request_wins_over_a_derived_one() -> None:
    """A real host may have made another GUID; its answer comes under that one."""
    stage = Stage(talking)
    stage.begin()
    texts = [json.loads(row.input) for row in stage.rows if row.__class__.__name__ == "EventSent"]  # type: ignore[attr-defined]
    foreign = "11111111-2222-3333-4444-555555555555"
    text = json.dumps(texts[1]).replace(texts[1]["id"], foreign)
    for index, row in enumerate(stage.rows):
        if row.__class__.__name__ == "EventSent" and row.event_id == 1:
            stage.rows[index] = type(row)(  # type: ignore[call-arg]
                timestamp=row.timestamp, event_id=1, instance_id="@counter@k", name="op", input=text
            )
    stage.restart()
    assert end_of(stage.step(raised(foreign, json.dumps({"result": "3"})))).result == "3"


@pytest.mark.parametrize("signal", [True, False])
def test_an_unknown_entity_fails_a_signal_and_hangs_a_call(signal: bool) -> None:
    """Only what the host checks synchronously surfaces (recorded for signals)."""

    def lost(context: Any) -> Any:
        target = df.EntityId("Nope", "k")
        if signal:
            context.signal_entity(target, "add", 1)
            return 1
        return (yield context.call_entity(target, "get"))

    episode = Stage(lost).begin()
    assert ended(episode) is signal
    if signal:
        assert (end_of(episode).result or "").endswith("The following are the known entity functions: 'Counter'.")


def test_a_loser_keeps_the_instance_running() -> None:
    """An activity that lost a race is awaited; a cancelled timer is not."""

    def race(context: Any) -> Any:
        slow, fast = context.call_activity("a", 1), context.call_activity("b", 2)
        yield context.task_any([slow, fast])
        return "won"

    stage = Stage(race)
    stage.begin()
    assert not ended(stage.step(completed(1)))
    assert end_of(stage.step(completed(0))).result == '"won"'


def test_a_failure_waits_for_what_is_still_open() -> None:
    """The first failure fails the function, the instance fails when the other activity is done."""

    def both(context: Any) -> Any:
        return (yield context.task_all([context.call_activity("a", 1), context.call_activity("b", 2)]))

    stage = Stage(both)
    stage.begin()
    assert not ended(stage.step(failed(0)))
    assert end_of(stage.step(completed(1))).status is RuntimeStatus.FAILED


def test_empty_groups_are_done_at_once() -> None:
    """As .NET's WhenAll of nothing."""

    def nothing(context: Any) -> Any:
        yield context.task_all([])
        return 1

    assert end_of(Stage(nothing).begin()).result == "1"


def test_a_http_call_is_a_built_in_activity() -> None:
    """With the request as an object in the argument's array."""

    def calling(context: Any) -> Any:
        return (yield context.call_http("GET", "http://localhost/x"))

    stage = Stage(calling)
    item = stage.begin().postings[0].message.event
    assert isinstance(item, TaskScheduled)
    assert item.name == "BuiltIn::HttpActivity"
    assert json.loads(item.input or "")[0]["uri"] == "http://localhost/x"
    assert end_of(stage.step(completed(0, '{"statusCode":200}'))).result == '{"statusCode":200}'


def test_a_custom_status_above_16_kb_fails_the_instance() -> None:
    """The limit counts UTF-16."""

    def talkative(context: Any) -> Any:
        context.set_custom_status("x" * 9000)
        yield context.call_activity("a", 1)

    stage = Stage(talkative)
    stage.begin()
    assert "16 KB" in (end_of(stage.step(completed(0))).result or "")


@pytest.mark.parametrize(
    "row",
    [
        TaskScheduled(event_id=0, timestamp=START, name="b"),
        TimerCreated(event_id=0, timestamp=START, fire_at=START),
        TaskScheduled(event_id=7, timestamp=START, name="a"),
    ],
    ids=["another name", "another kind", "another id"],
)
def test_a_history_that_the_code_does_not_match_fails_the_instance(row: HistoryEvent) -> None:
    """The code was changed while the instance ran, or depends on chance."""
    stage = Stage(in_a_row)
    stage.rows = [
        OrchestratorStarted(timestamp=START),
        stage.started,
        row,
        OrchestratorCompleted(timestamp=START),
    ]
    stage.restart()
    episode = stage.session.step([completed(0)], stage.now, lambda: "e")
    assert "Non-Deterministic workflow detected" in (end_of(episode).result or "")


def test_a_rewound_row_is_decided_again() -> None:
    """A GenericEvent is passed over, so the activity it stood for is scheduled anew under its old id."""
    stage = Stage(in_a_row)
    stage.begin()
    stage.rows[2] = GenericEvent(event_id=0, timestamp=START)
    stage.restart()
    episode = stage.step(GenericEvent(timestamp=START, data="again"))
    assert [event.event_id for event in episode.events if isinstance(event, TaskScheduled)] == [0]


def test_a_doubled_or_unknown_completion_changes_nothing() -> None:
    """Messages come at least once."""
    stage = Stage(approval)
    stage.begin()
    for event in (completed(9), failed(9), fired(9)):
        assert not ended(stage.step(event))
    assert not stage.session.expects(9)
    assert stage.session.expects(0)


def test_timers_of_a_stored_history_are_found_again() -> None:
    """Those that have neither fired nor been cancelled."""
    stage = Stage(approval)
    stage.begin()
    stage.restart()
    assert [timer.event_id for timer in stage.session.open_timers()] == [0]


def test_an_action_that_nobody_knows_is_named() -> None:
    """A newer SDK may ask for more than this host can do."""
    with pytest.raises(UnknownAction, match="type 13"):
        read_action({"actionType": 13}, lambda: 0)


# ---------------------------------------------------------------- any orchestrator, live and rebuilt

STEPS = st.lists(
    st.sampled_from(["activity", "retry", "any", "all", "event", "timer", "child", "signal", "entity", "race"]),
    max_size=5,
)


def random_play(steps: list[str], context: Any) -> Any:
    """An orchestrator that does these steps."""
    seen: list[Any] = []
    for step in steps:
        later = context.current_utc_datetime + timedelta(minutes=5)
        try:
            match step:
                case "activity":
                    seen.append((yield context.call_activity("a", 1)))
                case "retry":
                    seen.append((yield context.call_activity_with_retry("b", df.RetryOptions(100, 2), 2)))
                case "any":
                    yield context.task_any([context.call_activity("a", 1), context.call_activity("b", 2)])
                case "all":
                    yield context.task_all([context.call_activity("a", 1), context.wait_for_external_event("Go")])
                case "event":
                    seen.append((yield context.wait_for_external_event("Go")))
                case "timer":
                    yield context.create_timer(later)
                case "child":
                    seen.append((yield context.call_sub_orchestrator("child", 1)))
                case "signal":
                    context.signal_entity(COUNTER, "add", 1)
                case "entity":
                    seen.append((yield context.call_entity(COUNTER, "get")))
                case "race":
                    timer, event = context.create_timer(later), context.wait_for_external_event("Stop")
                    if (yield context.task_any([timer, event])) == event:
                        timer.cancel()
        except Exception:  # noqa: BLE001 - the SDK raises a bare Exception
            seen.append("failed")
    return seen


def answers(stage: Stage, choose: Any) -> HistoryEvent:
    """Something that may happen next: an answer to anything asked so far, an event, a pause, a resume."""
    options: list[HistoryEvent] = [raised("Go"), raised("GO"), raised("Stop"), suspended(), resumed()]
    for row in stage.rows:
        if stage.session.expects(row.event_id):
            match row.__class__.__name__:
                case "TaskScheduled":
                    options += [completed(row.event_id), failed(row.event_id)] * 3
                case "TimerCreated":
                    options += [fired(row.event_id)] * 3
                case "SubOrchestrationCreated":
                    options += [child_completed(row.event_id), child_failed(row.event_id)] * 3
        if row.__class__.__name__ == "EventSent":
            options.append(raised(json.loads(row.input)["id"], '{"result":"1"}'))  # type: ignore[attr-defined]
    return choose(st.sampled_from(options))  # type: ignore[no-any-return]


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, data=st.data())
def test_a_rebuilt_session_decides_what_the_live_one_decides(steps: list[str], data: st.DataObject) -> None:
    """At every point of any run: same rows, same ids, same messages, same status (asserted by the stage)."""
    stage = Stage(lambda context: random_play(steps, context))
    stage.begin()
    for _ in range(12):
        if stage.session.is_over:
            break
        stage.step(*(answers(stage, data.draw) for _ in range(data.draw(st.integers(1, 2)))))
        if data.draw(st.booleans()):
            stage.restart()
    ids = [row.event_id for row in stage.rows if row.event_id >= 0]
    assert len(ids) == len(set(ids)), "an id was used twice"
    assert sum(isinstance(row, ExecutionCompleted) for row in stage.rows) <= 1
