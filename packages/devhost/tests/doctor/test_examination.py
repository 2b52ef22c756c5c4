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
from packages.devhost.tests.ward import NOW, Ward

ACTIVITY = TaskScheduled(timestamp=NOW, event_id=0, name="Charge")
CHILD = SubOrchestrationCreated(timestamp=NOW, event_id=0, name="play", instance_id="kid")
ENDED = ExecutionCompleted(timestamp=NOW, event_id=1, status=RuntimeStatus.COMPLETED, result="7")


async def found(ward: Ward, tables: TableService) -> Examination:
    """An examination."""
    return await examine(ward.hub, tables)


async def one(ward: Ward, tables: TableService) -> Finding:
    """The only finding."""
    (finding,) = (await found(ward, tables)).findings
    return finding


async def test_a_healthy_hub_has_no_findings(ward: Ward, tables: TableService) -> None:
    """Instances that wait for a timer, for a queued activity or for nothing, and an ended one."""
    await ward.store("sleeps", TimerCreated(timestamp=NOW, event_id=0, fire_at=NOW))
    await ward.store("works", ACTIVITY)
    await ward.hub.queues.send_work_item(Message(event=ACTIVITY, target=ward.ref("works")))
    await ward.store("worked", ACTIVITY, TaskCompleted(timestamp=NOW, task_id=0))
    await ward.store("answered", ACTIVITY)
    await ward.send("answered", [TaskCompleted(timestamp=NOW, task_id=0)])
    await ward.store("ended", ENDED, status=RuntimeStatus.COMPLETED)
    await ward.row("begins", RuntimeStatus.PENDING)
    await ward.send("begins", [ward.started("begins")])
    await ward.store("@counter@k")
    assert await found(ward, tables) == Examination(instances=7, alive=6, findings=())


async def test_what_journal_mode_brings_back_by_itself_is_not_lost(tables: TableService, transport: Transport) -> None:
    """An open activity, and messages in rows: a child's start and answer, a start. They may outlive their instance."""
    mode = StorageMode.JOURNAL
    name = "Hub" + uuid4().hex[:20]
    ward = Ward(await TaskHub.open(transport, name, partition_count=2, clock=SystemClock(), mode=mode))
    await ward.store("works", ACTIVITY)
    await ward.store("parent", CHILD)
    await ward.row("begins", RuntimeStatus.PENDING)
    await ward.store("told", CHILD)
    answer = SubOrchestrationCompleted(timestamp=NOW, task_id=0, result="7")
    for sender, target, event in (
        ("parent", "kid", ward.started("kid")),
        ("begins", "begins", ward.started("begins")),
        ("purged", "told", answer),
    ):
        entry = ward.hub.journal.entry(sender, NOW)
        message = Message(event=event, target=ward.ref(target))
        await ward.hub.journal.add(Pending(entry=entry, message=message, due=None))
    assert await found(ward, tables) == Examination(instances=4, alive=4, findings=())


async def test_a_message_that_cannot_be_read_is_counted_in_journal_mode_too(ward: Ward, tables: TableService) -> None:
    """It may be what an instance waits for."""
    await ward.store("parent", CHILD)
    await tables.insert(ward.hub.names.history, {"PartitionKey": "parent", "RowKey": "outbox-1", "Message": "?"})
    examination = await found(ward, tables)
    assert [finding.damage.fault for finding in examination.findings] == [Fault.LOST_MESSAGES]
    assert any(note.startswith("1 messages on the queues of the hub cannot be read") for note in examination.notes)


@pytest.mark.parametrize(
    "change",
    [{"EventType": "Nonsense"}, {"_Timestamp": "yesterday"}, {"InputBlobName": "no-such-blob"}],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("instance_id", ["i", "@counter@k", "a/b"])
async def test_an_unreadable_row_is_found(ward: Ward, tables: TableService, change: Row, instance_id: str) -> None:
    """With its number and the reason; an entity can only be purged."""
    await ward.store(instance_id)
    await damage(ward, tables, instance_id, change)
    finding = await one(ward, tables)
    assert (finding.instance_id, finding.damage.fault) == (instance_id, Fault.UNREADABLE)
    assert row_key(1) in finding.damage.text
    expected = (Remedy.PURGE,) if instance_id.startswith("@") else (Remedy.TERMINATE, Remedy.PURGE)
    assert expected == finding.ways_out


async def test_a_missing_column_is_found(ward: Ward, tables: TableService) -> None:
    """A start row without a name."""
    await ward.store("i")
    row = await tables.get(ward.hub.names.history, "i", row_key(1))
    assert row is not None
    await tables.replace(ward.hub.names.history, {key: value for key, value in row.items() if key != "Name"})
    assert "a column of ExecutionStarted is missing" in (await one(ward, tables)).damage.text


async def test_an_unreadable_row_of_an_ended_instance_is_a_note(ward: Ward, tables: TableService) -> None:
    """The instance need not go on, so it is no finding."""
    await ward.store("ended", ENDED, status=RuntimeStatus.COMPLETED)
    await damage(ward, tables, "ended", {"EventType": "Nonsense"})
    examination = await found(ward, tables)
    assert examination.findings == ()
    assert "ended" in examination.notes[0]


@pytest.mark.parametrize(
    ("status", "fault"), [(RuntimeStatus.RUNNING, Fault.NO_HISTORY), (RuntimeStatus.PENDING, Fault.NOT_STARTED)]
)
async def test_an_instance_row_without_a_history_is_found(
    ward: Ward, tables: TableService, status: RuntimeStatus, fault: Fault
) -> None:
    """Unless its start message is in the queue."""
    await ward.row("i", status)
    assert fault is (await one(ward, tables)).damage.fault
    await ward.send("i", [ward.started("i")])
    assert () == (await found(ward, tables)).findings


async def test_a_history_without_an_instance_row_is_found(ward: Ward, tables: TableService) -> None:
    """No list shows such an instance."""
    await ward.store("i", status=None)
    finding = await one(ward, tables)
    assert (finding.damage.fault, finding.ways_out[0]) == (Fault.NO_RECORD, Remedy.REQUEUE)


@pytest.mark.parametrize("has_row", [True, False])
async def test_a_sentinel_without_history_rows_is_found(ward: Ward, tables: TableService, has_row: bool) -> None:
    """With an instance row it is an instance without a history, else a leftover."""
    await ward.store("i", status=RuntimeStatus.RUNNING if has_row else None)
    for index in range(3):
        await tables.delete(ward.hub.names.history, "i", row_key(index))
    assert (Fault.NO_HISTORY if has_row else Fault.LEFTOVER) is (await one(ward, tables)).damage.fault


async def test_a_lost_work_item_is_found(ward: Ward, tables: TableService) -> None:
    """The finding names the activity."""
    await ward.store("i", ACTIVITY)
    finding = await one(ward, tables)
    assert finding.damage.fault is Fault.LOST_MESSAGES
    assert finding.damage.text == "it waits for ever: the work item of activity 'Charge' lies on no queue"
    assert finding.name == "play"


async def test_a_lost_child_start_is_found(ward: Ward, tables: TableService) -> None:
    """Not if the child exists."""
    await ward.store("i", CHILD)
    assert "the start message of child 'kid'" in (await one(ward, tables)).damage.text
    await ward.store("kid")
    assert () == (await found(ward, tables)).findings


async def test_a_lost_child_answer_is_found(ward: Ward, tables: TableService) -> None:
    """Not if it is in the queue, and not if the ended instance is another one with the same id."""
    parent = ParentRef(name="play", instance=ward.ref("i"), task_id=0)
    await ward.store("i", CHILD)
    await ward.store("kid", ENDED, status=RuntimeStatus.COMPLETED, parent=parent)
    assert "the answer of child 'kid'" in (await one(ward, tables)).damage.text
    await ward.send("i", [SubOrchestrationCompleted(timestamp=NOW, task_id=0, result="7")])
    assert () == (await found(ward, tables)).findings
    await ward.store("j", SubOrchestrationCreated(timestamp=NOW, event_id=0, name="play", instance_id="kid"))
    assert () == (await found(ward, tables)).findings


async def test_an_unknown_row_in_the_partitions_table_is_a_note(ward: Ward, tables: TableService) -> None:
    """It does no harm."""
    await tables.insert(ward.hub.names.partitions, {"PartitionKey": "", "RowKey": "control-xx"})
    assert "'control-xx'" in (await found(ward, tables)).notes[0]


async def damage(ward: Ward, tables: TableService, instance_id: str, change: Row) -> None:
    """Change the row of the start."""
    key = instance_id.replace("/", "^0")
    await tables.merge(ward.hub.names.history, {"PartitionKey": key, "RowKey": row_key(1), **change})
