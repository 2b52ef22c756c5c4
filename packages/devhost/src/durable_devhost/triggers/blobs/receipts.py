"""Receipts: small blobs that say for which version of a blob a function has already been called.

They are in the container `azure-webjobs-hosts` of the blob's own account, under the names and with the marks of the
extension (`BlobReceiptManager.cs`), so that devhost and the real host accept each other's. A receipt is
created incomplete, leased while the message is put into the queue, and then completed. A crash leaves at most an
incomplete one, and the next scan goes on from there.
"""

from collections.abc import Awaitable, Callable
from uuid import uuid4

from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed
from durable_devhost.storage.blobs import BlobService, ListedBlob

HOSTS = "azure-webjobs-hosts"
_FOLDER = "blobreceipts"
_INCOMPLETE = "incomplete"
_LEASE_S = 30


class Receipts:
    """The receipts of one host in one account."""

    def __init__(self, blobs: BlobService, host_id: str) -> None:
        self._blobs = blobs
        self._host_id = host_id

    def name(self, function_id: str, container: str, blob: ListedBlob) -> str:
        """The place of the receipt of a function for this version of a blob."""
        return f"{_FOLDER}/{self._host_id}/{function_id}/{blob.etag}/{container}/{blob.name}"

    async def once(self, receipt: str, act: Callable[[], Awaitable[None]]) -> bool:
        """Act and complete the receipt, unless that was done before; False if another host is doing it right now."""
        is_complete = await self._is_complete(receipt)
        if is_complete:
            return True
        if is_complete is None and not await self._create(receipt):
            return False
        lease = str(uuid4())
        try:
            await self._blobs.acquire_lease(HOSTS, lease, _LEASE_S, blob=receipt)
        except (Conflict, NotFound):
            return False
        try:
            if not await self._is_complete(receipt):
                await act()
                await self._complete(receipt, lease)
        finally:
            await self._release(receipt, lease)
        return True

    async def _is_complete(self, receipt: str) -> bool | None:
        """Whether a receipt is complete; None if it does not exist."""
        found = await self._blobs.properties(HOSTS, receipt)
        return None if found is None else _INCOMPLETE not in {name.lower() for name in found.metadata}

    async def _create(self, receipt: str) -> bool:
        """Create an incomplete receipt; False if another host has just done so."""
        try:
            await self._put(receipt)
        except NotFound:
            await self._blobs.create_container(HOSTS)
            return await self._create(receipt)
        except (Conflict, PreconditionFailed):
            return False
        return True

    async def _put(self, receipt: str) -> None:
        await self._blobs.put(HOSTS, receipt, b"", only_if_new=True, metadata={_INCOMPLETE: _INCOMPLETE})

    async def _complete(self, receipt: str, lease: str) -> None:
        """Complete a receipt, if it still exists and is leased: otherwise the function runs twice rather than never."""
        try:
            await self._blobs.set_metadata(HOSTS, receipt, {}, lease_id=lease)
        except (NotFound, Conflict, PreconditionFailed):
            return

    async def _release(self, receipt: str, lease: str) -> None:
        try:
            await self._blobs.release_lease(HOSTS, lease, blob=receipt)
        except (NotFound, Conflict):
            return
