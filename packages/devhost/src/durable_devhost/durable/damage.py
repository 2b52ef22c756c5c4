"""What keeps an instance from ever going on, told from its row and its history. Pure, but for one second look.

A start reads some histories of living instances anyway: `at_start` says what is wrong with one of them, `confirmed`
looks again at the doubtful ones a little later, and `report_lines` puts what was found into a few lines.
`durable-devhost doctor` finds the same, and more, in a hub at rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.sessions import is_over
from durable_devhost.model.history import (
    ExecutionTerminated,
    HistoryEvent,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub

MOST_TOLD = 3
"""How many damaged instances a start names; it counts the others."""


class Fault(Enum):
    """The kinds of damage."""

    UNREADABLE = "unreadable history"
    NO_HISTORY = "no history"
    NOT_STARTED = "no start"
    NO_RECORD = "no row"
    LEFTOVER = "leftover"
    LOST_MESSAGES = "lost messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with one instance; `text` is a sentence without its end, in which the instance is `it`."""

    instance_id: str
    fault: Fault
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An instance whose messages may be lost or still be on their way; `activities` is empty where it has not begun."""

    instance_id: str
    activities: frozenset[int] = frozenset()


def is_ended(record: InstanceRecord) -> bool:
    """Whether the row says that the instance has ended."""
    return record.status is not None and record.status.is_terminal


def damage_of(record: InstanceRecord, stored: StoredHistory | CorruptHistory) -> Damage | None:
    """What is wrong with an instance that is alive by its row; None for a sound one.

    The start of a pending instance may still be on a queue: NOT_STARTED is certain only if it stays so (`confirmed`).
    """
    if isinstance(stored, CorruptHistory):
        return unreadable(stored)
    if stored.events:
        return None
    if EntityId.is_one(record.instance_id):
        text = "its history, which holds its state, is missing"
        return Damage(instance_id=record.instance_id, fault=Fault.NO_HISTORY, text=text)
    if record.status is RuntimeStatus.PENDING and stored.etag is None:
        return _not_started(record.instance_id)
    text = f"its row says {record.status or 'nothing of its status'}, but its history is missing"
    return Damage(instance_id=record.instance_id, fault=Fault.NO_HISTORY, text=text)


def _not_started(instance_id: str) -> Damage:
    text = "it was never started, as its start message is lost"
    return Damage(instance_id=instance_id, fault=Fault.NOT_STARTED, text=text)


def open_activities(events: Sequence[HistoryEvent]) -> list[TaskScheduled]:
    """The activities whose result is not in the history yet."""
    return [task for task in open_tasks(events) if isinstance(task, TaskScheduled)]


def unreadable(error: CorruptHistory) -> Damage:
    """The damage of a history that cannot be read."""
    text = f"row {error.row} of its history cannot be read: {error.reason}"
    return Damage(instance_id=error.instance_id, fault=Fault.UNREADABLE, text=text)


def open_tasks(events: Sequence[HistoryEvent]) -> list[TaskScheduled | SubOrchestrationCreated]:
    """The activities and children whose result is not in the history yet."""
    done = {
        event.task_id
        for event in events
        if isinstance(event, TaskCompleted | TaskFailed | SubOrchestrationCompleted | SubOrchestrationFailed)
    }
    return [
        event
        for event in events
        if isinstance(event, TaskScheduled | SubOrchestrationCreated) and event.event_id not in done
    ]


def at_start(record: InstanceRecord, stored: StoredHistory | CorruptHistory) -> Damage | Suspect | None:
    """What a start makes of a living instance: a damage for certain, a suspicion that `confirmed` clears, or None."""
    damage = damage_of(record, stored)
    if isinstance(stored, CorruptHistory) or (damage is not None and damage.fault is not Fault.NOT_STARTED):
        return damage
    activities = frozenset(task.event_id for task in open_activities(stored.events))
    if damage is None and (not activities or is_over(stored.events)):
        return None
    return Suspect(instance_id=record.instance_id, activities=activities)


async def confirm_damage(hub: TaskHub, suspects: Sequence[Suspect]) -> list[Damage]:
    """The suspects that are damaged for certain: to be asked when all that was on the queues has been taken from them.

    A work item stays on its queue until its result is stored. So activities are lost where the queue is empty, hidden
    messages included; where it is not, nobody can say. The histories are only read again where there is a suspicion.
    """
    if not suspects:
        return []
    is_idle = not await hub.queue_service.length(hub.names.work_items)
    found = []
    for suspect in suspects:
        try:
            events = (await hub.history.read(suspect.instance_id)).events
        except CorruptHistory as error:
            found.append(unreadable(error))
            continue
        lost = [task for task in open_activities(events) if task.event_id in suspect.activities]
        if not events and not suspect.activities:
            found.append(_not_started(suspect.instance_id))
        elif lost and is_idle:
            text = f"it waits for activity '{lost[0].name}', and there is no work item for it any more"
            found.append(Damage(instance_id=suspect.instance_id, fault=Fault.LOST_MESSAGES, text=text))
    return found


def report_lines(found: Sequence[Damage]) -> list[tuple[str, str | None]]:
    """What the console says of damaged instances: a line for each of the first, then how many more there are.

    Each line comes with the id of the instance that it is about.
    """
    lines: list[tuple[str, str | None]] = [
        (
            f"This instance cannot go on: {damage.text}. "
            "Purge or terminate it, or stop the host and run `durable-devhost doctor`.",
            damage.instance_id,
        )
        for damage in found[:MOST_TOLD]
    ]
    if (more := len(found) - MOST_TOLD) > 0:
        lines.append((f"{more} more cannot go on either. Stop the host and run `durable-devhost doctor`.", None))
    return lines


def terminated_record(instance_id: str, terminated: ExecutionTerminated) -> InstanceRecord:
    """The changes to the row of an instance that ends without a history (protocol of `TerminateInstanceAsync`)."""
    return InstanceRecord(
        instance_id=instance_id,
        status=RuntimeStatus.TERMINATED,
        output=terminated.reason,
        last_updated_time=terminated.timestamp,
        completed_time=terminated.timestamp,
    )
