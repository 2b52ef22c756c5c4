"""A task hub: everything that one durable app stores, opened with one call."""

from dataclasses import dataclass

from durable_devhost.clock import Clock
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.app_lease import AppLease
from durable_devhost.taskhub.history import HistoryStore
from durable_devhost.taskhub.instances import InstanceStore
from durable_devhost.taskhub.large_messages import LargeMessages
from durable_devhost.taskhub.names import HubNames, check_partition_count
from durable_devhost.taskhub.partitions import PartitionTable
from durable_devhost.taskhub.queues import HubQueues


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHub:
    """An open hub. It owns no connection: the transport it was opened with must outlive it."""

    names: HubNames
    partition_count: int
    queues: HubQueues
    queue_service: QueueService
    history: HistoryStore
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
    ) -> "TaskHub":
        """Open the hub, creating what is missing in the order in which the real host does it.

        `store_inputs` is host.json's storeInputsInOrchestrationHistory, `app_name` the environment's
        WEBSITE_SITE_NAME. Raises SettingsError for a name or a count that no hub can have, and StorageUnavailable.
        """
        names = HubNames.checked(hub_name)
        count = check_partition_count(partition_count)
        tables, queues, blobs = TableService(transport), QueueService(transport), BlobService(transport)
        large = LargeMessages(blobs, names, transport.account.blob_endpoint)
        hub = cls(
            names=names,
            partition_count=count,
            queues=HubQueues(queues, large, names, count),
            queue_service=queues,
            history=HistoryStore(tables, large, names, clock, store_inputs=store_inputs),
            instances=InstanceStore(tables, large, names),
            partitions=PartitionTable(tables, names),
            large_messages=large,
            app_lease=AppLease(blobs, names, app_name),
        )
        await hub._create(tables)
        return hub

    async def purge(self, instance_id: str) -> int:
        """Delete all that is stored of an instance, its row last, and return how many history rows it had.

        Whether the instance may be purged is for the caller to say.
        """
        rows = await self.history.purge(instance_id)
        await self.large_messages.purge(instance_id)
        await self.instances.delete(instance_id)
        return rows

    async def _create(self, tables: TableService) -> None:
        await self.app_lease.create()
        for table in (self.names.partitions, self.names.history, self.names.instances):
            await tables.create_table(table)
        await self.queue_service.create(self.names.work_items)
        for partition in range(self.partition_count):
            queue = self.names.control(partition)
            await self.queue_service.create(queue)
            await self.partitions.add(queue)
