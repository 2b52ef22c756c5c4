"""Which of the messages that arrived for an orchestration mean anything to its current execution. Pure.

Messages are delivered at least once and in any order; what is late, doubled or addressed to an execution that is gone
is dropped here (DurableTask.Core `TaskOrchestrationDispatcher.ReconcileMessagesWithState`).
"""

from collections.abc import Callable, Sequence

from durable_devhost.model.history import (
    ExecutionStarted,
    HistoryEvent,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from durable_devhost.model.messages import Message


def accepted(
    messages: Sequence[Message], execution_id: str, expects: Callable[[int], bool], *, is_new: bool
) -> list[HistoryEvent]:
    """The events to fold, a start in front; `is_new` says that the execution begins with one of these messages."""
    events: list[HistoryEvent] = []
    seen: set[int] = set()
    for message in messages:
        event = message.event
        if message.target.execution_id not in (None, "", execution_id):
            continue
        if isinstance(event, ExecutionStarted):
            if is_new and not any(isinstance(each, ExecutionStarted) for each in events):
                events.insert(0, event)
            continue
        task_id = _answered(event)
        if task_id is not None:
            if task_id in seen or not expects(task_id):
                continue
            seen.add(task_id)
        events.append(event)
    return events


def _answered(event: HistoryEvent) -> int | None:
    """The task id that an event completes, None for events that complete none."""
    match event:
        case TaskCompleted() | TaskFailed() | SubOrchestrationCompleted() | SubOrchestrationFailed():
            return event.task_id
        case TimerFired():
            return event.timer_id
        case _:
            return None
