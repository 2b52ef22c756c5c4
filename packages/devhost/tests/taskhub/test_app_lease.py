"""The app lease on the emulator: one app a hub, all workers of it together."""

import pytest

from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.app_lease import AppLease, lease_id
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub


def test_a_local_app_has_the_recorded_lease_id() -> None:
    """It has no name, so its id is the hash of an empty text."""
    assert lease_id("") == "811c9dc5-0000-0000-0000-000000000000"


async def test_the_owner_of_the_app_lease_is_stored(hub: TaskHub, transport: Transport) -> None:
    """As recorded, before and after."""
    blobs = BlobService(transport)
    assert await blobs.get(hub.names.app_lease, hub.names.app_lease_info) == b"{}"

    await hub.app_lease.acquire()

    assert await blobs.get(hub.names.app_lease, hub.names.app_lease_info) == (
        b'{"OwnerId":"811c9dc5-0000-0000-0000-000000000000","DesiredSwapId":null}'
    )


async def test_another_app_is_refused_until_the_lease_is_released(hub: TaskHub, transport: Transport) -> None:
    """A second worker of the same app is not."""
    other = AppLease(BlobService(transport), hub.names, "other")
    await hub.app_lease.acquire()
    await hub.app_lease.acquire()
    await hub.app_lease.renew()
    with pytest.raises(LostRace):
        await other.acquire()
    with pytest.raises(LostRace):
        await other.renew()
    await other.release()

    await hub.app_lease.release()

    await other.acquire()
