"""Opening a hub, and purging an instance from all of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.errors import SettingsError
from durable_devhost.model.history import InstanceRef, OrchestratorCompleted, TaskCompleted, TaskScheduled
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import Service, StorageAccount
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Answer, Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub

WHEN = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)
LARGE = "é" * 40_000


async def test_opening_creates_the_same_as_the_real_host(
    hub: TaskHub, tables: TableService, transport: Transport
) -> None:
    """Three tables, the queues, and the app lease."""
    queues = QueueService(transport)
    for queue in (hub.names.work_items, *(hub.names.control(partition) for partition in range(4))):
        assert await queues.exists(queue)
    for table in (hub.names.history, hub.names.instances, hub.names.partitions):
        assert await tables.create_table(table) is False


class Recorder(Transport):
    """A transport that remembers what was asked for."""

    def __init__(self, account: StorageAccount) -> None:
        super().__init__(account)
        self.log: list[str] = []

    async def request(self, service: Service, verb: str, path: str, **more: Any) -> Answer:
        """Note verb, path and the name in the body, then send it."""
        body = json.loads(more.get("body") or b"{}")
        self.log.append(" ".join([verb, path, *(body[key] for key in ("TableName", "RowKey") if key in body)]))
        return await super().request(service, verb, path, **more)


async def test_a_hub_is_created_in_the_recorded_order(transport: Transport, hub_name: str) -> None:
    """So that a real host that starts at the same time finds what it expects."""
    low = hub_name.lower()

    async with Recorder(transport.account) as recorder:
        await TaskHub.open(recorder, hub_name, partition_count=2, clock=SystemClock())

    assert recorder.log == [
        f"PUT /{low}-applease",
        f"PUT /{low}-applease/{low}-appleaseinfo",
        f"POST /Tables {hub_name}Partitions",
        f"POST /Tables {hub_name}History",
        f"POST /Tables {hub_name}Instances",
        f"PUT /{low}-workitems",
        f"PUT /{low}-control-00",
        f"POST /{hub_name}Partitions {low}-control-00",
        f"PUT /{low}-control-01",
        f"POST /{hub_name}Partitions {low}-control-01",
    ]


async def test_opening_again_changes_nothing(hub: TaskHub, transport: Transport) -> None:
    """Everything stays."""
    await hub.instances.insert(InstanceRecord(instance_id="i", name="flow"))
    leases = await hub.partitions.read()

    again = await TaskHub.open(transport, hub.names.hub, partition_count=4, clock=SystemClock())

    assert await again.partitions.read() == leases
    assert await again.instances.get("i") is not None


async def test_an_invalid_hub_is_refused_before_anything_is_created(transport: Transport) -> None:
    """By its name or its number of partitions."""
    with pytest.raises(SettingsError, match="Task hub name 'my-hub'"):
        await TaskHub.open(transport, "my-hub", partition_count=4, clock=SystemClock())
    with pytest.raises(SettingsError, match="PartitionCount"):
        await TaskHub.open(transport, "MyHub", partition_count=40, clock=SystemClock())

    assert transport.calls.total == 0


async def test_a_purge_takes_only_the_rows_and_blobs_of_one_instance(hub: TaskHub) -> None:
    """Another one, whose id begins in the same way, keeps everything."""
    events = [TaskCompleted(timestamp=WHEN, task_id=0, result=LARGE), OrchestratorCompleted(timestamp=WHEN)]
    for instance_id in ("abc", "abcd"):
        target = InstanceRef(instance_id=instance_id, execution_id="e")
        await hub.queues.send_work_item(
            Message(event=TaskScheduled(timestamp=WHEN, name="a", input=LARGE), target=target)
        )
        await hub.history.append(instance_id, "e", first_row=0, events=events, etag=None)
        await hub.instances.insert(InstanceRecord(instance_id=instance_id, name="flow", input=LARGE))

    assert await hub.purge("abc") == 3

    assert (await hub.history.read("abc")).row_count == 0
    assert await hub.instances.get("abc") is None
    assert (await hub.history.read("abcd")).events == tuple(events)
    other = await hub.instances.get("abcd")
    assert other is not None
    assert other.input == LARGE
    assert await hub.large_messages.purge("abc") == 0
    assert await hub.large_messages.purge("abcd") == 3


@pytest.mark.parametrize(
    ("made", "opened", "words"),
    [
        (StorageMode.JOURNAL, StorageMode.STANDARD, "was made in journal mode.* Start with --storage-mode journal, or"),
        (StorageMode.STANDARD, StorageMode.JOURNAL, "was not made in journal mode.* Start without --storage-mode, or"),
    ],
)
async def test_a_hub_of_the_other_mode_is_refused(
    transport: Transport, hub_name: str, made: StorageMode, opened: StorageMode, words: str
) -> None:
    """Each keeps messages where the other one does not look. Who only wants to look takes the hub's own mode."""

    async def opening(mode: StorageMode | None) -> TaskHub:
        return await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock(), mode=mode)

    assert (await opening(made)).mode is made
    with pytest.raises(SettingsError, match=words):
        await opening(opened)
    assert (await opening(None)).mode is made


async def test_a_hub_that_is_only_looked_at_is_in_standard_mode_where_there_was_none(
    transport: Transport, hub_name: str
) -> None:
    """As the real extension would make it."""
    hub = await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock(), mode=None)
    assert hub.mode is StorageMode.STANDARD
