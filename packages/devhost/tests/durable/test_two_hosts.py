"""Hosts that share a hub: what is meant for the other, partitions that move, and a host that dies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.partitions import LEASE
from packages.devhost.tests.durable.hosts import Host, Hub, outputs
from packages.devhost.tests.faults import Fault, FaultyTransport
from packages.devhost.tests.lossy import losing

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(180)]

A_LEASE_AND_MORE_S = LEASE.total_seconds() + 15.0
"""A host that leaves may have just asked for a partition. A wish that it could not take back holds for a lease."""


@pytest.fixture
async def hub(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A new hub whose hosts look at their leases ten times as often as usual."""
    monkeypatch.setattr(ownership_module, "_EVERY_S", 1.0)
    monkeypatch.setattr(ownership_module, "_SOON_S", 0.1)
    async with AsyncExitStack() as stack:
        yield Hub(azurite.connection_string, stack)


async def _wait_until(look: Callable[[], Any], patience_s: float = A_LEASE_AND_MORE_S) -> None:
    give_up = monotonic() + patience_s
    while not look():
        assert monotonic() < give_up, "it never came about"
        await asyncio.sleep(0.05)


async def test_two_hosts_share_partitions_and_forward_messages_to_the_owner(hub: Hub) -> None:
    """Starts, events and results go to the instance's owner; both see the same status."""
    one, other = await hub.host(), await hub.host()
    await _wait_until(lambda: (one.partitions(), other.partitions()) == (2, 2))

    chains = [await (one, other)[number % 2].start_instance("chain", f"chain-{number}") for number in range(10)]
    waits = [await one.start_instance("approval", f"wait-{number}") for number in range(10)]
    for number, instance_id in enumerate(waits):
        await _wait_until_known(other, instance_id)
        await other.raise_answer(instance_id, str(number))

    assert await outputs(one, chains) == ["3"] * 10
    assert await outputs(other, waits) == [str(number) for number in range(10)]
    assert await outputs(one, waits) == [str(number) for number in range(10)]
    assert sorted(set(hub.runs)) == sorted(hub.runs), "an activity ran twice"


async def _wait_until_known(host: Host, instance_id: str) -> None:
    while await host.engine.record(instance_id) is None:  # noqa: ASYNC110 - storage alone knows
        await asyncio.sleep(0.02)


async def test_nothing_is_lost_while_partitions_move_during_work(hub: Hub) -> None:
    """A second host joins and leaves repeatedly while chains run."""
    first = await hub.host()
    instances: list[str] = []
    for round_ in range(3):
        instances += [await first.start_instance("chain", f"r{round_}-{number}") for number in range(12)]
        guest = await hub.host()
        instances += [await guest.start_instance("chain", f"g{round_}-{number}") for number in range(4)]
        await _wait_until(lambda guest=guest: guest.partitions() == 2)  # type: ignore[misc]
        instances += [await guest.start_instance("chain", f"h{round_}-{number}") for number in range(4)]
        await guest.leave()
    assert await outputs(first, instances, A_LEASE_AND_MORE_S) == ["3"] * len(instances)


async def test_another_host_finishes_the_work_of_a_dead_one(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is known to be gone, or its lease has run out."""
    one, other = await hub.host(), await hub.host()
    await _wait_until(lambda: (one.partitions(), other.partitions()) == (2, 2))
    instances = [await one.start_instance("fan", f"fan-{number}") for number in range(8)]
    await one.stop_abruptly()
    monkeypatch.setattr(ownership_module, "is_gone", lambda owner: owner == "host-1")
    await _wait_until(lambda: other.partitions() == 4)
    assert await outputs(other, instances) == ["780"] * 8


async def test_a_stale_row_of_a_dead_host_is_corrected(
    hub: Hub, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its history was stored, its row was not; a query would be wrong until the instance's next event."""
    monkeypatch.setattr(ownership_module, "is_gone", lambda owner: owner == "host-1")
    transport = FaultyTransport(StorageAccount.parse(azurite.connection_string))
    one = await hub.host(transport)
    await one.start_instance("stages", "i")
    transport.arm(Fault.STUCK, 0, only="table PATCH")
    answering = asyncio.create_task(one.raise_answer("i", '"yes"'))
    await transport.has_struck.wait()
    await one.stop_abruptly()
    answering.cancel()
    other = await hub.host()
    assert (await other.hub.instances.get("i") or pytest.fail("no row")).custom_status == "1"
    await other.listener.recovery.recover()
    async with asyncio.timeout(10):
        while (await other.hub.instances.get("i") or pytest.fail("no row")).custom_status != "2":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_result_that_arrives_before_its_history_is_kept(hub: Hub, azurite: Azurite) -> None:
    """One host stores its histories late; the other finishes the activities long before."""
    account = StorageAccount.parse(azurite.connection_string)
    async with losing(account, azurite.connection_string, lambda *_: False, delay=_late_history) as through_the_proxy:
        slow = await hub.host(Transport(StorageAccount.parse(through_the_proxy)))
        instance = "slow-fan"
        fast = await hub.host()
        await slow.start_instance("fan", instance)
        assert await outputs(fast, [instance]) == ["780"]
        await slow.stop_abruptly()


def _late_history(_verb: str, path: str) -> float:
    return 0.3 if path.endswith("$batch") else 0.0
