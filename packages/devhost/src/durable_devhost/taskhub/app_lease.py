"""The lease that keeps two different apps off one hub: on a container, under an id made of the app's name.

All workers of one app share the id, so they do not exclude each other (`AppLeaseManager.cs`). Locally an app has no
name, and so all local apps have the id 811c9dc5-…, the hash of the empty text.
"""

import json

from durable_devhost.storage.account import Conflict
from durable_devhost.storage.blobs import BlobService
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.names import HubNames, fnv1a

LEASE_S = 60
"""How long the lease lasts after it was acquired or renewed; the real host renews it every 25 seconds."""


def lease_id(app_name: str) -> str:
    """The lease id of an app: its name's hash as the first part of a GUID, zeros behind."""
    return f"{fnv1a(app_name):08x}-0000-0000-0000-000000000000"


class AppLease:
    """The app lease of one hub."""

    def __init__(self, blobs: BlobService, names: HubNames, app_name: str) -> None:
        self._blobs = blobs
        self._container = names.app_lease
        self._info = names.app_lease_info
        self._id = lease_id(app_name)

    async def create(self) -> None:
        """Make the container and the blob that names the owner, unless they exist."""
        await self._blobs.create_container(self._container)
        try:
            await self._blobs.put(self._container, self._info, b"{}", only_if_new=True)
        except Conflict:
            return

    async def acquire(self) -> None:
        """Take the lease and write who has it; raises LostRace when another app works on the hub."""
        try:
            await self._blobs.acquire_lease(self._container, self._id, LEASE_S)
        except Conflict as error:
            raise LostRace("Another app holds the app lease of this task hub.") from error
        info = json.dumps({"OwnerId": self._id, "DesiredSwapId": None}, separators=(",", ":"))
        await self._blobs.put(self._container, self._info, info.encode())

    async def renew(self) -> None:
        """Keep the lease; raises LostRace when another app has it."""
        try:
            await self._blobs.renew_lease(self._container, self._id)
        except Conflict as error:
            raise LostRace("Another app has taken the app lease of this task hub.") from error

    async def release(self) -> None:
        """Give the lease up, if we have it."""
        try:
            await self._blobs.release_lease(self._container, self._id)
        except Conflict:
            return
