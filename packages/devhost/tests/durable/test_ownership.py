"""The leases of one host on a real table: what it takes at the start, and what it reads while others ask."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.durable.ownership import Ownership
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.watcher import Watcher


@pytest.fixture
async def hub(azurite: Azurite) -> AsyncIterator[TaskHub]:
    """An empty hub with two partitions."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=2, clock=SystemClock())


def _host(hub: TaskHub, name: str) -> Ownership:
    return Ownership(hub=hub, observer=Watcher(), me=name, is_alone=False, uses_app_lease=False)


async def test_a_host_restarted_under_the_same_name_keeps_its_partitions(hub: TaskHub) -> None:
    """In a container the machine's name and the pid are often those of the host before it."""
    await _host(hub, "same").claim()
    again = _host(hub, "same")
    await again.claim()
    assert again.partitions() == [0, 1]


async def test_a_partition_is_read_again_if_the_host_that_asked_for_it_is_gone(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was drained for a host that never claimed it."""
    owner, guest = _host(hub, "owner"), _host(hub, "guest")
    owner.is_drained = lambda _: False
    await owner.claim()
    await guest._pass()
    await owner._pass()
    assert len(owner.partitions()) == 1
    monkeypatch.setattr(ownership_module, "is_gone", lambda name: name == "guest")
    await owner._pass()
    assert owner.partitions() == [0, 1]
