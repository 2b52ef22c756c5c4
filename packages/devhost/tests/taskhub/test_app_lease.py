"""The app lease on the emulator: one app a hub, all workers of it together."""

import pytest

from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.app_lease import AppLease, lease_id
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.names import HubNames


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


async def test_a_hub_in_journal_mode_is_leased_for_ever_to_no_app(hub: TaskHub, transport: Transport) -> None:
    """So the real extension, which waits for the lease, never works on it, also while no host runs."""
    blobs = BlobService(transport)
    journal = AppLease(blobs, hub.names, "", StorageMode.JOURNAL)
    await journal.acquire()
    await journal.release()
    with pytest.raises(LostRace):
        await hub.app_lease.acquire()
    await journal.acquire()
    await journal.renew()
    assert await blobs.get(hub.names.app_lease, hub.names.app_lease_info) == (
        b'{"OwnerId":"811c9dc5-6a6f-7572-6e61-6c0000000000","DesiredSwapId":null}'
    )


async def test_the_owner_tells_the_mode(hub: TaskHub, transport: Transport) -> None:
    """Before and after the first lease, and whatever somebody else has written there."""
    blobs = BlobService(transport)
    assert await hub.app_lease.mode() is StorageMode.STANDARD
    await hub.app_lease.acquire()
    assert await hub.app_lease.mode() is StorageMode.STANDARD
    for content, mode in ((b"[]", StorageMode.STANDARD), (b"nonsense", StorageMode.STANDARD)):
        await blobs.put(hub.names.app_lease, hub.names.app_lease_info, content)
        assert await hub.app_lease.mode() is mode
    nowhere = AppLease(blobs, HubNames("Hub" + "0" * 20), "")
    assert await nowhere.mode() is None
