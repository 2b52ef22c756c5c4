"""One call of storage goes wrong, whichever and in whatever way: every instance ends as it should.

The call is the Nth since the instance was started, for N = 0 until the instance ends before it comes to that. All of it
holds in both storage modes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import count
from random import Random

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.durable.ports import InstanceExists
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.storage.account import StorageAccount, StorageFailure
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.hosts import Host, Hub, outputs
from packages.devhost.tests.faults import Fault, FaultyTransport
from tests.long import LONG

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(1200)]

RIGHT = {
    "chain": "3",
    "fan": "780",
    "family": "6",
    "answers": "[1,2,3]",
    "adds": "[101,202,303]",
    "signals": "3",
    "generations": "3",
    "race": '"timer"',
}
QUICK = [
    ("chain", Fault.LOST),
    ("answers", Fault.LOST),
    ("adds", Fault.LOST),
    ("signals", Fault.FAILED_AFTER),
    ("chain", Fault.FORBIDDEN),
]


@dataclass(frozen=True, kw_only=True)
class FaultBench:
    """A host on a hub of its own, what makes its storage go wrong, and the hub as others see it."""

    host: Host
    transport: FaultyTransport
    hub: TaskHub

    async def output(self, instance_id: str, patience_s: float = 12.0) -> str | None:
        """What the instance's row says that it returned, as soon as it says so; None where it never does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while True:
                    row = await self.hub.instances.get(instance_id)
                    if row is not None and row.status is RuntimeStatus.COMPLETED:
                        return row.output
                    await asyncio.sleep(0.03)
        return None


@pytest.fixture
async def bench(azurite: Azurite, mode: StorageMode) -> AsyncIterator[FaultBench]:
    """With one host."""
    account = StorageAccount.parse(azurite.connection_string)
    async with AsyncExitStack() as stack:
        hub = Hub(azurite.connection_string, stack, mode)
        transport = FaultyTransport(account)
        host = await hub.host(transport)
        seen = await hub.open(await stack.enter_async_context(Transport(account)))
        yield FaultBench(host=host, transport=transport, hub=seen)
        await host.leave()


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for name in RIGHT for fault in list(Fault)[:-2]] if LONG else QUICK
)
async def test_an_instance_ends_as_expected_despite_one_fault(bench: FaultBench, name: str, fault: Fault) -> None:
    """At every call; a caller may get an error, and a second attempt of the same call succeeds."""
    host, transport = bench.host, bench.transport
    wrong = []
    for at in count():
        transport.arm(fault, at)
        instance_id = f"{name}-{at}"
        await _start_instance(host, name, instance_id)
        if name == "answers":
            for number in (1, 2, 3):
                await _raise_answer(host, instance_id, str(number))
        output = await bench.output(instance_id)
        if output != RIGHT[name]:
            wrong.append((at, transport.struck, output, host.observer.troubles[-3:]))
        if not transport.struck:
            break
    assert wrong == []
    assert at > (5 if bench.hub.mode is StorageMode.STANDARD else 3)


@pytest.mark.parametrize("seed", range(8 if LONG else 1))
async def test_instances_of_all_kinds_end_as_expected_despite_many_faults(bench: FaultBench, seed: int) -> None:
    """One call in twelve fails, in any way: commits, messages, rows, leases and polls."""
    names = [name for name in RIGHT if name != "answers"] * (6 if LONG else 3)
    instances = {f"{name}-{number}": name for number, name in enumerate(names)}
    bench.transport.rain(Random(seed), 1 / 12)
    await asyncio.gather(*(_start_instance(bench.host, name, instance_id) for instance_id, name in instances.items()))
    found = await asyncio.gather(*(bench.output(each, 90.0) for each in instances))
    assert bench.transport.strikes > 15
    bench.transport.rain(None)
    outputs_by_id = dict(zip(instances, found, strict=True))
    assert {each: output for each, output in outputs_by_id.items() if output != RIGHT[instances[each]]} == {}


@pytest.mark.parametrize("name", sorted(RIGHT) if LONG else ["adds"])
@pytest.mark.parametrize("fault", [Fault.STUCK, Fault.STUCK_AFTER])
async def test_another_host_finishes_the_instances_of_a_dead_one(
    azurite: Azurite, name: str, fault: Fault, mode: StorageMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first host dies at the Nth call, before or after it took effect; each N, or each third, has its own hub."""
    monkeypatch.setattr(ownership_module, "is_gone", lambda owner: owner == "host-1")
    at_once = asyncio.Semaphore(6)

    async def outlive(at: int) -> tuple[str, str | None]:
        async with at_once:
            return await _outlive(Hub(azurite.connection_string, stack, mode), azurite, name, fault, at)

    calls = range(0, {"chain": 18, "fan": 60, "family": 30, "generations": 30}.get(name, 24), 1 if LONG else 3)
    async with AsyncExitStack() as stack:
        found = await asyncio.gather(*(outlive(at) for at in calls))
    wrong = [(at, struck, output) for at, (struck, output) in zip(calls, found, strict=True) if output != RIGHT[name]]
    assert wrong == []
    assert sum(bool(struck) for struck, _ in found) > 5


async def _outlive(hub: Hub, azurite: Azurite, name: str, fault: Fault, at: int) -> tuple[str, str | None]:
    transport = FaultyTransport(StorageAccount.parse(azurite.connection_string))
    first = await hub.host(transport)
    transport.arm(fault, at)
    play = asyncio.create_task(_play(first, name, "i"))
    struck = asyncio.create_task(transport.has_struck.wait())
    await asyncio.wait((play, struck), timeout=15, return_when=asyncio.FIRST_COMPLETED)
    play.cancel()
    struck.cancel()
    await first.stop_abruptly()
    second = await hub.host()
    await _play(second, name, "i")
    (output,) = await outputs(second, ["i"], 30.0)
    await second.leave()
    return transport.struck + " " + " | ".join([*first.observer.troubles, *second.observer.troubles]), output


async def _play(host: Host, name: str, instance_id: str) -> None:
    """Start an instance and do what its caller does until it has ended; a second time, what is still to be done."""
    with suppress(InstanceExists):
        if await host.engine.record(instance_id) is None:
            await host.start_instance(name, instance_id)
    if name == "answers":
        for number in (1, 2, 3):
            events = (await host.hub.history.read(instance_id)).events
            if not any(getattr(event, "input", None) == str(number) for event in events):
                await host.raise_answer(instance_id, str(number))
    await outputs(host, [instance_id])


async def _start_instance(host: Host, name: str, instance_id: str) -> None:
    """Start an instance, again and again until it is taken; one that was taken already exists then."""
    for attempt in count():
        try:
            await host.start_instance(name, instance_id)
        except InstanceExists:
            assert attempt
        except (StorageFailure, StorageUnavailable):
            continue
        return


async def _raise_answer(host: Host, instance_id: str, text: str) -> None:
    """Raise an event. Who is told of a failure looks whether it was taken before raising it again."""
    try:
        await host.raise_answer(instance_id, text)
    except (StorageFailure, StorageUnavailable):
        events = (await host.hub.history.read(instance_id)).events
        if not any(getattr(event, "input", None) == text for event in events):
            await host.raise_answer(instance_id, text)
