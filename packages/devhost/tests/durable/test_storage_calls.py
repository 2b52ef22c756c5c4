"""How many calls of storage a piece of work costs, exactly, in both modes. `docs/storage-modes.md` shows the figures.

Renewals of leases, polls of queues and renewals of messages go by time, not by work, and are left out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.durable import journal as journal_module
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage_mode import StorageMode
from packages.devhost.tests.durable.hosts import Host, Hub
from packages.devhost.tests.faults import NotingTransport

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(120)]

STANDARD, JOURNAL = StorageMode.STANDARD, StorageMode.JOURNAL


class CountedHost:
    """A host whose calls are counted; in journal mode it deletes what is left over only when told to."""

    def __init__(self, host: Host, transport: NotingTransport) -> None:
        self.host = host
        self._transport = transport

    async def wait_until_settled(self) -> None:
        """Return when nothing is under way, and what is left over is deleted."""
        await self.host.in_flight.quiet()
        if isinstance(self.host.engine._outbox, journal_module.JournalOutbox):
            await self.host.engine._outbox._clean_up()

    def take_counts(self) -> dict[str, int]:
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
async def counted(azurite: Azurite, mode: StorageMode, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CountedHost]:
    """With one host of each mode."""
    monkeypatch.setattr(journal_module, "CLEAN_UP_AFTER_S", 3600.0)
    async with AsyncExitStack() as stack:
        transport = NotingTransport(StorageAccount.parse(azurite.connection_string))
        host = await Hub(azurite.connection_string, stack, mode).host(transport)
        counted = CountedHost(host, transport)
        await counted.wait_until_settled()
        counted.take_counts()
        yield counted
        await host.leave()


async def _cost(counted: CountedHost, work: Callable[[], Awaitable[object]]) -> dict[str, int]:
    await work()
    await counted.wait_until_settled()
    return counted.take_counts()


READS = {"table GET": 2}
"""As the id is given."""


@pytest.mark.parametrize(
    ("name", "both", "only"),
    [
        pytest.param(
            "five",
            READS,
            {
                STANDARD: {"table POST": 6, "table PATCH": 2, "queue POST": 5, "queue DELETE": 5},
                JOURNAL: {"table POST": 1, "table PATCH": 7},
            },
            id="chain of five",
        ),
        pytest.param(
            "parent",
            {"table GET": 3},
            {
                STANDARD: {"table POST": 3, "table PATCH": 3, "queue POST": 2, "queue DELETE": 2},
                JOURNAL: {"table POST": 3, "table PATCH": 3, "table DELETE": 1},
            },
            id="child",
        ),
        pytest.param(
            "asks",
            {"table GET": 3},
            {
                STANDARD: {"table POST": 4, "table PATCH": 3, "queue POST": 3, "queue DELETE": 3},
                JOURNAL: {"table POST": 3, "table PATCH": 3, "table DELETE": 1},
            },
            id="entity call",
        ),
    ],
)
async def test_the_calls_of_an_instance_from_its_start_to_its_end(
    counted: CountedHost, mode: StorageMode, name: str, both: dict[str, int], only: dict[StorageMode, dict[str, int]]
) -> None:
    """Six episodes of a chain, and the row at the start and at the end.

    In journal mode a commit is a change of one row, as long as no message goes with it. A child and an entity call need
    one call more than episodes: the answer's row is deleted.

    In standard mode an entity call's fourth is the row of the start, which is put on a queue before the request.
    """
    assert await _cost(counted, lambda: counted.host.start_instance(name, name)) == {**both, **only[mode]}


async def test_the_calls_of_an_event(counted: CountedHost, mode: StorageMode) -> None:
    """Waiting costs a commit and a row, and so does the event: in both modes it is answered when it is history."""
    assert await _cost(counted, lambda: counted.host.start_instance("approval", "i")) == {
        "table GET": 2, "table POST": 1, "table PATCH": 1
    }  # fmt: skip
    event = {"table PATCH": 2} if mode is JOURNAL else {"table POST": 1, "table PATCH": 1}
    assert await _cost(counted, lambda: counted.host.raise_answer("i", "1")) == event


async def test_the_calls_of_a_fan_out_of_a_thousand(counted: CountedHost, mode: StorageMode) -> None:
    """A put and a delete for each in standard mode; one for each batch of 99 rows, or less of what came at once."""
    calls = await _cost(counted, lambda: counted.host.start_instance("thousand", "i"))
    puts, deletes = calls.pop("queue POST", 0), calls.pop("queue DELETE", 0)
    assert puts == deletes
    assert puts in ((1000, 1001) if mode is STANDARD else (0,))  # a start that takes long is put on a queue too
    assert sum(calls.values()) < 120
