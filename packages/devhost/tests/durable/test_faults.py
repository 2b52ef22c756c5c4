"""One call of storage goes wrong, whichever and in whatever way: every instance ends as it should.

The call is the Nth since the instance was started, for N = 0 until the instance ends before it comes to that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import count

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.durable.ports import InstanceExists
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.storage.account import StorageAccount, StorageFailure
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.hosts import Host, Hub
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
    ("adds", Fault.FORBIDDEN),
    ("family", Fault.GARBAGE),
]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A host on a hub of its own, what makes its storage go wrong, and the hub as others see it."""

    host: Host
    transport: FaultyTransport
    hub: TaskHub

    async def output(self, instance_id: str) -> str | None:
        """What the instance's row says that it returned, as soon as it says so; None where it never does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(12):
                while True:
                    row = await self.hub.instances.get(instance_id)
                    if row is not None and row.status is RuntimeStatus.COMPLETED:
                        return row.output
                    await asyncio.sleep(0.03)
        return None


@pytest.fixture
async def bench(azurite: Azurite) -> AsyncIterator[Bench]:
    """With one host."""
    account = StorageAccount.parse(azurite.connection_string)
    async with AsyncExitStack() as stack:
        hub = Hub(azurite.connection_string, stack)
        transport = FaultyTransport(account)
        host = await hub.host(transport)
        seen = await hub.open(await stack.enter_async_context(Transport(account)))
        yield Bench(host=host, transport=transport, hub=seen)
        await host.leave()


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name in RIGHT for fault in Fault] if LONG else QUICK)
async def test_an_instance_ends_as_it_should(bench: Bench, name: str, fault: Fault) -> None:
    """At every call; a caller may be told of a failure, and a second attempt of the same call is then fine."""
    host, transport = bench.host, bench.transport
    wrong = []
    for at in count():
        transport.arm(fault, at)
        instance_id = f"{name}-{at}"
        await _begin(host, name, instance_id)
        if name == "answers":
            for number in (1, 2, 3):
                await _say(host, instance_id, str(number))
        output = await bench.output(instance_id)
        if output != RIGHT[name]:
            wrong.append((at, transport.struck, output, host.watcher.troubles[-3:]))
        if not transport.struck:
            break
    assert wrong == []
    assert at > 5


async def _begin(host: Host, name: str, instance_id: str) -> None:
    try:
        await host.begin(name, instance_id)
    except (StorageFailure, StorageUnavailable):
        try:
            await host.begin(name, instance_id)
        except InstanceExists:
            return


async def _say(host: Host, instance_id: str, text: str) -> None:
    """Raise an event. Who is told of a failure looks whether it was taken before raising it again."""
    try:
        await host.say(instance_id, text)
    except (StorageFailure, StorageUnavailable):
        events = (await host.hub.history.read(instance_id)).events
        if not any(getattr(event, "input", None) == text for event in events):
            await host.say(instance_id, text)
