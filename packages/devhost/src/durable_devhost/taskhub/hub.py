"""A task hub: everything that one durable app stores, opened with one call."""

from dataclasses import dataclass

from durable_devhost.clock import Clock
from durable_devhost.errors import SettingsError
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.all_histories import AllHistories
from durable_devhost.taskhub.app_lease import AppLease
from durable_devhost.taskhub.history import HistoryStore
from durable_devhost.taskhub.instances import InstanceStore
from durable_devhost.taskhub.journal import JournalRows
from durable_devhost.taskhub.large_messages import LargeMessages
from durable_devhost.taskhub.names import HubNames, check_partition_count
from durable_devhost.taskhub.partitions import PartitionTable
from durable_devhost.taskhub.queues import HubQueues


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHub:
    """An open hub. It owns no connection: the transport it was opened with must outlive it."""

    names: HubNames
    mode: StorageMode
    partition_count: int
    queues: HubQueues
    queue_service: QueueService
    history: HistoryStore
    histories: AllHistories
    journal: JournalRows
    instances: InstanceStore
    partitions: PartitionTable
    large_messages: LargeMessages
    app_lease: AppLease

    @classmethod
    async def open(
        cls,
        transport: Transport,
        hub_name: str,
        *,
        partition_count: int,
        clock: Clock,
        store_inputs: bool = False,
        app_name: str = "",
        mode: StorageMode | None = StorageMode.STANDARD,
    ) -> "TaskHub":
        """Open the hub, creating what is missing in the order in which the real host does it.

        `store_inputs` is host.json's storeInputsInOrchestrationHistory, `app_name` the environment's
        WEBSITE_SITE_NAME. `mode` None means that of the hub. Raises SettingsError for a name or a count that no hub can
        have, for a hub that is in another mode, and StorageUnavailable.
        """
        names = HubNames.of_setting(hub_name)
        count = check_partition_count(partition_count)
        tables, queues, blobs = TableService(transport), QueueService(transport), BlobService(transport)
        large = LargeMessages(blobs, names, transport.account.blob_endpoint)
        is_expected = mode is not None
        mode = mode or await AppLease(blobs, names, app_name).mode() or StorageMode.STANDARD
        hub = cls(
            names=names,
            mode=mode,
            partition_count=count,
            queues=HubQueues(queues, large, names, count),
            queue_service=queues,
            history=HistoryStore(
                tables, large, names, clock, store_inputs=store_inputs, is_journal=mode is StorageMode.JOURNAL
            ),
            histories=AllHistories(tables, names),
            journal=JournalRows(tables, large, names),
            instances=InstanceStore(tables, large, names),
            partitions=PartitionTable(tables, names),
            large_messages=large,
            app_lease=AppLease(blobs, names, app_name, mode),
        )
        await hub._create(tables, checks_mode=is_expected)
        return hub

    async def purge(self, instance_id: str, *, with_messages: bool = False) -> int:
        """Delete all that is stored of an instance, its row last, and return how many history rows it had.

        Whether the instance may be purged is for the caller to say. `with_messages` is for a hub at rest, see
        `HistoryStore.purge`.
        """
        purged = await self.history.purge(instance_id, with_messages=with_messages)
        await self.large_messages.purge(instance_id, but=purged.blobs)
        await self.instances.delete(instance_id)
        return purged.rows

    async def _create(self, tables: TableService, *, checks_mode: bool) -> None:
        is_new = await self.app_lease.create()
        if checks_mode and not is_new and (found := await self.app_lease.mode()) is not self.mode:
            raise SettingsError(_other_mode(self.names.hub, found))
        for table in (self.names.partitions, self.names.history, self.names.instances):
            await tables.create_table(table)
        await self.queue_service.create(self.names.work_items)
        for partition in range(self.partition_count):
            queue = self.names.control(partition)
            await self.queue_service.create(queue)
            await self.partitions.add(queue)


def _other_mode(hub: str, found: StorageMode | None) -> str:
    """Why a hub is refused, and what to do; each mode keeps messages where the other one does not look."""
    elsewhere = "another data folder with --data, or a hub of its own (extensions.durableTask.hubName in host.json)"
    if found is StorageMode.JOURNAL:
        return (
            f"The task hub {hub} was made in journal mode: what is on its way there lies on no queue, so a host in "
            f"standard mode would lose it. Start with --storage-mode journal, or give the app {elsewhere}."
        )
    return (
        f"The task hub {hub} was not made in journal mode: work may lie on its queues, where journal mode does not "
        f"look. Start without --storage-mode, or give the app {elsewhere}."
    )
