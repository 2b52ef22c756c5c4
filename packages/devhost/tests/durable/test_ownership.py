"""The leases of one host on a real table: what it takes at the start, and what it reads while others ask."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.durable.ownership import Ownership
from durable_devhost.errors import SettingsError
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.partitions import PartitionLease
from packages.devhost.tests.durable.recording_observer import RecordingObserver


@pytest.fixture
async def hub(azurite: Azurite) -> AsyncIterator[TaskHub]:
    """An empty hub with two partitions."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=2, clock=SystemClock())


@pytest.fixture
async def journal(azurite: Azurite) -> AsyncIterator[TaskHub]:
    """An empty hub in journal mode."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield await TaskHub.open(
            transport, "Hub" + uuid4().hex[:20], partition_count=2, clock=SystemClock(), mode=StorageMode.JOURNAL
        )


def _host(hub: TaskHub, name: str) -> Ownership:
    return Ownership(hub=hub, observer=RecordingObserver(), me=name, is_alone=False, uses_app_lease=False)


async def test_a_host_restarted_under_the_same_name_keeps_its_partitions(hub: TaskHub) -> None:
    """In a container the machine's name and the pid are often those of the host before it."""
    await _host(hub, "same").claim()
    restarted = _host(hub, "same")
    await restarted.claim()
    assert restarted.partitions() == [0, 1]


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


async def test_who_has_all_partitions_keeps_them_with_one_call(azurite: Azurite) -> None:
    """An idle host asks storage for little."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        hub = await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=4, clock=SystemClock())
        owner = _host(hub, "owner")
        await owner.claim()
        before = transport.calls.total
        await owner._pass()
        assert transport.calls.total == before + 1
        assert owner.partitions() == [0, 1, 2, 3]


async def test_a_request_for_a_partition_is_heard_by_who_has_them_all(hub: TaskHub) -> None:
    """It changes the row, so that the one call fails."""
    owner, guest = _host(hub, "owner"), _host(hub, "guest")
    await owner.claim()
    await owner._pass()
    await guest._pass()
    await owner._pass()
    await guest._pass()
    assert (len(owner.partitions()), len(guest.partitions())) == (1, 1)
    await owner._pass()
    assert owner.is_shared


async def test_a_second_host_is_refused_in_journal_mode(journal: TaskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way is in the first one's memory. When that one has ended, or is gone, another may start."""
    first, second = _host(journal, "first"), _host(journal, "second")
    await first.claim()
    with pytest.raises(SettingsError, match=r"Another host \(first\) works on the task hub .* runs out in \d+ s"):
        await second.claim()
    await first.release()
    await second.claim()
    assert second.partitions() == [0, 1]
    monkeypatch.setattr(ownership_module, "is_gone", lambda name: name == "second")
    third = _host(journal, "third")
    await third.claim()
    assert third.partitions() == [0, 1]


async def test_of_two_hosts_that_start_at_the_same_time_in_journal_mode_one_gives_way(
    journal: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has seen a hub without an owner."""
    first, second = _host(journal, "first"), _host(journal, "second")
    read = second._read

    async def read_late(*given: Any) -> list[PartitionLease]:
        leases = await read(*given)
        await first.claim()
        return leases

    monkeypatch.setattr(second, "_read", read_late)
    with pytest.raises(SettingsError, match="which started at the same time"):
        await second.claim()
    assert (first.partitions(), second.partitions()) == ([0, 1], [])


async def test_a_lease_that_ran_out_is_told_apart_from_a_claim_whose_answer_was_lost(hub: TaskHub) -> None:
    """Both are found as ours in the table, but of the second nothing is in memory."""
    calls: list[str] = []
    host = _host(hub, "host")
    host.on_gained, host.on_regained = (
        lambda number: calls.append(f"gained {number}"),
        lambda n: calls.append(f"regained {n}"),
    )
    await host.claim()
    host._is_running = True
    host._valid_until = dict.fromkeys(range(2), 0.0)
    await host._pass()
    assert calls == ["regained 0", "regained 1"]
    host._leases.pop(1)
    host._valid_until.pop(1)
    await host._pass()
    assert calls[2:] == ["gained 1"]


async def test_nobodys_wish_for_a_share_is_heard_in_journal_mode(journal: TaskHub) -> None:
    """A host that does not heed the app lease may ask for a partition."""
    owner = _host(journal, "owner")
    await owner.claim()
    for lease in await journal.partitions.read():
        await journal.partitions.ask(lease, "guest")
    await owner._pass()
    assert owner.partitions() == [0, 1]
    assert [lease.next_owner for lease in await journal.partitions.read()] == [None, None]
