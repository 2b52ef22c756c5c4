"""A hub is examined: what is damaged is found, what is sound is not."""

from uuid import uuid4

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.doctor.examination import Examination, examine
from durable_devhost.doctor.findings import Finding, Remedy
from durable_devhost.durable.damage import Fault
from durable_devhost.model.history import (
    ExecutionCompleted,
    ParentRef,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    TaskCompleted,
    TaskScheduled,
    TimerCreated,
)
from durable_devhost.model.messages import Message
from durable_devhost.storage.tables import Row, TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Pending
from durable_devhost.taskhub.rows import row_key
from packages.devhost.tests.hub_seeder import NOW, HubSeeder

ACTIVITY = TaskScheduled(timestamp=NOW, event_id=0, name="Charge")
CHILD = SubOrchestrationCreated(timestamp=NOW, event_id=0, name="play", instance_id="kid")
ENDED = ExecutionCompleted(timestamp=NOW, event_id=1, status=RuntimeStatus.COMPLETED, result="7")


async def examine_hub(seeder: HubSeeder, tables: TableService) -> Examination:
    """An examination."""
    return await examine(seeder.hub, tables)


async def only_finding(seeder: HubSeeder, tables: TableService) -> Finding:
    """The only finding."""
    (finding,) = (await examine_hub(seeder, tables)).findings
    return finding


async def test_a_healthy_hub_has_no_findings(seeder: HubSeeder, tables: TableService) -> None:
    """Instances that wait for a timer, for a queued activity or for nothing, and an ended one."""
    await seeder.store("sleeps", TimerCreated(timestamp=NOW, event_id=0, fire_at=NOW))
    await seeder.store("works", ACTIVITY)
    await seeder.hub.queues.send_work_item(Message(event=ACTIVITY, target=seeder.ref("works")))
    await seeder.store("worked", ACTIVITY, TaskCompleted(timestamp=NOW, task_id=0))
    await seeder.store("answered", ACTIVITY)
    await seeder.send("answered", [TaskCompleted(timestamp=NOW, task_id=0)])
    await seeder.store("ended", ENDED, status=RuntimeStatus.COMPLETED)
    await seeder.store_row("begins", RuntimeStatus.PENDING)
    await seeder.send("begins", [seeder.start_event("begins")])
    await seeder.store("@counter@k")
    assert await examine_hub(seeder, tables) == Examination(instances=7, alive=6, findings=())


async def test_what_journal_mode_brings_back_by_itself_is_not_lost(tables: TableService, transport: Transport) -> None:
    """An open activity, and messages in rows: a child's start and answer, a start. They may outlive their instance."""
    mode = StorageMode.JOURNAL
    name = "Hub" + uuid4().hex[:20]
    seeder = HubSeeder(await TaskHub.open(transport, name, partition_count=2, clock=SystemClock(), mode=mode))
    await seeder.store("works", ACTIVITY)
    await seeder.store("parent", CHILD)
    await seeder.store_row("begins", RuntimeStatus.PENDING)
    await seeder.store("told", CHILD)
    answer = SubOrchestrationCompleted(timestamp=NOW, task_id=0, result="7")
    for sender, target, event in (
        ("parent", "kid", seeder.start_event("kid")),
        ("begins", "begins", seeder.start_event("begins")),
        ("purged", "told", answer),
    ):
        entry = seeder.hub.journal.entry(sender, NOW)
        message = Message(event=event, target=seeder.ref(target))
        await seeder.hub.journal.add(Pending(entry=entry, message=message, due=None))
    assert await examine_hub(seeder, tables) == Examination(instances=4, alive=4, findings=())


async def test_a_message_that_cannot_be_read_is_counted_in_journal_mode_too(
    seeder: HubSeeder, tables: TableService
) -> None:
    """It may be what an instance waits for."""
    await seeder.store("parent", CHILD)
    await tables.insert(seeder.hub.names.history, {"PartitionKey": "parent", "RowKey": "outbox-1", "Message": "?"})
    examination = await examine_hub(seeder, tables)
    assert [finding.damage.fault for finding in examination.findings] == [Fault.LOST_MESSAGES]
    assert any(note.startswith("1 messages on the queues of the hub cannot be read") for note in examination.notes)


@pytest.mark.parametrize(
    "change",
    [{"EventType": "Nonsense"}, {"_Timestamp": "yesterday"}, {"InputBlobName": "no-such-blob"}],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("instance_id", ["i", "@counter@k", "a/b"])
async def test_an_unreadable_row_is_found(
    seeder: HubSeeder, tables: TableService, change: Row, instance_id: str
) -> None:
    """With its number and the reason; an entity can only be purged."""
    await seeder.store(instance_id)
    await damage(seeder, tables, instance_id, change)
    finding = await only_finding(seeder, tables)
    assert (finding.instance_id, finding.damage.fault) == (instance_id, Fault.UNREADABLE)
    assert row_key(1) in finding.damage.text
    expected = (Remedy.PURGE,) if instance_id.startswith("@") else (Remedy.TERMINATE, Remedy.PURGE)
    assert expected == finding.ways_out


async def test_a_missing_column_is_found(seeder: HubSeeder, tables: TableService) -> None:
    """A start row without a name."""
    await seeder.store("i")
    row = await tables.get(seeder.hub.names.history, "i", row_key(1))
    assert row is not None
    await tables.replace(seeder.hub.names.history, {key: value for key, value in row.items() if key != "Name"})
    assert "a column of ExecutionStarted is missing" in (await only_finding(seeder, tables)).damage.text


async def test_an_unreadable_row_of_an_ended_instance_is_a_note(seeder: HubSeeder, tables: TableService) -> None:
    """The instance need not go on, so it is no finding."""
    await seeder.store("ended", ENDED, status=RuntimeStatus.COMPLETED)
    await damage(seeder, tables, "ended", {"EventType": "Nonsense"})
    examination = await examine_hub(seeder, tables)
    assert examination.findings == ()
    assert "ended" in examination.notes[0]


@pytest.mark.parametrize(
    ("status", "fault"), [(RuntimeStatus.RUNNING, Fault.NO_HISTORY), (RuntimeStatus.PENDING, Fault.NOT_STARTED)]
)
async def test_an_instance_row_without_a_history_is_found(
    seeder: HubSeeder, tables: TableService, status: RuntimeStatus, fault: Fault
) -> None:
    """Unless its start message is in the queue."""
    await seeder.store_row("i", status)
    assert fault is (await only_finding(seeder, tables)).damage.fault
    await seeder.send("i", [seeder.start_event("i")])
    assert () == (await examine_hub(seeder, tables)).findings


async def test_a_history_without_an_instance_row_is_found(seeder: HubSeeder, tables: TableService) -> None:
    """No list shows such an instance."""
    await seeder.store("i", status=None)
    finding = await only_finding(seeder, tables)
    assert (finding.damage.fault, finding.ways_out[0]) == (Fault.NO_RECORD, Remedy.REQUEUE)


@pytest.mark.parametrize("has_row", [True, False])
async def test_a_sentinel_without_history_rows_is_found(seeder: HubSeeder, tables: TableService, has_row: bool) -> None:
    """With an instance row it is an instance without a history, else a leftover."""
    await seeder.store("i", status=RuntimeStatus.RUNNING if has_row else None)
    for index in range(3):
        await tables.delete(seeder.hub.names.history, "i", row_key(index))
    assert (Fault.NO_HISTORY if has_row else Fault.LEFTOVER) is (await only_finding(seeder, tables)).damage.fault


async def test_a_lost_work_item_is_found(seeder: HubSeeder, tables: TableService) -> None:
    """The finding names the activity."""
    await seeder.store("i", ACTIVITY)
    finding = await only_finding(seeder, tables)
    assert finding.damage.fault is Fault.LOST_MESSAGES
    assert finding.damage.text == "it waits for ever: the work item of activity 'Charge' lies on no queue"
    assert finding.name == "play"


async def test_a_lost_child_start_is_found(seeder: HubSeeder, tables: TableService) -> None:
    """Not if the child exists."""
    await seeder.store("i", CHILD)
    assert "the start message of child 'kid'" in (await only_finding(seeder, tables)).damage.text
    await seeder.store("kid")
    assert () == (await examine_hub(seeder, tables)).findings


async def test_a_lost_child_answer_is_found(seeder: HubSeeder, tables: TableService) -> None:
    """Not if it is in the queue, and not if the ended instance is another one with the same id."""
    parent = ParentRef(name="play", instance=seeder.ref("i"), task_id=0)
    await seeder.store("i", CHILD)
    await seeder.store("kid", ENDED, status=RuntimeStatus.COMPLETED, parent=parent)
    assert "the answer of child 'kid'" in (await only_finding(seeder, tables)).damage.text
    await seeder.send("i", [SubOrchestrationCompleted(timestamp=NOW, task_id=0, result="7")])
    assert () == (await examine_hub(seeder, tables)).findings
    await seeder.store("j", SubOrchestrationCreated(timestamp=NOW, event_id=0, name="play", instance_id="kid"))
    assert () == (await examine_hub(seeder, tables)).findings


async def test_an_unknown_row_in_the_partitions_table_is_a_note(seeder: HubSeeder, tables: TableService) -> None:
    """It does no harm."""
    await tables.insert(seeder.hub.names.partitions, {"PartitionKey": "", "RowKey": "control-xx"})
    assert "'control-xx'" in (await examine_hub(seeder, tables)).notes[0]


async def damage(seeder: HubSeeder, tables: TableService, instance_id: str, change: Row) -> None:
    """Change the row of the start."""
    key = instance_id.replace("/", "^0")
    await tables.merge(seeder.hub.names.history, {"PartitionKey": key, "RowKey": row_key(1), **change})
