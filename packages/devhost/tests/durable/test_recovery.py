"""What a start costs for instances that wait, and that none of their timers is lost for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock, VirtualClock
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.durable import recovery as recovery_module
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    TaskScheduled,
    TimerCreated,
)
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.history import HistoryStore, StoredHistory
from packages.devhost.tests.durable.hosts import Host, Hub

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(120)]

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
STANDARD, JOURNAL = StorageMode.STANDARD, StorageMode.JOURNAL


class StartingHost:
    """A hub, and a host that is about to start on it. `read` are the instances whose histories were read meanwhile."""

    def __init__(self, hub: Hub, host: Host) -> None:
        self.hub = hub
        self.host = host
        self.read: set[str] = set()

    async def store(self, instance_id: str, *events: HistoryEvent, status: RuntimeStatus | None = None) -> None:
        """What a host leaves of an instance after its first episode; `status` is what its row says, if not Running."""
        ref = InstanceRef(instance_id=instance_id, execution_id=f"e-{instance_id}")
        started = ExecutionStarted(timestamp=BEGAN, instance=ref, name="race", input="null")
        rows = [OrchestratorStarted(timestamp=BEGAN), started, *events, OrchestratorCompleted(timestamp=BEGAN)]
        await self.host.hub.history.append(instance_id, f"e-{instance_id}", first_row=0, events=rows, etag=None)
        row = InstanceRecord(
            instance_id=instance_id, execution_id=f"e-{instance_id}", name="race",
            status=status or RuntimeStatus.RUNNING, created_time=BEGAN, last_updated_time=BEGAN,
        )  # fmt: skip
        await self.host.hub.instances.merge(row)

    async def start(self) -> None:
        """Bring back what is open, with an engine that does not work yet."""
        await self.host.ownership.claim()
        await self.host.listener.recovery.recall()
        await self.host.listener.recovery.recover()

    def armed_timers(self) -> list[tuple[datetime, str, int]]:
        """The timers on the heap: when, of which instance, which of its tasks."""
        heap = sorted(self.host.engine.timers._heap)
        return [(due, message.target.instance_id, message.event.timer_id) for due, _, message, _ in heap]  # type: ignore[union-attr]  # nothing else is armed


def timer(number: int, due: datetime) -> TimerCreated:
    """A timer that was set in the first episode."""
    return TimerCreated(event_id=number, timestamp=BEGAN, fire_at=due)


@pytest.fixture
async def starting_host(
    azurite: Azurite, mode: StorageMode, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StartingHost]:
    """A host of each mode."""
    monkeypatch.setattr(ownership_module, "is_gone", lambda owner: owner.startswith("host-"))
    async with AsyncExitStack() as stack:
        hub = Hub(azurite.connection_string, stack, mode)
        transport = await stack.enter_async_context(Transport(StorageAccount.parse(azurite.connection_string)))
        starting_host = StartingHost(hub, Host("host-x", await hub.open(transport), hub.runs))
        read = HistoryStore.read

        async def note_and_read(
            store: HistoryStore, instance_id: str, execution_id: str | None = None
        ) -> StoredHistory:
            starting_host.read.add(instance_id)
            return await read(store, instance_id, execution_id)

        monkeypatch.setattr(HistoryStore, "read", note_and_read)
        yield starting_host


@pytest.mark.parametrize("mode", [JOURNAL])
async def test_the_history_of_an_instance_that_waits_is_not_read(starting_host: StartingHost) -> None:
    """Its timers are armed all the same, and it takes no place in memory; that of one with an activity is read."""
    later = SystemClock().now() + timedelta(hours=72)
    for number in range(20):
        await starting_host.store(f"waits{number:02}", timer(0, later), timer(1, later + timedelta(hours=1)))
    await starting_host.store("asks")
    await starting_host.store("works", timer(1, later), TaskScheduled(event_id=0, timestamp=BEGAN, name="a"))
    await starting_host.start()
    assert starting_host.read == {"works"}
    waiting = [(later + timedelta(hours=n), f"waits{number:02}", n) for n in (0, 1) for number in range(20)]
    assert sorted(starting_host.armed_timers()) == sorted([*waiting, (later, "works", 1)])
    assert not starting_host.host.engine._live._live


@pytest.mark.parametrize("mode", [JOURNAL])
async def test_a_sentinel_that_says_nothing_costs_a_read(starting_host: StartingHost, tables: TableService) -> None:
    """A hub of an older devhost is recovered as before, and so is what a commit has left that broke off."""
    later = SystemClock().now() + timedelta(hours=1)
    for instance_id, is_whole in (("old", True), ("broken", False)):
        await starting_host.store(instance_id, timer(0, later))
        key = {"PartitionKey": instance_id, "RowKey": "sentinel"}
        sentinel = {**key, "ExecutionId": f"e-{instance_id}", "IsCheckpointComplete": is_whole}
        await tables.upsert_replace(starting_host.host.hub.names.history, sentinel)
    await starting_host.start()
    assert starting_host.read == {"broken", "old"}
    assert sorted(starting_host.armed_timers()) == [(later, "broken", 0), (later, "old", 0)]


@pytest.mark.parametrize("mode", [STANDARD, JOURNAL])
@pytest.mark.parametrize("most", [0, 64])
async def test_a_row_that_hides_an_end_is_corrected(
    starting_host: StartingHost, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long ago the host before the last one died, and however many instances are alive."""
    monkeypatch.setattr(recovery_module, "MOST_READ", most)
    later = SystemClock().now() + timedelta(hours=1)
    when = BEGAN + timedelta(hours=1)
    done = ExecutionCompleted(event_id=9, timestamp=when, status=RuntimeStatus.COMPLETED, result="1")
    await starting_host.store("over", timer(0, later), done)
    await starting_host.store("alive")
    await starting_host.start()
    assert starting_host.armed_timers() == []
    found = {each.instance_id: each async for each in starting_host.host.hub.instances.every(InstanceFilter())}
    assert {key: row.status for key, row in found.items()} == {
        "over": RuntimeStatus.COMPLETED, "alive": RuntimeStatus.RUNNING
    }  # fmt: skip


@pytest.mark.parametrize("mode", [STANDARD])
@pytest.mark.parametrize("clock", [SystemClock(), VirtualClock(timedelta(hours=2))])
async def test_the_timers_of_very_many_are_found_at_once(
    starting_host: StartingHost, clock: SystemClock | VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of living instances; one that was due before is on its queue, but hidden for long on a virtual clock."""
    monkeypatch.setattr(recovery_module, "MOST_READ", 1)
    starting_host.host.listener.recovery._clock = clock
    soon, later = SystemClock().now() + timedelta(hours=1), SystemClock().now() + timedelta(hours=5)
    await starting_host.store("a", timer(0, soon))
    await starting_host.store("b", timer(0, later), timer(1, BEGAN))
    await starting_host.store("ended", timer(0, later), status=RuntimeStatus.TERMINATED)
    await starting_host.store("latest")
    newest = InstanceRecord(instance_id="latest", last_updated_time=BEGAN + timedelta(hours=1))
    await starting_host.host.hub.instances.merge(newest)
    await starting_host.start()
    assert starting_host.read == {"latest"}
    before = [(BEGAN, "b", 1)] if clock.kind == "virtual" else []
    assert starting_host.armed_timers() == [*before, (soon, "a", 0), (later, "b", 0)]


@pytest.mark.parametrize("mode", [STANDARD, JOURNAL])
async def test_rows_that_are_right_cost_no_read_after_a_crash(
    starting_host: StartingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All histories of the last seconds may be ahead of their rows; the times of both say which are."""
    monkeypatch.setattr(recovery_module, "MOST_READ", 0)
    first = await starting_host.hub.host()
    for number in range(5):
        await first.start_instance("stages", f"i{number}")
    await first.in_flight.quiet()
    await first.stop_abruptly()
    behind = InstanceRecord(instance_id="i3", last_updated_time=BEGAN, custom_status="0")
    await starting_host.host.hub.instances.merge(behind)
    starting_host.read.clear()
    working = asyncio.ensure_future(starting_host.host.engine.run())
    await starting_host.start()
    working.cancel()
    assert starting_host.read == {"i3"}
    assert (await starting_host.host.hub.instances.get("i3") or pytest.fail("no row")).custom_status == "1"
