"""Listens for the blobs of all blob functions: scans their containers, and processes the host's own queue.

A found blob goes into the queue `azure-webjobs-blobtrigger-<host id>` first, as on the real host, so that nothing
is lost if the host is killed. Scans are in real time, ten seconds apart, also on a virtual clock: storage does not
jump. A blob that this host itself has written is scanned for at once.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.store import AccountServices
from durable_devhost.errors import StorageUnavailable
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function
from durable_devhost.settings import BlobSettings, MessageEncoding, QueueSettings
from durable_devhost.storage.account import NotFound, StorageFailure
from durable_devhost.triggers.blobs.messages import BlobMessage, in_queue, queue_name
from durable_devhost.triggers.blobs.receipts import Receipts
from durable_devhost.triggers.blobs.scanning import ContainerScan, ScanInfo, Watcher
from durable_devhost.triggers.blobs.work import BlobWork, is_scanned
from durable_devhost.triggers.queue import QueueListener

_log = logging.getLogger(__name__)

SCAN_S = 10.0
"""How long after a scan the next one begins (`ScanBlobScanLogHybridPollingStrategy.cs`)."""

_LARGEST_BATCH = 32


class BlobQueue:
    """The queue of this host's blob messages. `on_message_sent` is called for each: it need not be polled for."""

    def __init__(
        self, services: Callable[[str | None], AccountServices], *, host_id: str, encoding: MessageEncoding
    ) -> None:
        self.name = queue_name(host_id)
        self.queues = services(None).queues
        self.encoding = encoding
        self.on_message_sent: Callable[[], None] = lambda: None

    async def put(self, message: BlobMessage) -> None:
        """Put a message; a missing queue is created."""
        text = in_queue(message, self.encoding)
        try:
            await self.queues.put(self.name, text)
        except NotFound:
            await self.queues.create(self.name)
            await self.queues.put(self.name, text)
        self.on_message_sent()


class BlobListener:
    """The listener of all blob functions of a host. It listens while `run` runs.

    One event loop touches the state, and one task scans, so there is no lock.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        queue: BlobQueue,
        services: Callable[[str | None], AccountServices],
        invoker: Invoker,
        in_flight: InFlight,
        settings: BlobSettings,
        host_id: str,
    ) -> None:
        self._queue = queue
        self._wake = asyncio.Event()
        self._scans = _scans([each for each in functions if is_scanned(each)], queue, services, host_id)
        self._troubles: dict[ContainerScan, str] = {}
        self._asked: list[asyncio.Future[None]] = []
        self._is_stopping = False
        work = BlobWork(
            {each.name.lower(): each for each in functions},
            services=services,
            invoker=invoker,
            changed=self._wake.set,
        )
        self._listener = QueueListener(
            queue=queue.name,
            work=work,
            queues=queue.queues,
            in_flight=in_flight,
            settings=as_queue_settings(settings, queue.encoding),
            makes_queue=True,
        )
        queue.on_message_sent = self._listener.nudge

    @property
    def begun_count(self) -> int:
        """How many messages it has begun."""
        return self._listener.begun_count

    async def run(self) -> None:
        """Scan and process until stopped or cancelled; unfinished messages then come back within 4 s."""
        with suppress(StorageFailure, StorageUnavailable):  # the listener creates it later
            await self._queue.queues.create(self._queue.name)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listener.run())
                while not self._is_stopping:
                    await self._scan_all()
                    await self._pause()
        finally:
            for asked in self._asked:
                asked.cancel()

    async def drain(self) -> None:
        """Scan at once, and return when all found blobs have been processed."""
        if self._scans:
            asked = asyncio.get_running_loop().create_future()
            self._asked.append(asked)
            self._wake.set()
            await asked
        await self._listener.drain()

    def stop(self) -> None:
        """Take no new work; `run` returns when work in progress has ended."""
        self._is_stopping = True
        self._wake.set()
        self._listener.stop()

    def nudge(self, container: str) -> None:
        """Scan this container now: the host has just put a blob into it."""
        if any(scan.container == container for scan in self._scans):
            self._wake.set()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SCAN_S):
                await self._wake.wait()
        self._wake.clear()

    async def _scan_all(self) -> None:
        asked = tuple(self._asked)
        if all(await asyncio.gather(*(self._scan(scan) for scan in self._scans))):
            for each in asked:
                self._asked.remove(each)
                if not each.done():
                    each.set_result(None)

    async def _scan(self, scan: ContainerScan) -> bool:
        """Scan a container; False if storage fails, which is reported once and does not end the listener."""
        try:
            await scan.scan()
        except NotFound:
            self._tell(scan, "does not exist yet.", logging.INFO)
        except (StorageFailure, StorageUnavailable) as error:
            self._tell(scan, f"cannot be scanned: {error} devhost goes on trying.", logging.WARNING)
            return False
        else:
            if self._troubles.pop(scan, None):
                _log.info("The container '%s' can be scanned now.", scan.container)
        return True

    def _tell(self, scan: ContainerScan, trouble: str, level: int) -> None:
        if self._troubles.get(scan) != trouble:
            _log.log(level, "The container '%s' of %s %s", scan.container, ", ".join(scan.functions), trouble)
        self._troubles[scan] = trouble


def as_queue_settings(settings: BlobSettings, encoding: MessageEncoding) -> QueueSettings:
    """How the host's blob queue is read: half of the blobs in a batch (`SharedBlobQueueListenerFactory.cs`)."""
    most = settings.max_degree_of_parallelism
    batch = min(_LARGEST_BATCH, most // 2 + 1)
    return QueueSettings(
        batch_size=batch,
        new_batch_threshold=max(most - batch, 0),
        max_polling_interval=timedelta(minutes=1),
        max_dequeue_count=settings.poison_blob_threshold,
        visibility_timeout=timedelta(),
        message_encoding=encoding,
    )


def _scans(
    functions: Sequence[Function],
    queue: BlobQueue,
    services: Callable[[str | None], AccountServices],
    host_id: str,
) -> list[ContainerScan]:
    """One scan for each container of each connection."""
    watchers: dict[tuple[str | None, str], list[Watcher]] = {}
    for function in functions:
        watcher = Watcher.of(function)
        watchers.setdefault((function.trigger.text("connection"), watcher.pattern.container), []).append(watcher)
    return [
        ContainerScan(
            container,
            found,
            blobs=services(connection).blobs,
            receipts=Receipts(services(connection).blobs, host_id),
            info=ScanInfo(
                services(None).blobs,
                host_id=host_id,
                account=services(connection).blobs.account_name,
                container=container,
            ),
            send=queue.put,
        )
        for (connection, container), found in watchers.items()
    ]
