"""One orchestrator through the SDK's own executor, event by event and all at once."""

# Orchestrators must have the context, used or not.
# ruff: noqa: ARG001

import sys
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from durable_devhost.worker.executor import OrchestratorExecutor
from durable_devhost.worker.functions import Binding, Function
from packages.devhost.tests.worker.driver import beginning, event, started, task_completed

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


def _executor(orchestrator: Any, argument: str | None = None) -> OrchestratorExecutor:
    function = Function(
        name="story", call=df.Orchestrator.create(orchestrator),
        trigger=Binding(type="orchestrationTrigger", name="context"),
    )  # fmt: skip
    return OrchestratorExecutor(function, beginning("story", argument))


def _first(orchestrator: Any, argument: str | None = None) -> dict[str, Any]:
    return _executor(orchestrator, argument).advance(started("story", argument))


def chain(context):
    """Two activities, one after the other, with a status between."""
    first = yield context.call_activity("one", 1)
    context.set_custom_status({"ü": first})
    second = yield context.call_activity("two", first)
    return [first, second]


def test_each_step_returns_only_new_actions():
    """In the SDK's JSON; the custom status is compact."""
    executor = _executor(chain)
    first = executor.advance(started("story"))
    assert first == {
        "actions": [{"actionType": 0, "functionName": "one", "input": "1"}], "cancelled": [], "custom_status": None,
        "done": False, "output": None, "error": None, "stack": "", "asked": False, "generation": None,
    }  # fmt: skip
    second = executor.advance(task_completed(0, "10"))
    assert second["actions"] == [{"actionType": 0, "functionName": "two", "input": "10"}]
    assert second["custom_status"] == '{"ü":10}'
    last = executor.advance(task_completed(1, '"ü"', 2))
    assert (last["actions"], last["done"], last["output"]) == ([], True, '[10,"ü"]')
    assert executor.advance(task_completed(7, "1", 3))["output"] == '[10,"ü"]'


def test_a_whole_history_at_once_gives_the_same_result():
    """As after a restart; events that the SDK does not read are skipped."""
    history = [
        *started("story"), event(4, Name="one", event_id=0), event(13), *task_completed(0, "10"),
        event(4, Name="two", event_id=1), event(13), *task_completed(1, "2", 2),
    ]  # fmt: skip
    script = _executor(chain).advance(history)
    assert (len(script["actions"]), script["output"]) == (2, "[10,2]")
    executor = _executor(chain)
    for each in (history[:2], history[2:6], history[6:]):
        script = executor.advance(each)
    assert script["output"] == "[10,2]"


def test_an_orchestrator_gets_its_instance_and_input():
    """For texts the input is JSON of JSON, as the extension sends it."""

    def one(context):
        return [context.instance_id, context.parent_instance_id, context.get_input()]
        yield

    assert _first(one, '{"a":1}')["output"] == '["i1",null,{"a":1}]'
    assert _first(one, None)["output"] == '["i1",null,null]'


def test_a_failure_has_the_users_stack():
    """Without the frames of the SDK."""

    def fails(context):
        yield context.call_activity("one")
        raise ValueError("boom")

    executor = _executor(fails)
    executor.advance(started("story"))
    script = executor.advance(task_completed(0, "1"))
    assert (script["done"], script["error"], script["output"]) == (True, "boom", None)
    assert "in fails" in script["stack"]
    assert "durable_functions" not in script["stack"]


OUTSIDE = "One or more errors occurred. (Result: Failure\nException: "


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), StopIteration(7)])
def test_any_exception_of_a_step_fails_the_instance(error):
    """Python itself makes a RuntimeError of StopIteration."""

    def fails(context):
        raise error
        yield

    executor = _executor(fails)
    script = executor.advance(started("story"))
    assert script["done"]
    assert script["error"].startswith(
        "generator raised StopIteration" if isinstance(error, StopIteration) else f"{OUTSIDE}{type(error).__name__}: "
    )
    assert executor.advance([event(12, 1)]) == script or isinstance(error, StopIteration)


@pytest.mark.parametrize(("code", "expected"), [(3, 3), (None, 0), ("why", 1)])
def test_a_call_of_exit_fails_the_instance_and_wants_the_process_to_end(code, expected):
    """With the text that the real host has of a worker that has left."""

    def leaves(context):
        raise SystemExit(code)
        yield

    executor = _executor(leaves)
    script = executor.advance(started("story"))
    told = f"{sys.executable} exited with code {expected} (0x{expected:X})"
    assert script["error"] == f"One or more errors occurred. ({told})"
    assert executor.exit_code == expected


def test_a_function_that_is_no_generator_runs_at_once():
    """Its exception is reported as the failure of a call (recorded)."""

    def plain(context):
        return context.get_input()

    def fails(context):
        raise KeyError("x")

    assert _first(plain, '"7"')["output"] == "7"
    script = _first(fails)
    assert script["error"] == f"{OUTSIDE}KeyError: 'x'\nStack: {script['stack']})"


def test_an_output_that_is_not_json_is_a_failure():
    """Since 1.2.10 with the SDK's text."""

    def odd(context):
        return {1}
        yield

    assert "set is not JSON serializable" in _first(odd)["error"]


def test_an_error_without_a_text_is_named_by_its_class():
    """An empty error would look like a success."""

    def fails(context):
        raise ValueError
        yield

    assert _first(fails)["error"] == "<class 'ValueError'>"


def test_timers_are_counted_inside_compound_actions_and_reported_when_cancelled():
    """Their numbers follow the order in which the host reads the actions, depth first."""

    def race(context):
        due = context.current_utc_datetime + timedelta(minutes=1)
        slow, slower = context.create_timer(due), context.create_timer(due + timedelta(minutes=1))
        approval = context.wait_for_external_event("approved")
        yield context.task_any([context.task_all([slow, slower]), approval])
        slower.cancel()
        yield context.create_timer(due)

    executor = _executor(race)
    kinds = executor.advance(started("story"))["actions"][0]["compoundActions"]
    assert [each["actionType"] for each in kinds[0]["compoundActions"]] == [5, 5]
    script = executor.advance([event(12, 1), event(15, 1, Name="approved", Input="true")])
    assert (script["cancelled"], [each["actionType"] for each in script["actions"]]) == ([1], [5])
    assert executor.advance([event(12, 2)])["cancelled"] == []


def test_continue_as_new_ends_the_execution():
    """Its action has the next input."""

    def again(context):
        yield context.call_activity("one")
        context.continue_as_new("next")

    executor = _executor(again)
    executor.advance(started("story"))
    script = executor.advance(task_completed(0, "1"))
    assert (script["done"], [each["actionType"] for each in script["actions"]]) == (True, [4])
    assert script["generation"] is None


def test_continue_as_new_after_a_cancelled_timer_returns_the_whole_generation():
    """The real host replays it with the timer cancelled from the start; a timer that fired changes nothing there."""

    def race(context):
        timer = context.create_timer(context.current_utc_datetime + timedelta(minutes=1))
        yield context.task_any([timer, context.wait_for_external_event("approved")])
        if not timer.is_completed:
            timer.cancel()
        yield context.call_activity("one")
        context.continue_as_new("next")

    def generation(ended_by):
        executor = _executor(race)
        assert executor.advance(started("story"))["generation"] is None
        assert executor.advance(ended_by)["generation"] is None
        return executor.advance(task_completed(1, "1", 2))["generation"]

    replayed = generation([event(12, 1), event(15, 1, Name="approved", Input="true")])
    assert [each["actionType"] for each in replayed] == [11, 0, 4]
    assert replayed[0]["compoundActions"][0]["isCanceled"] is True
    assert generation([event(12, 1), event(11, 1, TimerId=0)]) is None


def test_only_a_read_of_is_replaying_by_the_user_counts():
    """From then on, for this execution."""

    def curious(context):
        yield context.call_activity("one")
        seen = context.is_replaying
        yield context.call_activity("two", seen)

    executor = _executor(curious)
    assert executor.advance(started("story"))["asked"] is False
    script = executor.advance(task_completed(0, "1"))
    assert (script["asked"], script["actions"][0]["input"]) == (True, "false")
    assert executor.advance(task_completed(1, "1", 2))["asked"] is True


def test_user_code_sees_is_replaying_during_a_replay():
    """It follows IsPlayed of the last result, in the first step that of the start."""

    def tells(context):
        before = context.is_replaying
        yield context.call_activity("one")
        return [before, context.is_replaying]

    done = task_completed(0, "1")
    first = event(0, is_played=True, Name="story", Version=None, Input=None)
    assert _executor(tells).advance([event(12), first, event(13), *done])["output"] == "[true,false]"
    assert _executor(tells).advance([*started("story"), done[1]])["output"] == "[false,false]"


def test_closing_runs_the_users_cleanup_and_ignores_its_failures():
    """The instance is forgotten, so nobody needs the failure."""
    ended = []

    def careful(context):
        try:
            yield context.call_activity("one")
        finally:
            ended.append(True)
            raise ValueError("too late")

    executor = _executor(careful)
    executor.close()
    executor.advance(started("story"))
    executor.close()
    assert ended == [True]
