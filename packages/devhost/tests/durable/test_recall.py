"""What a host in journal mode brings back of one that has died: messages, activities, timers, rows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import activities as activities_module
from durable_devhost.durable import engine as engine_module
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.durable.ports import Outcome
from durable_devhost.model.history import EventRaised, InstanceRef, RuntimeStatus
from durable_devhost.model.messages import Message
from durable_devhost.model.traces import Trace
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.journal import Pending
from packages.devhost.tests.durable.hosts import PARTITIONS, App, Host, Hub, outputs
from packages.devhost.tests.faults import Fault, FaultyTransport

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(120)]


@pytest.fixture
async def hub(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A hub in journal mode, on which every host but the last is known to be gone."""
    monkeypatch.setattr(ownership_module, "is_gone", lambda owner: owner.startswith("host-"))
    async with AsyncExitStack() as stack:
        yield Hub(azurite.connection_string, stack, StorageMode.JOURNAL)


class StuckApp(App):
    """Its activities never end."""

    async def run_activity(self, name: str, input_text: str, instance_id: str, trace: Trace | None) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


def _stop_activities(host: Host) -> None:
    host.engine.activities._app = StuckApp([])


async def test_an_open_activity_runs_again_with_its_input(hub: Hub) -> None:
    """Which no message has; those that have a result do not."""
    first = await hub.host()
    _stop_activities(first)
    await first.start_instance("chain", "i")
    await first.start_instance("fan", "j")
    await first.stop_abruptly()
    second = await hub.host()
    assert await outputs(second, ["i", "j"]) == ["3", "780"]
    assert sorted(hub.runs) == sorted([*(f"i {n}" for n in range(3)), *(f"j {n}" for n in range(40))])


async def test_an_open_http_call_is_sent_again_where_inputs_are_stored(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history of the real host has the inputs of activities then, but never the request."""
    hub.store_inputs = True
    first = await hub.host()
    with monkeypatch.context() as patch:
        patch.setattr(activities_module, "call_http", lambda _: asyncio.Event().wait())
        await first.start_instance("fetches", "i")
        await first.stop_abruptly()
    second = await hub.host()
    assert "(127.0.0.1:9)" in str(await outputs(second, ["i"]))


async def test_what_is_at_it_does_not_run_twice(hub: Hub) -> None:
    """A host that claims a partition again looks at what it still has in hand."""
    host = await hub.host()
    _stop_activities(host)
    await host.start_instance("fan", "i")
    await host.listener.recovery.recall()
    await host.listener.recovery.recover()
    activities = host.engine.activities
    assert (len(activities._waiting), activities._running) == (36, 4)


async def test_a_lease_that_lapsed_and_is_renewed_brings_nothing_back(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else was at it, and all is still in memory: an activity that has ended must not run again."""
    host = await hub.host()
    _stop_activities(host)
    await host.start_instance("chain", "i")
    recalled: list[str] = []
    monkeypatch.setattr(host.listener.recovery, "_recall", lambda: recalled.append("messages"))
    monkeypatch.setattr(host.listener.recovery, "_recover", lambda: recalled.append("activities"))
    host.ownership._valid_until = dict.fromkeys(range(PARTITIONS), 0.0)
    assert host.partitions() == 0
    await host.ownership._pass()
    assert host.partitions() == PARTITIONS
    await host.start_instance("approval", "j")
    await host.raise_answer("j", "5")
    assert await outputs(host, ["j"]) == ["5"]
    assert recalled == []


async def test_events_that_were_answered_come_back_in_their_order(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie beside the history of their instance, which was at work."""
    first = await hub.host()
    await first.start_instance("answers", "i")
    await first.in_flight.quiet()
    monkeypatch.setattr(engine_module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(first.engine._decider, "decide", lambda *_: asyncio.Event().wait())  # a step that blocks
    for number in (1, 2, 3):
        await first.raise_answer("i", str(number))
    assert [each.entry.instance_id async for each in first.hub.journal.pending() if isinstance(each, Pending)] == [
        "i", "i", "i"
    ]  # fmt: skip
    await first.stop_abruptly()
    second = await hub.host()
    assert await outputs(second, ["i"]) == ["[1,2,3]"]


async def test_a_row_that_was_never_written_does_not_hide_an_instance(hub: Hub, azurite: Azurite) -> None:
    """Nor does it where the next host dies before it has looked: the histories are compared with the rows."""
    transport = FaultyTransport(StorageAccount.parse(azurite.connection_string))
    first = await hub.host(transport)
    _stop_activities(first)
    transport.arm(Fault.STUCK, 0, only="table PATCH")
    beginning = asyncio.create_task(first.start_instance("chain", "i"))
    await transport.has_struck.wait()
    await first.stop_abruptly()
    beginning.cancel()
    async with Transport(StorageAccount.parse(azurite.connection_string)) as plain:
        between = Host("host-between", await hub.open(plain), hub.runs)
        await between.ownership.claim()
    third = await hub.host()
    await third.listener.recovery.recover()
    assert (await third.hub.instances.get("i") or pytest.fail("no row")).status is not None
    assert await outputs(third, ["i"]) == ["3"]


async def test_a_message_that_is_due_later_is_delivered_when_it_is_due(hub: Hub) -> None:
    """A signal to an entity, which has no other trace."""
    first = await hub.host()
    due = SystemClock().now() + timedelta(seconds=0.5)
    request = '{"op":"add","signal":true,"input":"\\"7\\"","id":"1"}'
    signal = EventRaised(timestamp=SystemClock().now(), name="op", input=request)
    target = InstanceRef(instance_id="@counter@k", execution_id=None)
    await first.hub.journal.add(
        Pending(entry=first.hub.journal.entry("i", due), message=Message(event=signal, target=target), due=due)
    )
    await first.stop_abruptly()
    second = await hub.host()
    assert second.engine.timers.next_due() == due
    async with asyncio.timeout(10):
        while await second.engine.record("@counter@k") is None:  # noqa: ASYNC110 - storage alone knows
            await asyncio.sleep(0.02)
    assert SystemClock().now() >= due


async def test_a_timer_is_told_by_its_history(hub: Hub) -> None:
    """There is no message of it."""
    first = await hub.host()
    await first.start_instance("race", "i")
    await first.stop_abruptly()
    assert [each async for each in first.hub.journal.pending()] == []
    second = await hub.host()
    assert await outputs(second, ["i"]) == ['"timer"']


async def test_a_message_that_cannot_be_read_is_named_and_left(hub: Hub, azurite: Azurite) -> None:
    """The host starts all the same."""
    first = await hub.host()
    await first.leave()
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        row = {"PartitionKey": "i", "RowKey": "outbox-1", "Message": "nonsense"}
        await TableService(transport).insert(first.hub.names.history, row)
    second = await hub.host()
    assert [each for each in second.observer.troubles if "Row outbox-1 of instance 'i'" in each]
    await second.start_instance("chain", "j")
    assert await outputs(second, ["j"]) == ["3"]


async def test_a_long_activity_is_no_lost_message(hub: Hub) -> None:
    """In standard mode an open activity without a work item is; here none has one."""
    first = await hub.host()
    _stop_activities(first)
    await first.start_instance("chain", "i")
    await first.stop_abruptly()
    second = await hub.host()
    _stop_activities(second)
    assert second.listener.recovery._suspects == []


async def test_a_start_of_another_process_is_taken_from_the_queue(hub: Hub, azurite: Azurite) -> None:
    """As is an event: whoever has a client alone, such as the SDK of another host, puts both there."""
    host = await hub.host()
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        foreign = Host("client", await hub.open(transport), hub.runs)
        await foreign.start_instance("approval", "i")
        assert (await foreign.engine.record("i") or pytest.fail("no row")).status is RuntimeStatus.PENDING
        async with asyncio.timeout(20):
            while (await host.hub.instances.get("i") or pytest.fail("no row")).status is RuntimeStatus.PENDING:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await foreign.raise_answer("i", "5")
        assert await outputs(host, ["i"]) == ["5"]
