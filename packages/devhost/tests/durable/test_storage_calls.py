"""How many calls of storage a piece of work costs, exactly, in both modes. `docs/storage-modes.md` shows the figures.

Renewals of leases, polls of queues and renewals of messages go by time, not by work, and are left out.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.durable import journal as journal_module
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage_mode import StorageMode
from packages.devhost.tests.durable.hosts import Host, Hub, outputs
from packages.devhost.tests.faults import NotingTransport

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(120)]

STANDARD, JOURNAL = StorageMode.STANDARD, StorageMode.JOURNAL


class Till:
    """A host whose calls are counted; in journal mode it deletes what is left over only when told to."""

    def __init__(self, host: Host, transport: NotingTransport) -> None:
        self.host = host
        self._transport = transport

    async def settled(self) -> None:
        """Return when nothing is under way, and what is left over is deleted."""
        await self.host.in_flight.quiet()
        if isinstance(self.host.engine._outbox, journal_module.JournalOutbox):
            await self.host.engine._outbox._clean_up()

    def calls(self) -> dict[str, int]:
        """The calls so far by kind, and no more of them."""
        counts: dict[str, int] = {}
        for note in self._transport.notes:
            _, service, verb, path = note.split(" ", 3)
            is_work = (service, verb) not in (("queue", "GET"), ("queue", "PUT")) and "Partitions" not in path
            if note.startswith(">") and service != "blob" and is_work:
                counts[f"{service} {verb}"] = counts.get(f"{service} {verb}", 0) + 1
        self._transport.notes.clear()
        return counts


@pytest.fixture
async def till(azurite: Azurite, mode: StorageMode, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Till]:
    """With one host of each mode."""
    monkeypatch.setattr(journal_module, "CLEAN_UP_AFTER_S", 3600.0)
    async with AsyncExitStack() as stack:
        transport = NotingTransport(StorageAccount.parse(azurite.connection_string))
        host = await Hub(azurite.connection_string, stack, mode).host(transport)
        till = Till(host, transport)
        await till.settled()
        till.calls()
        yield till
        await host.leave()


async def _cost(till: Till, work: Callable[[], Awaitable[object]]) -> dict[str, int]:
    await work()
    await till.settled()
    return till.calls()


@pytest.mark.parametrize("name", ["five", "thousand", "parent", "asks"])
async def test_probe(till: Till, mode: StorageMode, name: str) -> None:
    print("PROBE", mode, name, await _cost(till, lambda: till.host.begin(name, name)))


async def test_probe2(till: Till, mode: StorageMode) -> None:
    await till.host.begin("approval", "w")
    await till.settled()
    print("PROBE", mode, "begin", till.calls())
    print("PROBE", mode, "event", await _cost(till, lambda: till.host.say("w", "1")))
