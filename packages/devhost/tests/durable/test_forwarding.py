"""Messages that cannot be worked on here and now: where they go, and what becomes of what this host had of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable.commit import QueueOutbox
from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.forwarding import Forwarder
from durable_devhost.durable.holds import HOLD, Hold, Holds
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import EventRaised, ExecutionStarted, InstanceRef, RuntimeStatus, TaskCompleted
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.queues import Received
from packages.devhost.tests.durable.recording_observer import RecordingObserver

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REF = InstanceRef(instance_id="i", execution_id="e")
START = Message(event=ExecutionStarted(timestamp=NOW, instance=REF, name="o"), target=REF)
ANSWER = Message(event=TaskCompleted(timestamp=NOW, task_id=1), target=REF)
EVENT = Message(event=EventRaised(timestamp=NOW, name="Go"), target=InstanceRef(instance_id="i", execution_id=None))
NONE = timedelta()


class ForwarderBench:
    """A forwarder with what it works on."""

    def __init__(self, hub: TaskHub) -> None:
        self.hub = hub
        self.holds = Holds(hub.queues, RecordingObserver())
        self.in_flight = InFlight()
        self.outbox = QueueOutbox(hub, SystemClock(), self.holds, room=lambda: 0, is_ours=lambda _: True)
        self.forwarder = Forwarder(hub, self.holds, self.outbox, self.in_flight)

    async def delivery(self, message: Message, queue: str = "") -> Delivery:
        """A message in hand; it lies in the control queue or the work-item queue, or in memory alone."""
        sends = {"control": self.hub.queues.send_control, "work items": self.hub.queues.send_work_item}
        hold = None
        if queue:
            hold = self.holds.take(await sends[queue](message, visible_after=HOLD), message)
        return Delivery(message=message, hold=hold, token=self.in_flight.enter("it"), dequeue_count=bool(queue))

    async def visible_messages(self) -> list[Message]:
        """What the control queue shows."""
        found = await self.hub.queues.receive_control(0, HOLD)
        return [each.message for each in found if isinstance(each, Received)]


@pytest.fixture
async def bench(azurite: Azurite) -> AsyncIterator[ForwarderBench]:
    """Over an empty hub."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        hub = await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=1, clock=SystemClock())
        yield ForwarderBench(hub)


@pytest.mark.parametrize("queue", ["", "control", "work items"])
async def test_a_forwarded_message_is_visible_to_the_owner_once(bench: ForwarderBench, queue: str) -> None:
    """An activity's result replaces its work item; nothing stays in flight here."""
    delivery = await bench.delivery(ANSWER, queue)
    await bench.forwarder.pass_on(delivery)
    assert [message.event for message in await bench.visible_messages()] == [ANSWER.event]
    assert await bench.hub.queues.receive_work_items(HOLD) == []
    assert bench.in_flight.names() == []


async def test_a_deferred_message_is_hidden_longer_each_time(bench: ForwarderBench) -> None:
    """Two seconds at first; nobody sees it meanwhile."""
    for count in (0, 1):
        delivery = await bench.delivery(ANSWER, "control" if count else "")
        await bench.forwarder.put_off(delivery)
        assert await bench.visible_messages() == []


@pytest.mark.parametrize("how", ["pass_on", "send", "store"])
async def test_a_forwarded_start_writes_its_row(bench: ForwarderBench, how: str) -> None:
    """Without the row the instance would not exist for a query."""
    if how == "send":
        await bench.forwarder.send(START)
    else:
        await (bench.outbox.store if how == "store" else bench.forwarder.pass_on)(await bench.delivery(START))
    row = await bench.hub.instances.get("i")
    assert row is not None
    assert (row.status, row.execution_id) == (RuntimeStatus.PENDING, "e")


@pytest.mark.parametrize(("old", "execution_id"), [(RuntimeStatus.COMPLETED, "e"), (RuntimeStatus.RUNNING, "older")])
async def test_the_row_of_a_start_replaces_only_that_of_an_ended_instance(
    bench: ForwarderBench, old: RuntimeStatus, execution_id: str
) -> None:
    """A running one keeps its row."""
    await bench.hub.instances.merge(InstanceRecord(instance_id="i", execution_id="older", name="o", status=old))
    await bench.forwarder.send(START)
    row = await bench.hub.instances.get("i")
    assert row is not None
    assert row.execution_id == execution_id


async def test_a_stored_message_is_held_and_stored_once(bench: ForwarderBench) -> None:
    """After a crash it comes back; while this host lives nobody else sees it."""
    delivery = await bench.delivery(EVENT)
    await bench.outbox.store(delivery)
    first = delivery.hold
    assert isinstance(first, Hold)
    await bench.outbox.store(delivery)
    assert delivery.hold is first
    assert await bench.visible_messages() == []
    assert await bench.hub.queues.delete(first.receipt)
