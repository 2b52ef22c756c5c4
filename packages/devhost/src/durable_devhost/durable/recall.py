"""What a host in journal mode brings back before it begins: all that was on its way when the one before it ended.

Messages are in rows beside the histories. Which activities are open is told by the history of each living instance:
one without its result runs again, with the input that its row has. Timers are armed from the histories in any mode.
A row of Instances may be behind its history after a crash, so it is not trusted alone.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from durable_devhost.durable.damage import is_ended, open_activities
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.ports import Observer
from durable_devhost.model.history import InstanceRef
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.model.messages import CorruptMessage, Message
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub


async def recall_messages(hub: TaskHub, engine: DurableEngine, observer: Observer) -> None:
    """Put every stored message into its mailbox, or on the heap where it is due later."""
    async for pending in hub.journal.pending(tidies=True):
        if isinstance(pending, CorruptMessage):
            observer.trouble(f"A message cannot be read and is left alone. {pending}")
        else:
            engine.recall(pending)


async def recall_activities(hub: TaskHub, engine: DurableEngine, instance_id: str, stored: StoredHistory) -> None:
    """Run the open activities of an instance again, those that are not at it already."""
    tasks = open_activities(stored.events)
    if not tasks:
        return
    inputs = await hub.journal.inputs(instance_id, stored.execution_id or "")
    ref = InstanceRef(instance_id=instance_id, execution_id=stored.execution_id)
    for task in tasks:
        event = replace(task, input=task.input or inputs.get(task.event_id), is_played=False)
        engine.run_again(Message(event=event, target=ref, sender=ref, from_decision=True))


async def living(hub: TaskHub) -> AsyncIterator[InstanceRecord]:
    """The instances that their rows show as alive, and those whose row is missing or of another execution.

    A host may have died between a history and its row, and the next one before it could correct the row. So each row is
    compared with the execution that its history names; of what is behind, the record has only the id.
    """
    executions: dict[str, str | None] = {}
    async for record in hub.instances.every(InstanceFilter(with_input=False)):
        executions[record.instance_id] = record.execution_id
        if not is_ended(record):
            yield record
    async for instance_id, execution_id in hub.history.executions():
        if executions.get(instance_id) != execution_id:
            yield InstanceRecord(instance_id=instance_id)
