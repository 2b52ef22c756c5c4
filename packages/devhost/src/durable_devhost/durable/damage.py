"""What keeps an instance from ever going on, told from its row and its history. Pure, but for one second look.

A start reads the histories of all living instances anyway; `damage_of` says what is wrong with one of them, and `told`
puts what was found into a few lines. `durable-devhost doctor` finds the same, and more, in a hub at rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.model.history import ExecutionTerminated, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory

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


class Histories(Protocol):
    """The History table, as far as a second look needs it."""

    async def read(self, instance_id: str, execution_id: str | None = None) -> StoredHistory:
        """The events of the instance's current execution."""
        ...


def is_ended(record: InstanceRecord) -> bool:
    """Whether the row says that the instance has ended."""
    return record.status is not None and record.status.is_terminal


def damage_of(record: InstanceRecord, stored: StoredHistory | CorruptHistory) -> Damage | None:
    """What is wrong with an instance that is alive by its row; None for a sound one.

    The start of a pending instance may still be on a queue: NOT_STARTED is certain only where it stays so (`settled`).
    """
    if isinstance(stored, CorruptHistory):
        return unreadable(stored)
    if stored.events:
        return None
    if EntityId.is_one(record.instance_id):
        text = "its history, which holds its state, is missing"
        return Damage(instance_id=record.instance_id, fault=Fault.NO_HISTORY, text=text)
    if record.status is RuntimeStatus.PENDING and stored.etag is None:
        text = "it was never started, as its start message is lost"
        return Damage(instance_id=record.instance_id, fault=Fault.NOT_STARTED, text=text)
    text = f"its row says {record.status or 'nothing of its status'}, but its history is missing"
    return Damage(instance_id=record.instance_id, fault=Fault.NO_HISTORY, text=text)


def unreadable(error: CorruptHistory) -> Damage:
    """The damage of a history that cannot be read."""
    text = f"row {error.row} of its history cannot be read: {error.reason}"
    return Damage(instance_id=error.instance_id, fault=Fault.UNREADABLE, text=text)


async def settled(histories: Histories, found: Sequence[Damage]) -> list[Damage]:
    """Those of NOT_STARTED that still are: to be asked when whatever was on the queues has been taken from them."""
    return [
        damage
        for damage in found
        if damage.fault is Fault.NOT_STARTED and not (await histories.read(damage.instance_id)).events
    ]


def told(found: Sequence[Damage]) -> list[tuple[str, str | None]]:
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
