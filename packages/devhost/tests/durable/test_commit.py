"""A commit on a real hub: messages, rows and the record are stored, or nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable.commit import QueueOutbox, commit
from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.holds import Hold, Holds
from durable_devhost.durable.orchestrations.session import NEW
from durable_devhost.model.history import (
    ExecutionStarted,
    InstanceRef,
    OrchestratorStarted,
    RuntimeStatus,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.recording_observer import RecordingObserver

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = InstanceRef(instance_id="i", execution_id="e")
HIDDEN = timedelta(seconds=30)


@pytest.fixture
async def hub(azurite: Azurite) -> AsyncIterator[TaskHub]:
    """An empty hub."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=1, clock=SystemClock())


def _episode(work_items: int = 0) -> Episode:
    started = ExecutionStarted(timestamp=NOW, instance=TARGET, name="o")
    events = [TaskScheduled(timestamp=NOW, event_id=number, name="Work") for number in range(work_items)]
    return Episode(
        instance_id="i",
        execution_id="e",
        first_row=0,
        events=(OrchestratorStarted(timestamp=NOW), started, *events),
        etag=None,
        tail=NEW,
        postings=tuple(Posting(message=Message(event=each, target=TARGET), is_work_item=True) for each in events),
        record=InstanceRecord(instance_id="i", execution_id="e", name="o", status=RuntimeStatus.RUNNING),
        is_new_record=True,
    )


def _is_ours(_instance_id: str) -> bool:
    return True


async def test_rows_are_stored(hub: TaskHub) -> None:
    """The etag for the next commit is that of the rows."""
    committed = await commit(hub, SystemClock(), _episode(), work_items_to_hold=0, is_ours=_is_ours)
    stored = await hub.history.read("i")
    assert (len(stored.events), stored.execution_id, stored.etag) == (2, "e", committed.appended.etag)


async def test_a_message_to_another_hosts_instance_is_visible_to_it_at_once(hub: TaskHub) -> None:
    """One to an own instance is hidden, because it is passed on in memory."""
    postings = tuple(replace(each, is_work_item=False) for each in _episode(1).postings)
    for is_ours, visible in ((True, 0), (False, 1)):
        episode = replace(_episode(), instance_id=f"i-{is_ours}", postings=postings)
        committed = await commit(
            hub, SystemClock(), episode, work_items_to_hold=0, is_ours=lambda _, ours=is_ours: bool(ours)
        )
        assert [is_ours] == [sent.is_held for sent in committed.sent]
        assert visible == len(await hub.queues.receive_control(0, HIDDEN))


async def test_only_as_many_work_items_are_held_as_there_is_room_for(hub: TaskHub) -> None:
    """The others are visible at once, for the first free host."""
    committed = await commit(hub, SystemClock(), _episode(3), work_items_to_hold=2, is_ours=_is_ours)
    assert [True, True, False] == [sent.is_held for sent in committed.sent]
    (visible,) = await hub.queues.receive_work_items(HIDDEN, 32)
    assert visible.receipt.message_id == committed.sent[2].token.message_id


async def test_a_message_with_a_due_time_is_hidden_until_then(hub: TaskHub) -> None:
    """A second longer, so that the heap is always first."""
    posting = replace(_episode(1).postings[0], is_work_item=False, due=SystemClock().now())
    committed = await commit(
        hub, SystemClock(), replace(_episode(), postings=(posting,)), work_items_to_hold=0, is_ours=_is_ours
    )
    assert [True] == [sent.is_held for sent in committed.sent]
    assert await hub.queues.receive_control(0, HIDDEN) == []


async def test_a_lost_race_leaves_nothing(hub: TaskHub) -> None:
    """Neither messages nor rows: the winner's are unchanged."""
    first = await commit(hub, SystemClock(), _episode(), work_items_to_hold=0, is_ours=_is_ours)
    with pytest.raises(LostRace):
        await commit(hub, SystemClock(), _episode(2), work_items_to_hold=0, is_ours=_is_ours)
    assert await hub.queues.receive_work_items(HIDDEN, 32) == []
    stored = await hub.history.read("i")
    assert (len(stored.events), stored.etag) == (2, first.appended.etag)


async def test_who_stores_a_start_beside_another_returns_when_its_row_is_there(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The episode that asks an entity stores its start, and so does the caller who has waited long enough.

    The caller is answered then, and asks for the instance at once.
    """
    insert, is_about_to, may_insert = hub.instances.insert, asyncio.Event(), asyncio.Event()

    async def insert_late(record: InstanceRecord) -> None:
        is_about_to.set()
        await may_insert.wait()
        await insert(record)

    monkeypatch.setattr(hub.instances, "insert", insert_late)
    outbox = QueueOutbox(hub, SystemClock(), Holds(hub.queues, RecordingObserver()), room=lambda: 0, is_ours=_is_ours)
    started = ExecutionStarted(timestamp=NOW, instance=TARGET, name="o")
    start = Delivery(message=Message(event=started, target=TARGET), token=1)
    by_the_episode = asyncio.create_task(outbox.store(start))
    await is_about_to.wait()
    by_the_caller = asyncio.create_task(outbox.store(start))
    asyncio.get_running_loop().call_later(0.3, may_insert.set)
    await by_the_caller
    assert await hub.instances.get("i") is not None
    await by_the_episode
    assert isinstance(start.hold, Hold)
    await outbox.finish(start.hold)
    assert await hub.queues.receive_control(0, HIDDEN) == []
