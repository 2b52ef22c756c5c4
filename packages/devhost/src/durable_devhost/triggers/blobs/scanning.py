"""Scans a container for new or changed blobs, and has a message written for each.

The rules are those of the extension (`ScanBlobScanLogHybridPollingStrategy.cs`, `StorageBlobScanInfoManager.cs`): only
blobs that are as new as the newest of the scan before are checked, and the time of that one is stored, so
that the next start need not check all receipts. The log of storage requests, which the real host reads too, finds
nothing that a scan does not find.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from durable_devhost.model.blob_paths import BlobPattern
from durable_devhost.model.functions import Function
from durable_devhost.model.timestamps import parse_time
from durable_devhost.storage.account import NotFound
from durable_devhost.storage.blobs import BlobService, ListedBlob
from durable_devhost.triggers.blobs.messages import BlobMessage, function_id
from durable_devhost.triggers.blobs.receipts import HOSTS, Receipts

_LITTLE = timedelta(milliseconds=1)

Send = Callable[[BlobMessage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Watcher:
    """A function that waits for the blobs of a container."""

    function: Function
    pattern: BlobPattern

    @classmethod
    def of(cls, function: Function) -> "Watcher":
        """The watcher of a blob function."""
        return cls(function, BlobPattern.parse(function.trigger.text("path") or ""))


class ScanInfo:
    """How far a container was scanned, in a blob of the host's own account. Times are those of the newest blob."""

    def __init__(self, blobs: BlobService, *, host_id: str, account: str, container: str) -> None:
        self._blobs = blobs
        self._name = f"blobscaninfo/{host_id}/{account}/{container}/scanInfo"

    async def read(self) -> datetime | None:
        """The stored time; None before the first scan, and for an invalid one."""
        content = await self._blobs.get(HOSTS, self._name)
        try:
            return parse_time(json.loads(content)["LatestScan"]) if content is not None else None
        except (ValueError, KeyError, TypeError):
            return None

    async def write(self, latest: datetime) -> None:
        """Store a time a little before this one: blobs of the same second may still come."""
        content = json.dumps({"LatestScan": (latest - _LITTLE).isoformat()}, separators=(",", ":")).encode()
        try:
            await self._blobs.put(HOSTS, self._name, content, content_type="text/plain; charset=utf-8")
        except NotFound:
            await self._blobs.create_container(HOSTS)
            await self._blobs.put(HOSTS, self._name, content, content_type="text/plain; charset=utf-8")


class ContainerScan:
    """The scan of one container, for all functions that wait for its blobs. One task runs it, so there is no lock.

    `_known` are the function, name and etag of those newest blobs whose receipts are complete: every scan finds
    them, and need not check them again.
    """

    def __init__(
        self,
        container: str,
        watchers: Sequence[Watcher],
        *,
        blobs: BlobService,
        receipts: Receipts,
        info: ScanInfo,
        send: Send,
    ) -> None:
        self.container = container
        self._watchers = tuple(watchers)
        self._blobs = blobs
        self._receipts = receipts
        self._info = info
        self._send = send
        self._latest: datetime | None = None
        self._is_resumed = False
        self._known: set[tuple[str, str, str]] = set()

    @property
    def functions(self) -> list[str]:
        """The names of the functions that wait."""
        return [watcher.function.name for watcher in self._watchers]

    async def scan(self) -> None:
        """Scan the container once; raises NotFound if it does not exist, and other storage errors."""
        if not self._is_resumed:
            self._latest, self._is_resumed = await self._info.read(), True
        newest, since = self._latest, self._latest
        known: set[tuple[str, str, str]] = set()
        put_off: list[datetime] = []
        async for page in self._blobs.pages(self.container):
            for blob in page:
                newest = max(newest or blob.last_modified, blob.last_modified)
                if since is not None and blob.last_modified < since:
                    continue
                taken = [await self._take(watcher, blob) for watcher in self._watchers]
                known.update(key for key in taken if key is not None)
                if None in taken:
                    put_off.append(blob.last_modified)
        self._known = known
        self._latest = min(put_off, default=newest)
        if self._latest is not None and self._latest != since:
            await self._info.write(self._latest)

    async def _take(self, watcher: Watcher, blob: ListedBlob) -> tuple[str, str, str] | None:
        """Have a message written unless that was done; None if another host is doing it: the scan checks it again."""
        id_ = function_id(watcher.function.name)
        key = (id_, blob.name, blob.etag)
        if key in self._known or watcher.pattern.data(self.container, blob.name) is None:
            return key
        message = BlobMessage(
            function_id=id_, container=self.container, name=blob.name, etag=blob.etag, blob_type=blob.blob_type
        )
        receipt = self._receipts.name(id_, self.container, blob)
        return key if await self._receipts.once(receipt, lambda: self._send(message)) else None
