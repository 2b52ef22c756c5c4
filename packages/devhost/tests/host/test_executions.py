"""An execution names its session, begins it once, numbers its timers, and tells of its loss."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.dispatch.pool import SessionLost
from durable_devhost.durable.actions import CreateTimer
from durable_devhost.durable.ports import ExecutionLost
from durable_devhost.host.executions import WorkerExecution
from durable_devhost.model.functions import Binding, Function
from durable_devhost.model.history import ExecutionStarted, InstanceRef, OrchestratorStarted, ParentRef

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
TRIGGER = Binding(type="orchestrationTrigger", name="context", direction="in")
STORY = Function(name="story", trigger=TRIGGER, durable_name="Big Story", script_file=Path("a.py"))
TIMER = {"actionType": 5, "fireAt": "2026-01-05T09:00:00.0Z", "isCanceled": False}


class Sessions:
    """Keeps what a pool would be told; a worker asks for one timer at each step, or is gone."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Any], str, bool]] = []
        self.dropped: list[str] = []
        self.is_gone = False

    def new_session(self) -> str:
        return "s1"

    async def advance(self, session: str, message: Mapping[str, Any], name: str, *, begins: bool) -> dict[str, Any]:
        self.told.append((session, message, name, begins))
        if self.is_gone:
            raise SessionLost
        return {
            "kind": "script", "actions": [TIMER], "cancelled": [], "custom_status": None, "done": False,
            "output": None, "error": None, "stack": "", "asked": False, "generation": None,
        }  # fmt: skip

    def drop(self, session: str) -> None:
        self.dropped.append(session)


def _execution(sessions: Sessions, **changes: Any) -> WorkerExecution:
    given = {"timestamp": NOW, "instance": InstanceRef(instance_id="i1", execution_id="e"), "name": "big story"}
    return WorkerExecution(sessions, STORY, ExecutionStarted(**{**given, **changes}))  # type: ignore[arg-type]


async def test_the_first_step_begins_the_session_and_later_ones_continue_it() -> None:
    """Under the function's name; events have the SDK's form."""
    sessions = Sessions()
    execution = _execution(sessions)
    for _ in range(2):
        await execution.advance([OrchestratorStarted(timestamp=NOW)])
    (first, opening, name, begins), (second, going_on, _, begins_again) = sessions.told
    assert (first, second, begins, begins_again, name) == ("s1", "s1", True, False, "orchestrator story (i1)")
    assert opening["begin"] == {
        "function": "story",
        "instance_id": "i1",
        "parent_instance_id": None,
        "input": None,
        "is_quiet": False,
    }
    assert going_on["begin"] is None
    assert [event["EventType"] for event in opening["events"]] == [12]


@pytest.mark.parametrize(
    ("stored", "sent"), [(None, None), ('{"a": 1}', '{"a": 1}'), ('"text"', '"text"'), ("bare", '"bare"'), ("", '""')]
)
async def test_the_input_is_json_text(stored: str | None, sent: str | None) -> None:
    """Another client may have stored something else, which becomes a JSON text."""
    sessions = Sessions()
    parent = ParentRef(name="p", instance=InstanceRef(instance_id="boss", execution_id="pe"), task_id=3)
    await _execution(sessions, input=stored, parent=parent).advance([])
    beginning = sessions.told[0][1]["begin"]
    assert (beginning["input"], beginning["parent_instance_id"]) == (sent, "boss")


async def test_timers_are_numbered_over_all_steps() -> None:
    """The worker names cancelled timers by these numbers."""
    execution = _execution(Sessions())
    scripts = [await execution.advance([]) for _ in range(3)]
    timers = [action for script in scripts for action in script.actions]
    assert [timer.ordinal for timer in timers if isinstance(timer, CreateTimer)] == [0, 1, 2]


async def test_a_lost_session_is_a_lost_execution() -> None:
    """The engine builds it again from the stored history."""
    sessions = Sessions()
    sessions.is_gone = True
    with pytest.raises(ExecutionLost):
        await _execution(sessions).advance([])


async def test_only_a_session_that_has_begun_is_dropped() -> None:
    """The worker knows no other."""
    sessions = Sessions()
    execution = _execution(sessions)
    execution.close()
    assert sessions.dropped == []
    await execution.advance([])
    execution.close()
    assert sessions.dropped == ["s1"]
