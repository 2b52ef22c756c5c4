"""What a running execution accepts of the messages that arrive for it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from durable_devhost.durable.orchestrations.reconcile import accepted
from durable_devhost.model.history import (
    EventRaised,
    ExecutionStarted,
    ExecutionTerminated,
    HistoryEvent,
    InstanceRef,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from durable_devhost.model.messages import Message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RAISED = EventRaised(timestamp=NOW, name="Answer", input="1")
STARTED = ExecutionStarted(timestamp=NOW, instance=InstanceRef(instance_id="i", execution_id="e"), name="o")


def _answer(kind: str, number: int = 1) -> HistoryEvent:
    match kind:
        case "completed":
            return TaskCompleted(timestamp=NOW, task_id=number)
        case "failed":
            return TaskFailed(timestamp=NOW, task_id=number, reason="r", details="d")
        case "child":
            return SubOrchestrationCompleted(timestamp=NOW, task_id=number)
        case "failed child":
            return SubOrchestrationFailed(timestamp=NOW, task_id=number, reason="r", details="d")
        case _:
            return TimerFired(timestamp=NOW, timer_id=number, fire_at=NOW)


def _accept(
    events: Sequence[HistoryEvent], *, target: str | None = "e", open_tasks: Sequence[int] = (1,), is_new: bool = False
) -> list[HistoryEvent]:
    messages = [Message(event=each, target=InstanceRef(instance_id="i", execution_id=target)) for each in events]
    return accepted(messages, "e", lambda number: number in open_tasks, is_new=is_new)


@pytest.mark.parametrize("kind", ["completed", "failed", "child", "failed child", "timer"])
def test_an_answer_counts_once_and_only_while_its_task_is_open(kind: str) -> None:
    """Doubled, late or unasked ones are dropped."""
    event = _answer(kind)
    assert _accept([event, event]) == [event]
    assert _accept([event], open_tasks=()) == []
    assert _accept([_answer(kind, 2), event]) == [event]


@pytest.mark.parametrize("target", [None, "", "e"])
def test_what_is_addressed_to_this_execution_or_to_any_is_accepted(target: str | None) -> None:
    """Clients do not know the execution id."""
    assert _accept([RAISED], target=target) == [RAISED]


def test_what_is_addressed_to_another_execution_is_dropped() -> None:
    """Events too: that generation is gone."""
    assert _accept([RAISED, _answer("timer")], target="older") == []


def test_the_start_stands_in_front_of_what_overtook_it() -> None:
    """One start only, and none for an execution that runs already."""
    assert _accept([RAISED, STARTED, STARTED], is_new=True) == [STARTED, RAISED]
    assert _accept([RAISED, STARTED]) == [RAISED]


def test_events_of_the_same_name_and_control_events_all_count() -> None:
    """They complete no task, so nothing tells a double from a second one."""
    terminated = ExecutionTerminated(timestamp=NOW, reason="enough")
    assert _accept([RAISED, RAISED, terminated]) == [RAISED, RAISED, terminated]
