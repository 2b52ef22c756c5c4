"""The lease that keeps two different apps off one hub: on a container, under an id made of the app's name.

All workers of one app share the id, so they do not exclude each other (`AppLeaseManager.cs`). Locally an app has no
name, and so all local apps have the id 811c9dc5-…, the hash of the empty text.

A hub in journal mode is leased for ever under an id that no app has. The real extension, and a devhost in standard
mode, wait for an app lease before they take a partition, so they leave such a hub alone, also while no host runs. The
blob beside the lease names the owner, and so tells devhost the mode of a hub.
"""

import json

from durable_devhost.storage.account import Conflict
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.names import HubNames, fnv1a

LEASE_S = 60
"""How long the lease lasts after it was acquired or renewed; the real host renews it every 25 seconds."""

_FOR_EVER = -1
_NOBODY = "-0000-0000-0000-000000000000"
_JOURNAL = "-6a6f-7572-6e61-6c0000000000"  # "journal" in ASCII


def lease_id(app_name: str, mode: StorageMode = StorageMode.STANDARD) -> str:
    """The lease id of an app: its name's hash as the first part of a GUID, and behind it zeros or the mode's mark."""
    return f"{fnv1a(app_name):08x}{_JOURNAL if mode is StorageMode.JOURNAL else _NOBODY}"


class AppLease:
    """The app lease of one hub, for a host in `mode`."""

    def __init__(
        self, blobs: BlobService, names: HubNames, app_name: str, mode: StorageMode = StorageMode.STANDARD
    ) -> None:
        self._blobs = blobs
        self._container = names.app_lease
        self._info = names.app_lease_info
        self._is_mark = mode is StorageMode.JOURNAL
        self._id = lease_id(app_name, mode)

    async def create(self) -> bool:
        """Make the container and the blob that names the owner, and give the hub our mode; False where they exist."""
        await self._blobs.create_container(self._container)
        owner = self._owner() if self._is_mark else b"{}"
        try:
            await self._blobs.put(self._container, self._info, owner, only_if_new=True)
        except Conflict:
            return False
        return True

    async def mode(self) -> StorageMode | None:
        """The mode of the hub, None where there is no hub."""
        content = await self._blobs.get(self._container, self._info)
        if content is None:
            return None
        try:
            owner = str(json.loads(content)["OwnerId"])
        except (ValueError, KeyError, TypeError):
            return StorageMode.STANDARD
        return StorageMode.JOURNAL if owner.endswith(_JOURNAL) else StorageMode.STANDARD

    async def acquire(self) -> None:
        """Take the lease and write who has it; raises LostRace when another app works on the hub."""
        try:
            await self._blobs.acquire_lease(self._container, self._id, _FOR_EVER if self._is_mark else LEASE_S)
        except Conflict as error:
            raise LostRace("Another app holds the app lease of this task hub.") from error
        await self._blobs.put(self._container, self._info, self._owner())

    async def renew(self) -> None:
        """Keep the lease; raises LostRace when another app has it."""
        try:
            await self._blobs.renew_lease(self._container, self._id)
        except Conflict as error:
            raise LostRace("Another app has taken the app lease of this task hub.") from error

    async def release(self) -> None:
        """Give the lease up, if we have it; the lease of a hub in journal mode stays, for it is the mark."""
        if self._is_mark:
            return
        try:
            await self._blobs.release_lease(self._container, self._id)
        except Conflict:
            return

    def _owner(self) -> bytes:
        return json.dumps({"OwnerId": self._id, "DesiredSwapId": None}, separators=(",", ":")).encode()
