"""Held messages on a real queue: hidden while they are held, back by themselves when they are let go."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable.holds import HOLD, LONGEST_HOLD, Holds
from durable_devhost.model.history import InstanceRef, TaskScheduled
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.queues import Receipt
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.queues import Received
from packages.devhost.tests.durable.recording_observer import RecordingObserver
from packages.devhost.tests.faults import Fault, FaultyTransport

NONE = timedelta()


@pytest.fixture
async def hub(azurite: Azurite) -> AsyncIterator[TaskHub]:
    """An empty hub."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=1, clock=SystemClock())


def _message() -> Message:
    event = TaskScheduled(timestamp=datetime(2026, 1, 1, tzinfo=UTC), event_id=1, name="Work")
    return Message(event=event, target=InstanceRef(instance_id="i", execution_id="e"))


async def _send(hub: TaskHub, hidden_for: timedelta) -> tuple[Receipt, Message]:
    message = _message()
    return await hub.queues.send_work_item(message, visible_after=hidden_for), message


async def test_a_finished_message_is_deleted(hub: TaskHub) -> None:
    """It never comes back, and finishing it twice does no harm."""
    holds = Holds(hub.queues, RecordingObserver())
    hold = holds.take(*await _send(hub, NONE))
    assert hold is not None
    await holds.finish(hold)
    await holds.finish(hold)
    assert await hub.queues.receive_work_items(HOLD) == []


async def test_a_message_that_is_already_held_is_not_taken_twice(hub: TaskHub) -> None:
    """The newer receipt replaces the old one, which can no longer delete it."""
    holds = Holds(hub.queues, RecordingObserver())
    hold = holds.take(*await _send(hub, NONE))
    (again,) = await hub.queues.receive_work_items(HOLD)
    assert isinstance(again, Received)
    assert holds.take(again.receipt, again.message) is None
    assert hold is not None
    assert hold.receipt == again.receipt
    await holds.finish(hold)
    holds.drop(hold)
    assert await hub.queues.receive_work_items(HOLD) == []


async def test_a_held_message_is_renewed_and_a_dropped_one_is_not(hub: TaskHub) -> None:
    """The first stays hidden beyond its four seconds, the second comes back."""
    holds = Holds(hub.queues, RecordingObserver())
    kept, dropped = [holds.take(*await _send(hub, HOLD)) for _ in range(2)]
    assert kept is not None
    assert dropped is not None
    holds.drop(dropped)
    renewing = asyncio.create_task(holds.run())
    give_up = monotonic() + 20
    while not (back := await hub.queues.receive_work_items(timedelta(seconds=30), 32)):
        assert monotonic() < give_up
        await asyncio.sleep(0.1)
    renewing.cancel()
    assert [dropped.receipt.message_id] == [item.receipt.message_id for item in back]
    assert kept.expires > monotonic()
    assert await hub.queues.delete(kept.receipt)


async def test_slow_renewals_hold_messages_for_longer(hub: TaskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise storage does nothing but renewals. If it is fast, messages come back as early as before."""
    spans, one_by_one = list[timedelta](), asyncio.Lock()
    holds = Holds(hub.queues, RecordingObserver())
    for _ in range(12):
        holds.take(*await _send(hub, HOLD))

    async def renew(receipt: Receipt, span: timedelta) -> Receipt:
        spans.append(span)
        if len(spans) > 12:
            async with one_by_one:
                await asyncio.sleep(0.2)
        return receipt

    monkeypatch.setattr(hub.queues, "renew", renew)
    renewing = asyncio.create_task(holds.run())
    give_up = monotonic() + 30
    while not spans or spans[-1] == HOLD:
        assert monotonic() < give_up
        await asyncio.sleep(0.01)
    renewing.cancel()
    assert spans[:12] == [HOLD] * 12
    assert HOLD < spans[-1] <= LONGEST_HOLD


async def test_a_lost_message_does_not_stop_the_renewals(hub: TaskHub) -> None:
    """Another host has taken or deleted it; the others are renewed."""
    holds = Holds(hub.queues, RecordingObserver())
    lost, kept = [holds.take(*await _send(hub, HOLD)) for _ in range(2)]
    assert lost is not None
    assert kept is not None
    await hub.queues.delete(lost.receipt)
    lost.expires = kept.expires = 0.0
    before = kept.receipt
    renewing = asyncio.create_task(holds.run())
    while kept.receipt == before:  # noqa: ASYNC110 - nobody but the hold itself tells
        await asyncio.sleep(0.01)
    assert not renewing.done()
    renewing.cancel()


async def test_a_copy_of_a_held_or_finished_message_is_deleted(hub: TaskHub) -> None:
    """If the answer to a put is lost, the queue has the message twice."""
    holds = Holds(hub.queues, RecordingObserver())
    message = _message()
    hold = holds.take(await hub.queues.send_work_item(message, visible_after=HOLD), message)
    assert hold is not None
    while_it_is_held = await hub.queues.send_work_item(message, visible_after=HOLD)
    assert holds.take(while_it_is_held, message) is None
    await holds.finish(hold)
    afterwards = await hub.queues.send_work_item(message, visible_after=HOLD)
    assert holds.take(afterwards, message) is None
    running = asyncio.create_task(holds.run())
    give_up = monotonic() + 10
    while await hub.queues.delete(while_it_is_held) or await hub.queues.delete(afterwards):
        assert monotonic() < give_up
        await asyncio.sleep(0.05)
    running.cancel()


async def test_a_message_that_cannot_be_deleted_now_is_deleted_later(azurite: Azurite) -> None:
    """If it comes again before that, it is not processed again."""
    transport = FaultyTransport(StorageAccount.parse(azurite.connection_string))
    async with transport:
        hub = await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=1, clock=SystemClock())
        holds = Holds(hub.queues, RecordingObserver())
        hold = holds.take(*await _send(hub, NONE))
        assert hold is not None
        transport.arm(Fault.FORBIDDEN, 0)
        await holds.finish(hold)
        assert transport.struck
        (again,) = await hub.queues.receive_work_items(HOLD)
        assert isinstance(again, Received)
        assert holds.take(again.receipt, again.message) is None
        running = asyncio.create_task(holds.run())
        give_up = monotonic() + 10
        while await hub.queues.receive_work_items(timedelta(seconds=1)):
            assert monotonic() < give_up
        running.cancel()
