"""The row of an instance whose start is stored as a message: until its first episode a query shows it as pending."""

from contextlib import suppress
from dataclasses import replace

from durable_devhost.durable.orchestrations.records import record_of
from durable_devhost.model.history import TERMINAL, ExecutionStarted, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub


async def announce(hub: TaskHub, message: Message) -> None:
    """Write the row of a start: the message first, then the row, as the real host does. Other messages need none."""
    started = message.event
    if not isinstance(started, ExecutionStarted):
        return
    pending = replace(record_of(started, (), hub.names.hub), status=RuntimeStatus.PENDING)
    with suppress(LostRace):  # whoever works on it was faster and has written the row
        try:
            await hub.instances.insert(pending)
        except LostRace:
            old = await hub.instances.get(pending.instance_id)
            if old is not None and old.etag and old.status in TERMINAL and not _is_same(old, pending):
                await hub.instances.replace(pending, old.etag)


def _is_same(one: InstanceRecord, other: InstanceRecord) -> bool:
    return one.execution_id == other.execution_id
