"""Messages in the History table: stored and deleted with a commit, and what is left of one that breaks off."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.model.history import EventRaised, InstanceRef, OrchestratorStarted, TaskScheduled
from durable_devhost.model.messages import CorruptMessage, Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import Operation, TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Entry, Pending, deletion
from packages.devhost.tests.faults import Fault, FaultyTransport
from packages.devhost.tests.taskhub.test_history import LARGE, WHEN, episode, scheduled_activities, start_event

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _message(text: str = "1") -> Message:
    event = EventRaised(timestamp=NOW, name="Go", input=text)
    return Message(event=event, target=InstanceRef(instance_id="other", execution_id=None))


def _pending(hub: TaskHub, text: str = "1", due: datetime | None = None) -> Pending:
    return Pending(entry=hub.journal.entry("i", NOW), message=_message(text), due=due)


async def _insertions(hub: TaskHub, pending: Sequence[Pending]) -> list[Operation]:
    return [await hub.journal.insertion(each) for each in pending]


async def _read_pending(hub: TaskHub, *, tidies: bool = False) -> list[Pending | CorruptMessage]:
    return [each async for each in hub.journal.pending(tidies=tidies)]


async def _commit(
    hub: TaskHub, events: Sequence[object], beside: Sequence[Operation] = (), before: StoredHistory | None = None,
    if_whole: Sequence[Operation] = (),
) -> bool:  # fmt: skip
    known = before or StoredHistory()
    appended = await hub.history.append(
        "i", "e1", first_row=known.row_count, events=events, etag=known.etag, tail=known.tail,  # type: ignore[arg-type]  # events
        beside=beside, if_whole=if_whole,
    )  # fmt: skip
    return appended.is_whole


async def _open(transport: Transport, hub_name: str) -> TaskHub:
    return await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock(), mode=StorageMode.JOURNAL)


@pytest.fixture
async def hub(transport: Transport, hub_name: str) -> TaskHub:
    """An empty hub in journal mode."""
    return await _open(transport, hub_name)


@pytest.fixture
def account(azurite: Azurite) -> StorageAccount:
    """The account of the tests' Azurite."""
    return StorageAccount.parse(azurite.connection_string)


async def test_messages_are_found_in_the_order_of_their_sending(hub: TaskHub) -> None:
    """With all that they hold, also what is too large for a column; the history is read without them."""
    sent = [_pending(hub, text) for text in ("1", LARGE, "3")] + [_pending(hub, "4", NOW + timedelta(hours=1))]
    assert await _commit(hub, episode(start_event()), await _insertions(hub, sent))
    assert await _read_pending(hub) == sent
    assert (await hub.history.read("i")).events == tuple(episode(start_event()))


async def test_a_message_that_is_stored_alone_is_found_and_makes_no_history(hub: TaskHub) -> None:
    """An event for an instance that was never committed."""
    alone = _pending(hub)
    await hub.journal.add(alone)
    await hub.journal.add(alone)  # a request that is repeated, as its answer was lost
    assert await _read_pending(hub) == [alone]
    assert await hub.history.read("i") == StoredHistory()


async def test_a_commit_deletes_what_had_its_effect(hub: TaskHub) -> None:
    """And is refused as a whole where a row is gone; deleting alone does not mind."""
    first, second = _pending(hub), _pending(hub, "2")
    await _commit(hub, episode(start_event()), await _insertions(hub, [first, second]))
    before = await hub.history.read("i")
    await _commit(hub, [OrchestratorStarted(timestamp=WHEN)], [deletion(first.entry)], before)
    assert await _read_pending(hub) == [second]
    with pytest.raises(LostRace):
        await _commit(hub, [OrchestratorStarted(timestamp=WHEN)], [deletion(first.entry)], await hub.history.read("i"))
    await hub.journal.remove([first.entry, second.entry])
    await hub.journal.remove([second.entry])
    assert await _read_pending(hub) == []


async def test_what_is_too_much_for_one_batch_is_stored_messages_first(hub: TaskHub) -> None:
    """The deletions that need one batch are left out then, and whoever asked for them is told."""
    first = _pending(hub)
    await hub.journal.add(first)
    sent = [_pending(hub, str(number)) for number in range(150)]
    whole = await _commit(
        hub,
        episode(start_event(), *scheduled_activities(5)),
        await _insertions(hub, sent),
        if_whole=[deletion(first.entry)],
    )
    assert not whole
    assert await _read_pending(hub) == [first, *sent]
    assert len((await hub.history.read("i")).events) == 8


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_commit_that_breaks_off_has_sent_nothing(account: StorageAccount, hub_name: str, at: int) -> None:
    """What it left is not found, is tidied away, and does not keep the history from being read or written."""
    async with FaultyTransport(account) as transport:
        assert isinstance(transport, FaultyTransport)
        hub = await _open(transport, hub_name)
        old = _pending(hub, "old")
        await _commit(hub, episode(start_event()), await _insertions(hub, [old]))
        before = await hub.history.read("i")
        transport.arm(Fault.PRECONDITION, at, only="table POST")
        beside = await _insertions(hub, [_pending(hub, str(number)) for number in range(150)])
        with pytest.raises(LostRace):
            await _commit(hub, episode(*scheduled_activities(90)), beside, before)
        assert await _read_pending(hub) == [old]
        stored = await hub.history.read("i")
        assert stored.events == before.events
        assert await _read_pending(hub, tidies=True) == [old]
        await _commit(hub, episode(*scheduled_activities(1)), (), stored)
        assert await _read_pending(hub) == [old]
        assert len((await hub.history.read("i")).events) == 6


@pytest.mark.parametrize("count", [1, 150])
async def test_a_commit_without_messages_that_breaks_off_takes_none_that_were_sent(
    account: StorageAccount, hub_name: str, count: int
) -> None:
    """Whether they were sent in one batch or in several, whose name is still in the sentinel."""
    async with FaultyTransport(account) as transport:
        assert isinstance(transport, FaultyTransport)
        hub = await _open(transport, hub_name)
        sent = [_pending(hub, str(number)) for number in range(count)]
        assert await _commit(hub, episode(start_event()), await _insertions(hub, sent)) is (count == 1)
        before = await hub.history.read("i")
        transport.arm(Fault.PRECONDITION, 1, only="table POST")
        with pytest.raises(LostRace):
            await _commit(hub, episode(*scheduled_activities(150)), (), before)
        assert await _read_pending(hub, tidies=True) == sent
        assert (await hub.history.read("i")).events == before.events
        assert await _read_pending(hub) == sent


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.FAILED_AFTER])
@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_batch_of_several_whose_answer_is_lost_stood(
    account: StorageAccount, hub_name: str, at: int, fault: Fault
) -> None:
    """It is known by the commit's name and the batch's number, also where its last operation is a deletion."""
    async with FaultyTransport(account) as transport:
        assert isinstance(transport, FaultyTransport)
        hub = await _open(transport, hub_name)
        old = [_pending(hub, f"old {number}") for number in range(100)]
        await _commit(hub, episode(start_event()), await _insertions(hub, old))
        before = await hub.history.read("i")
        transport.arm(fault, at, only="table POST")
        new = [_pending(hub, "new")]
        beside = [*await _insertions(hub, new), *(deletion(each.entry) for each in old)]
        await _commit(hub, episode(*scheduled_activities(3)), beside, before)
        assert transport.struck
        assert await _read_pending(hub) == new
        assert len((await hub.history.read("i")).events) == 8


async def test_the_input_of_an_activity_is_found_by_its_task_until_the_next_generation(hub: TaskHub) -> None:
    """Rows of a longer generation before are passed over; a large one lies in a blob, which no replay reads."""
    first = await hub.history.append(
        "i", "e1", first_row=0, events=episode(start_event(), *scheduled_activities(3)), etag=None,
        inputs={0: "[0]", 1: f'["{LARGE}"]', 2: "[2]"},
    )  # fmt: skip
    assert await hub.journal.inputs("i", "e1", range(3)) == {0: "[0]", 1: f'["{LARGE}"]', 2: "[2]"}
    assert await hub.journal.inputs("i", "e1", {2}) == {2: "[2]"}
    assert {getattr(event, "input", None) for event in (await hub.history.read("i")).events} == {None}
    await hub.history.append(
        "i", "e2", first_row=0, events=episode(start_event(execution_id="e2"), *scheduled_activities(1)),
        etag=first.etag, inputs={0: "[10]"},
    )  # fmt: skip
    assert await hub.journal.inputs("i", "e2", range(3)) == {0: "[10]"}


async def test_an_input_that_the_history_does_not_have_is_kept_beside_it(transport: Transport, hub_name: str) -> None:
    """Where host.json stores inputs, that of an HTTP call alone."""
    hub = await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock(), store_inputs=True)
    other = TaskScheduled(timestamp=WHEN, name="act", event_id=1, input="[1]")
    events = episode(start_event(), *scheduled_activities(1), other)
    await hub.history.append("i", "e1", first_row=0, events=events, etag=None, inputs={0: "[0]", 1: "[1]"})
    assert await hub.journal.inputs("i", "e1", range(3)) == {0: "[0]"}


async def test_a_row_that_is_no_message_is_named(hub: TaskHub, transport: Transport) -> None:
    """With its key, so that a person can look at it; the others are found all the same."""
    tables = TableService(transport)
    await tables.insert(hub.names.history, {"PartitionKey": "i", "RowKey": "outbox-1", "Message": "nonsense"})
    await tables.insert(hub.names.history, {"PartitionKey": "i", "RowKey": "outbox-2"})
    reference = '{"CompressedBlobName": "elsewhere"}'
    await tables.insert(hub.names.history, {"PartitionKey": "j", "RowKey": "outbox-3", "Message": reference})
    good = _pending(hub)
    await hub.journal.add(good)
    found = await _read_pending(hub)
    assert [str(each).split(" of ")[0] for each in found if isinstance(each, CorruptMessage)] == [
        "Row outbox-1", "Row outbox-2", "Row outbox-3"
    ]  # fmt: skip
    assert [each for each in found if isinstance(each, Pending)] == [good]


async def test_a_purge_leaves_messages_to_whoever_has_them_in_hand(hub: TaskHub) -> None:
    """An instance that has ended may be purged before its parent has its answer; a hub at rest has nothing in hand."""
    sent = _pending(hub)
    await _commit(hub, episode(start_event()), await _insertions(hub, [sent]))
    assert await hub.purge("i") == 1
    assert await _read_pending(hub) == [sent]
    assert await hub.purge("i", with_messages=True) == 1
    assert await _read_pending(hub) == []


async def test_a_purge_leaves_the_text_of_such_a_message_too(hub: TaskHub) -> None:
    """Which lies in a blob where it is large; that of a message which had its effect goes."""
    sent, done = _pending(hub, LARGE), _pending(hub, LARGE)
    await _commit(hub, episode(start_event()), await _insertions(hub, [sent, done]))
    await hub.journal.remove([done.entry])
    await hub.purge("i")
    assert await _read_pending(hub) == [sent]
    await hub.journal.remove([sent.entry])
    assert await hub.large_messages.purge("i") == 1


def test_keys_sort_as_they_were_made(hub: TaskHub) -> None:
    """Between the events and the sentinel."""
    entries = [hub.journal.entry("i", NOW + timedelta(microseconds=number // 2)) for number in range(40)]
    keys = [entry.key for entry in entries]
    assert keys == sorted(keys)
    assert "F" * 16 < keys[0] < "sentinel"
    assert entries[0] == Entry("i", keys[0])
