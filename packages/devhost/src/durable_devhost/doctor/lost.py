"""Which messages of a waiting instance are lost, and how to rebuild them. Pure, except for the replay.

An instance waits for an activity while its history has the scheduling and not the result. In between there is a
work item, or the result is in a queue; without either nobody will ever answer. The same holds for children.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from durable_devhost.doctor.mail import Mail
from durable_devhost.durable.decisions import InstanceMessage, Outgoing, WorkItem
from durable_devhost.durable.orchestrations.decider import OrchestrationDecider
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ports import Execution
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskScheduled,
)
from durable_devhost.model.messages import Message

Again = tuple[int, Message, bool]
"""A message to send again: its task, and whether it is a work item."""


class Kind(Enum):
    """What kind of message was lost."""

    WORK_ITEM = "the work item of activity"
    START = "the start message of child"
    ANSWER = "the answer of child"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMessage:
    """A message in no queue: the work item of an activity `name`, or the start or answer of the child `name`."""

    kind: Kind
    task_id: int
    name: str


def lost_tasks(
    instance_id: str,
    tasks: Sequence[TaskScheduled | SubOrchestrationCreated],
    mail: Mail,
    *,
    known: Collection[str],
    ended: Collection[str],
) -> list[LostMessage]:
    """The messages that `tasks` wait for and that are in no queue.

    `known` are the ids of all instances, `ended` those of ended ones.
    """
    return [
        LostMessage(kind=kind, task_id=task.event_id, name=_called(task))
        for task in tasks
        if (instance_id, task.event_id) not in mail.answers
        and (kind := _lost_kind(instance_id, task, mail, known, ended)) is not None
    ]


def _lost_kind(
    instance_id: str,
    task: TaskScheduled | SubOrchestrationCreated,
    mail: Mail,
    known: Collection[str],
    ended: Collection[str],
) -> Kind | None:
    """What is missing for a task whose answer is in no queue."""
    if isinstance(task, TaskScheduled):
        return None if (instance_id, task.event_id) in mail.work_items else Kind.WORK_ITEM
    if task.instance_id in ended:
        return Kind.ANSWER
    return None if task.instance_id in known or task.instance_id in mail.starts else Kind.START


def _called(task: TaskScheduled | SubOrchestrationCreated) -> str:
    return task.name if isinstance(task, TaskScheduled) else task.instance_id


def answer_of(child: Sequence[HistoryEvent], now: datetime) -> Message | None:
    """The message with which an ended child answers its parent, built from its history; None if it owes none."""
    started = next((event for event in child if isinstance(event, ExecutionStarted)), None)
    ended = next((event for event in child if isinstance(event, ExecutionCompleted)), None)
    if started is None or ended is None or started.parent is None:
        return None
    answer: HistoryEvent
    if ended.status is RuntimeStatus.COMPLETED:
        answer = SubOrchestrationCompleted(timestamp=now, task_id=started.parent.task_id, result=ended.result)
    else:
        answer = SubOrchestrationFailed(timestamp=now, task_id=started.parent.task_id, reason=ended.result)
    return Message(event=answer, target=started.parent.instance, sender=started.instance)


async def scheduled_again(
    execution: Execution,
    history: Sequence[HistoryEvent],
    scheduler: Scheduler,
    lost: Collection[int],
    now: datetime,
    new_execution_id: Callable[[], str],
) -> list[Again]:
    """The messages of the lost tasks, as the orchestrator scheduled them.

    The history seldom holds the input of an activity, so the function is replayed over it: a task that the
    history does not record comes out as new. Tasks that it no longer schedules are left out.
    """
    names = {
        event.event_id: (type(event), event.name.casefold())
        for event in history
        if isinstance(event, TaskScheduled | SubOrchestrationCreated) and event.event_id in lost
    }
    started = next(event for event in history if isinstance(event, ExecutionStarted))
    decider = OrchestrationDecider(started, scheduler)
    decider.extend(await execution.advance(history))
    for event in history:
        if not (isinstance(event, TaskScheduled | SubOrchestrationCreated) and event.event_id in lost):
            decider.apply(event)
    decisions = decider.decide(now, new_execution_id)
    made = [_message(outgoing, started.instance) for outgoing in decisions.outbox]
    return [again for again, kind, name in filter(None, made) if names.get(again[0]) == (kind, name.casefold())]


def _message(outgoing: Outgoing, instance: InstanceRef) -> tuple[Again, type[HistoryEvent], str] | None:
    """A message, the class of its event in the history, and the name of what it calls."""
    match outgoing:
        case WorkItem(event=event):
            message = Message(event=event, target=instance, sender=instance, episode=1, from_decision=True)
            return (event.event_id, message, True), TaskScheduled, event.name
        case InstanceMessage(target=target, event=ExecutionStarted(parent=parent) as event) if parent is not None:
            message = Message(event=event, target=target, sender=instance, episode=1, from_decision=True)
            return (parent.task_id, message, False), SubOrchestrationCreated, event.name
        case _:
            return None
