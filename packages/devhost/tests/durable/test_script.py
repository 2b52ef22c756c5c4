"""What a worker reports of a step becomes a script: actions that the decider knows, timers numbered by the host."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from durable_devhost.durable.actions import CallActivity, CreateTimer, UnknownAction, WhenAny
from durable_devhost.durable.script import Script, read_script

DUE = "2026-01-05T09:00:00.0Z"


def _answer(*actions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    nothing = {
        "kind": "script", "id": 8, "actions": list(actions), "cancelled": [], "custom_status": None, "done": False,
        "output": None, "error": None, "stack": "", "asked": False, "generation": None,
    }  # fmt: skip
    return {**nothing, **fields}


def test_a_step_without_actions_is_an_empty_script() -> None:
    """The orchestrator waits on."""
    assert read_script(_answer(), count().__next__) == Script()


def test_every_field_is_read() -> None:
    """Unchanged from the message."""
    answer = _answer(
        cancelled=[0, 2], custom_status='{"a":1}', done=True, output="[1]", error="ValueError: x", stack="  File",
        asked=True,
    )  # fmt: skip
    assert read_script(answer, count().__next__) == Script(
        cancelled=(0, 2), custom_status='{"a":1}', is_done=True, output="[1]", error="ValueError: x", stack="  File",
        has_read_is_replaying=True,
    )  # fmt: skip


def test_timers_are_numbered_over_the_whole_execution_also_inside_groups() -> None:
    """The worker counts in the same way and names cancelled timers by these numbers."""
    timer = {"actionType": 5, "fireAt": DUE, "isCanceled": False}
    activity = {"actionType": 0, "functionName": "a", "input": "1"}
    group = {"actionType": 11, "compoundActions": [timer, activity, timer]}
    numbers = count()
    first = read_script(_answer(timer, group), numbers.__next__)
    second = read_script(_answer(timer), numbers.__next__)

    assert isinstance(first.actions[1], WhenAny)
    alone, inside, later = first.actions[0], first.actions[1].actions, second.actions[0]
    assert [_ordinal(each) for each in (alone, inside[0], inside[2], later)] == [0, 1, 2, 3]
    assert isinstance(inside[1], CallActivity)


def _ordinal(action: Any) -> int:
    assert isinstance(action, CreateTimer)
    assert action.fire_at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    return action.ordinal


@pytest.mark.parametrize("field", ["output", "custom_status"])
def test_a_value_is_converted_as_the_host_does(field: str) -> None:
    """Numbers that JSON lacks become strings; a value that is too deep fails the instance."""
    script = read_script(_answer(**{field: '[NaN,"a\\ud83dz"]'}), count().__next__)
    assert getattr(script, field) == '["NaN","a�z"]'
    assert read_script(_answer(**{field: "[" * 63 + "]" * 63}), count().__next__).error is None
    deep = read_script(_answer(**{field: "[" * 64 + "]" * 64}), count().__next__)
    assert deep.is_done
    assert (deep.error or "").startswith(
        f"One or more errors occurred. (The reader's MaxDepth of 64 has been exceeded. Path '{field}[0]"
    )


def test_an_unknown_action_is_named_in_the_error() -> None:
    """A newer SDK may ask for more than this host can do."""
    with pytest.raises(UnknownAction, match="type 13"):
        read_script(_answer({"actionType": 13}), count().__next__)


def test_the_actions_of_a_whole_generation_have_their_own_timer_numbers() -> None:
    """They are read again from the first one; the numbers of the execution do not change."""
    timer = {"actionType": 5, "fireAt": DUE, "isCanceled": True}
    numbers = count()
    script = read_script(_answer({"actionType": 4, "input": "1"}, generation=[timer, timer]), numbers.__next__)
    assert [each.ordinal for each in script.generation if isinstance(each, CreateTimer)] == [0, 1]
    assert next(numbers) == 0
