"""What the host makes of retries, children, entities, and functions that it does not know."""

import json
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from durable_devhost.model.history import (
    ExecutionStarted,
    HistoryEvent,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TimerCreated,
)
from packages.devhost.tests.durable.stage import (
    PARENT,
    Stage,
    child_completed,
    child_failed,
    completed,
    end_of,
    failed,
    fired,
    has_ended,
    kinds,
    raised,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions"),
]

COUNTER = df.EntityId("Counter", "k")


def retrying(context: Any) -> Any:
    """Two attempts, half a second apart."""
    try:
        return (yield context.call_activity_with_retry("a", df.RetryOptions(500, 2), 5))
    except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception
        return str(error)


def test_a_failed_attempt_is_retried_after_the_interval() -> None:
    """The timer counts from the beginning of the episode, and the next attempt gets the next id."""
    stage = Stage(retrying)
    stage.begin()
    paused = stage.step(failed(0))
    timer = next(event for event in paused.events if isinstance(event, TimerCreated))
    assert (timer.event_id, timer.fire_at) == (1, stage.now + timedelta(milliseconds=500))
    assert kinds(stage.step(fired(1)))[2] == "TaskScheduled"
    assert end_of(stage.step(completed(2, "9"))).result == "9"


def test_the_last_attempt_is_followed_by_a_timer_that_fires_at_once() -> None:
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


def test_a_retried_child_gets_a_new_id() -> None:
    """If it has none of its own."""
    stage = Stage(family_with_retry)
    stage.begin()
    stage.step(child_failed(0))
    again = stage.step(fired(1)).postings[0].message
    assert again.target.instance_id == "e0:2"
    assert end_of(stage.step(child_completed(2))).result == "2"


@pytest.mark.parametrize("instance_id", ["@counter@k", "I1", "BOSS"])
def test_a_child_with_a_forbidden_id_is_never_scheduled(instance_id: str) -> None:
    """As on the real host: without an error, and the instance waits for ever."""

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


def test_an_unknown_orchestrator_fails_and_lists_the_known_ones() -> None:
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
    """The failure names the exception, because the SDK has wrapped no state around it."""
    assert end_of(Stage(lambda context: {"got": context.get_input()}, '"1"').begin()).result == '{"got":1}'
    text = end_of(Stage(lambda _context: 1 / 0).begin()).result
    assert text is not None
    assert text.startswith(
        "Orchestrator function 'play' failed: One or more errors occurred. (Result: Failure\n"
        "Exception: ZeroDivisionError: division by zero\nStack: "
    )


def test_a_result_that_is_not_json_fails_the_instance() -> None:
    """With the SDK's text."""

    def odd(context: Any) -> Any:
        yield context.call_activity("a", 1)
        return object()

    stage = Stage(odd)
    stage.begin()
    assert "not JSON serializable" in (end_of(stage.step(completed(0))).result or "")


def talking(context: Any) -> Any:
    """A signal and a call to one entity."""
    context.signal_entity(COUNTER, "add", 5)
    return (yield context.call_entity(COUNTER, "get"))


def test_an_entity_answers_under_the_request_id() -> None:
    """Both requests are labelled in order; the answer ends the wait."""
    stage = Stage(talking)
    requests = [json.loads(posting.message.event.input or "") for posting in stage.begin().postings]  # type: ignore[attr-defined]
    assert [request["op"] for request in requests] == ["add", "get"]
    assert requests[1]["Predecessor"] == requests[0]["Timestamp"]
    answer = raised(requests[1]["id"], json.dumps({"result": "12"}))
    assert end_of(stage.step(answer)).result == "12"


def test_the_recorded_request_id_wins_over_a_computed_one() -> None:
    """A real host may have made another GUID, under which the answer comes."""
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
def test_a_signal_to_an_unknown_entity_fails_and_a_call_waits_for_ever(signal: bool) -> None:
    """Only what the host checks synchronously raises (recorded for signals)."""

    def lost(context: Any) -> Any:
        target = df.EntityId("Nope", "k")
        if signal:
            context.signal_entity(target, "add", 1)
            return 1
        return (yield context.call_entity(target, "get"))

    episode = Stage(lost).begin()
    assert has_ended(episode) is signal
    if signal:
        assert (end_of(episode).result or "").endswith("The following are the known entity functions: 'Counter'.")
