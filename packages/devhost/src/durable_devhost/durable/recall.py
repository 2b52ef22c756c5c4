"""What a host in journal mode brings back before it begins: all that was on its way when the one before it ended.

Messages are in rows beside the histories. The sentinel of each history names its open timers, and says whether
activities are open; the history then tells which. One without its result runs again, with the input that its row has.
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
from durable_devhost.taskhub.open_work import OpenWork


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
    task_ids = {task.event_id for task in tasks}
    inputs = await hub.journal.inputs(instance_id, stored.execution_id or "", task_ids)
    ref = InstanceRef(instance_id=instance_id, execution_id=stored.execution_id)
    for task in tasks:
        event = replace(task, input=task.input or inputs.get(task.event_id), is_played=False)
        engine.run_again(Message(event=event, target=ref, sender=ref, from_decision=True))


async def living_instances(hub: TaskHub) -> AsyncIterator[tuple[InstanceRecord, OpenWork | None]]:
    """The rows of all that is alive, each with its open work, None where only the history tells of that.

    A host may have died between a history and its row, and the next one before it could correct the row. So each row is
    compared with the execution that its history names; of what is behind, the record has the ids alone.
    """
    brief = InstanceFilter(with_input=False, with_output=False)
    rows = {record.instance_id: record async for record in hub.instances.every(brief)}
    async for found in hub.histories.checkpoints():
        row = rows.pop(found.instance_id, None)
        if row is None or row.execution_id != found.execution_id:
            yield InstanceRecord(instance_id=found.instance_id, execution_id=found.execution_id), found.work
        elif not is_ended(row):  # a history that is over may have been rewound, or its row is behind
            yield row, None if found.work is None or found.work.is_over else found.work
    for row in rows.values():
        if not is_ended(row):
            yield row, None
