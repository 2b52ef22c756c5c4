"""Finds out which of the messages for an orchestration mean anything to its current execution. Pure.

Messages are delivered at least once and in any order. Late and duplicate ones, and those for an earlier execution,
are dropped here (DurableTask.Core `TaskOrchestrationDispatcher.ReconcileMessagesWithState`). An answer to a task
that the history does not hold *yet* is early: messages are sent before the history is stored, so an answer can overtake
it (DurableTask.AzureStorage `OrchestrationSession.IsOutOfOrderMessage`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.model.history import (
    EventRaised,
    ExecutionStarted,
    HistoryEvent,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from durable_devhost.model.messages import Message


class Execution(Protocol):
    """What the stored history of an execution knows."""

    def expects(self, task_id: int) -> bool:
        """Whether an activity, sub-orchestration or timer of this id is still open."""
        ...

    def has_decided(self, task_id: int) -> bool:
        """Whether anything of this id was ever scheduled."""
        ...

    def has_asked(self, request_id: str) -> bool:
        """Whether a request of this id was ever sent to an entity."""
        ...

    def has_seen(self, event: EventRaised) -> bool:
        """Whether this very event, with its time, is in the history already."""
        ...

    def has_answer(self, request_id: str) -> bool:
        """Whether an entity's answer to this request is in the history already."""
        ...


@dataclass(slots=True)
class Reconciled:
    """`events` are to be folded, the start first; `early_indexes` are those of messages that must come again."""

    events: list[HistoryEvent] = field(default_factory=list)
    early_indexes: list[int] = field(default_factory=list)


def reconcile(messages: Sequence[Message], execution_id: str, execution: Execution, *, is_new: bool) -> Reconciled:
    """Sort the messages; `is_new` says that the execution begins with one of them."""
    found = Reconciled()
    answered: set[int] = set()
    raised = SeenEvents()
    for index, message in enumerate(messages):
        event = message.event
        if not message.is_for(execution_id):
            continue
        if isinstance(event, ExecutionStarted):
            if is_new and not any(isinstance(each, ExecutionStarted) for each in found.events):
                found.events.insert(0, event)
            continue
        if _is_early(message, execution):
            found.early_indexes.append(index)
            continue
        if isinstance(event, EventRaised):
            if is_answer(message) and (execution.has_answer(event.name) or raised.has_name(event.name)):
                continue  # the entity ran one request twice, which it does after a crash
            if execution.has_seen(event) or event in raised:
                continue
            raised.add([event])
        task_id = _answered(event)
        if task_id is not None:
            if task_id in answered or not execution.expects(task_id):
                continue
            answered.add(task_id)
        found.events.append(event)
    return found


class SeenEvents:
    """The external events of an execution and of the generation before it, to recognise late copies.

    Nobody raises the same event twice within a microsecond, so time, name and input identify it.
    """

    def __init__(self, events: Iterable[HistoryEvent] = ()) -> None:
        self._before: set[_Mark] = set()
        self._now: set[_Mark] = set()
        self._names: set[str] = set()
        self.add(events)

    def __contains__(self, event: EventRaised) -> bool:
        return _mark(event) in self._now or _mark(event) in self._before

    def add(self, events: Iterable[HistoryEvent]) -> None:
        """Note the external events among these."""
        for event in events:
            if isinstance(event, EventRaised):
                self._now.add(_mark(event))
                self._names.add(event.name)

    def has_name(self, name: str) -> bool:
        """Whether an event of this name was received in this generation; entities name answers after the request."""
        return name in self._names

    def begin_generation(self) -> None:
        """A new generation begins; events from before the last one are forgotten."""
        self._before, self._now, self._names = self._now, set(), set()


_Mark = tuple[datetime, str, str | None]


def _mark(event: EventRaised) -> _Mark:
    return event.timestamp, event.name, event.input


def is_answer(message: Message) -> bool:
    """Whether a message answers a task of the orchestration."""
    if isinstance(message.event, EventRaised):
        return EntityId.is_one(message.sender.instance_id)
    return _answered(message.event) is not None


def _is_early(message: Message, execution: Execution) -> bool:
    event = message.event
    if isinstance(event, EventRaised):
        return is_answer(message) and not execution.has_asked(event.name)
    task_id = _answered(event)
    return task_id is not None and not execution.has_decided(task_id)


def _answered(event: HistoryEvent) -> int | None:
    """The id of the task that an event completes, None if it completes none."""
    match event:
        case TaskCompleted() | TaskFailed() | SubOrchestrationCompleted() | SubOrchestrationFailed():
            return event.task_id
        case TimerFired():
            return event.timer_id
        case _:
            return None
