"""The outbox of journal mode on a real hub: what goes with a commit, what is deleted, and when."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import journal as journal_module
from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.holds import HOLD, Hold, Holds
from durable_devhost.durable.journal import JournalOutbox
from durable_devhost.durable.orchestrations.session import NEW
from durable_devhost.model.history import (
    EventRaised,
    ExecutionStarted,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.history import UNKNOWN
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Entry, Pending
from packages.devhost.tests.durable.recording_observer import RecordingObserver
from packages.devhost.tests.faults import Fault, FaultyTransport

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SELF, OTHER = InstanceRef(instance_id="i", execution_id="e"), InstanceRef(instance_id="other", execution_id=None)


class OutboxBench:
    """An outbox, and what makes its storage go wrong."""

    def __init__(self, hub: TaskHub, transport: FaultyTransport) -> None:
        self.hub = hub
        self.transport = transport
        self.holds = Holds(hub.queues, RecordingObserver())
        self.outbox = JournalOutbox(hub, SystemClock(), self.holds, RecordingObserver())

    async def stored_texts(self) -> list[str | None]:
        """The texts of the messages that are stored."""
        return [
            getattr(each.message.event, "input", None)
            async for each in self.hub.journal.pending()
            if isinstance(each, Pending)
        ]

    async def commit(self, episode: Episode, *deliveries: Delivery) -> list[Entry]:
        """Store an episode and return where its messages are."""
        committed = await self.outbox.commit(episode, deliveries)
        return [sent.token for sent in committed.sent if isinstance(sent.token, Entry)]

    async def next_episode(self, episode: Episode) -> Episode:
        """The same for the state that is stored now."""
        stored = await self.hub.history.read(episode.instance_id)
        return replace(episode, first_row=stored.row_count, etag=stored.etag, tail=stored.tail)


@pytest.fixture
async def bench(azurite: Azurite) -> AsyncIterator[OutboxBench]:
    """Over an empty hub in journal mode."""
    async with FaultyTransport(StorageAccount.parse(azurite.connection_string)) as transport:
        assert isinstance(transport, FaultyTransport)
        hub = await TaskHub.open(
            transport, "Hub" + uuid4().hex[:20], partition_count=1, clock=SystemClock(), mode=StorageMode.JOURNAL
        )
        yield OutboxBench(hub, transport)


def _event(text: str, target: InstanceRef = OTHER) -> Message:
    return Message(event=EventRaised(timestamp=NOW, name="Go", input=text), target=target)


def _episode(*texts: str, instance_id: str = "i") -> Episode:
    """The first one of an instance, with messages to another."""
    ref = InstanceRef(instance_id=instance_id, execution_id="e")
    return Episode(
        instance_id=instance_id,
        execution_id="e",
        first_row=0,
        events=(
            OrchestratorStarted(timestamp=NOW),
            ExecutionStarted(timestamp=NOW, instance=ref, name="o"),
            OrchestratorCompleted(timestamp=NOW),
        ),
        etag=None,
        tail=NEW,
        postings=tuple(Posting(message=_event(text)) for text in texts),
    )


def _delivery(message: Message, hold: Entry | Hold | None) -> Delivery:
    return Delivery(message=message, token=1, hold=hold)


async def test_messages_are_stored_with_the_episode(bench: OutboxBench) -> None:
    """Those that are due later too; all are ours to hand over."""
    later = Posting(message=_event("2"), due=NOW + timedelta(hours=1))
    episode = replace(_episode("1"), postings=(*_episode("1").postings, later))
    committed = await bench.outbox.commit(episode, ())
    assert [sent.is_held for sent in committed.sent] == [True, True]
    assert [bench.outbox.take(sent.token, sent.posting.message) for sent in committed.sent] == [
        sent.token for sent in committed.sent
    ]
    assert await bench.stored_texts() == ["1", "2"]


async def test_activities_and_timers_need_no_message(bench: OutboxBench) -> None:
    """The history tells of them, and has the input of the activity."""
    task = TaskScheduled(timestamp=NOW, event_id=0, name="a", input="[5]")
    timer = TimerFired(timestamp=NOW, timer_id=1, fire_at=NOW)
    episode = replace(
        _episode(),
        events=(
            *_episode().events[:2],
            replace(task, input=None),
            TimerCreated(timestamp=NOW, event_id=1, fire_at=NOW),
            _episode().events[2],
        ),
        postings=(
            Posting(message=Message(event=task, target=SELF), is_work_item=True),
            Posting(message=Message(event=timer, target=SELF), due=NOW),
        ),
    )
    committed = await bench.outbox.commit(episode, ())
    assert [sent.token for sent in committed.sent] == [None, None]
    assert bench.outbox.take(None, committed.sent[0].posting.message) is None
    assert await bench.stored_texts() == []
    assert await bench.hub.journal.inputs("i", "e", {0}) == {0: "[5]"}


async def test_a_wide_fan_out_that_breaks_off_leaves_the_messages_of_others_alone(bench: OutboxBench) -> None:
    """A start deletes what such a commit has left, and nothing that was stored before it."""
    kept = _delivery(_event("1", SELF), None)
    await bench.outbox.store(kept)
    tasks = [TaskScheduled(timestamp=NOW, event_id=number, name="a", input="[5]") for number in range(150)]
    first, second, last = _episode().events
    wide = replace(
        _episode(),
        events=(first, second, *(replace(task, input=None) for task in tasks), last),
        postings=tuple(Posting(message=Message(event=task, target=SELF), is_work_item=True) for task in tasks),
    )
    bench.transport.arm(Fault.PRECONDITION, 1, only="table POST")
    with pytest.raises(LostRace):
        await bench.commit(wide)
    assert [each async for each in bench.hub.journal.pending(tidies=True)]
    assert await bench.stored_texts() == ["1"]


async def test_what_had_its_effect_goes_with_the_next_commit_of_its_instance(bench: OutboxBench) -> None:
    """It costs no call of its own."""
    (entry,) = await bench.commit(_episode("1"))
    await bench.commit(_episode(instance_id="other"), _delivery(_event("1"), entry))
    assert await bench.stored_texts() == ["1"]
    await bench.commit(await bench.next_episode(_episode("2")))
    assert await bench.stored_texts() == ["2"]


async def test_what_lies_beside_the_history_of_its_target_goes_with_its_effect(bench: OutboxBench) -> None:
    """In the same batch, so that it counts exactly once."""
    delivery = _delivery(_event("1", SELF), None)
    await bench.outbox.store(delivery)
    kept = delivery.hold
    await bench.outbox.store(delivery)
    assert delivery.hold is kept
    assert await bench.stored_texts() == ["1"]
    await bench.commit(_episode(), delivery)
    assert await bench.stored_texts() == []
    await bench.outbox.finish(delivery.hold)  # as the engine does with every message: there is nothing left of it
    assert bench.outbox._settled == {}


async def test_what_may_have_been_stored_all_the_same_is_deleted(bench: OutboxBench) -> None:
    """Whoever was not told so may send it again: a copy would come to its effect after the next start."""
    delivery = _delivery(_event("1", SELF), None)
    bench.transport.arm(Fault.STUCK_AFTER, 0, only="table POST")
    storing = asyncio.create_task(bench.outbox.store(delivery))
    async with asyncio.timeout(10):
        while await bench.stored_texts() != ["1"]:  # noqa: ASYNC110 - storage alone knows
            await asyncio.sleep(0.02)
    storing.cancel()
    await asyncio.gather(storing, return_exceptions=True)
    assert delivery.hold is None
    await bench.outbox._clean_up()
    assert await bench.stored_texts() == []


async def test_a_start_that_is_stored_alone_comes_with_its_row(bench: OutboxBench) -> None:
    """So that a query shows it."""
    started = Message(event=ExecutionStarted(timestamp=NOW, instance=SELF, name="o"), target=SELF)
    await bench.outbox.store(_delivery(started, None))
    assert (await bench.hub.instances.get("i") or pytest.fail("no row")).status is RuntimeStatus.PENDING


async def test_a_commit_that_is_refused_keeps_what_it_is_made_of(bench: OutboxBench) -> None:
    """Its second attempt leaves the rows to the cleaning, as one of them may be why it was refused."""
    delivery = _delivery(_event("1", SELF), None)
    await bench.outbox.store(delivery)
    assert isinstance(delivery.hold, Entry)
    bench.transport.arm(Fault.PRECONDITION, 0, only="table POST")
    with pytest.raises(LostRace):
        await bench.commit(_episode("2"), delivery)
    assert await bench.stored_texts() == ["1"]
    await bench.hub.journal.remove([delivery.hold])
    await bench.commit(_episode("2"), delivery)
    await bench.outbox._clean_up()
    assert await bench.stored_texts() == ["2"]


async def test_a_commit_of_several_batches_leaves_what_it_is_made_of_for_later(bench: OutboxBench) -> None:
    """It must not be gone before the end is stored."""
    delivery = _delivery(_event("1", SELF), None)
    await bench.outbox.store(delivery)
    texts = [str(number) for number in range(120)]
    await bench.commit(_episode(*texts), delivery)
    assert sorted(await bench.stored_texts()) == sorted(["1", *texts])  # type: ignore[type-var]  # they are texts
    await bench.commit(await bench.next_episode(_episode()))
    assert sorted(await bench.stored_texts()) == sorted(texts)  # type: ignore[type-var]  # as above


async def test_what_no_commit_deletes_is_deleted_a_little_later(
    bench: OutboxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that has ended commits no more. Storage may refuse at first."""
    monkeypatch.setattr(journal_module, "CLEAN_UP_AFTER_S", 0.01)
    (entry,) = await bench.commit(_episode("1"))
    running = asyncio.create_task(bench.outbox.run())
    bench.transport.arm(Fault.PRECONDITION, 0, only="table DELETE")
    await bench.outbox.finish(entry)
    async with asyncio.timeout(10):
        while await bench.stored_texts():  # noqa: ASYNC110 - storage alone knows
            await asyncio.sleep(0.02)
    assert bench.transport.struck
    running.cancel()


async def test_what_is_in_hand_is_not_adopted_again(bench: OutboxBench) -> None:
    """Neither what has had its effect and is still there."""
    (entry,) = await bench.commit(_episode("1"))
    assert not bench.outbox.adopt(entry)
    await bench.outbox.finish(entry)
    assert not bench.outbox.adopt(entry)
    bench.outbox.forget("i")
    assert not bench.outbox.adopt(entry)
    await bench.outbox._clean_up()
    assert bench.outbox.adopt(bench.hub.journal.entry("i", NOW))


async def test_after_a_purge_no_commit_deletes_what_is_gone(bench: OutboxBench) -> None:
    """The same id may be used again, while messages of the old instance are still in hand."""
    first, second = await bench.commit(_episode("1", "2"))
    await bench.outbox.finish(first)
    await bench.hub.purge("i", with_messages=True)
    bench.outbox.forget("i")
    await bench.commit(_episode("3"))
    await bench.outbox.finish(second)
    await bench.commit(replace(await bench.next_episode(_episode("4")), tail=UNKNOWN))
    await bench.outbox._clean_up()
    assert await bench.stored_texts() == ["3", "4"]


async def test_a_message_of_a_queue_is_held_as_in_standard_mode(bench: OutboxBench) -> None:
    """Another process has put it there."""
    message = _event("1", SELF)
    receipt = await bench.hub.queues.send_control(message, visible_after=HOLD)
    hold = bench.outbox.take(receipt, message)
    assert isinstance(hold, Hold)
    await bench.commit(_episode(), _delivery(message, hold))
    await bench.outbox.finish(hold)
    assert not await bench.hub.queues.delete(receipt)
