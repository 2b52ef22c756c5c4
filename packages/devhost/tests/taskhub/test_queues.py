"""Messages on the emulator: there and back, large ones, hidden ones, broken ones."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from durable_devhost.model.history import EventRaised, InstanceRef, TaskScheduled
from durable_devhost.model.messages import Message
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.queues import Received, Undecodable

WHEN = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)
LONG = timedelta(minutes=5)


def event_message(text: str = "1", instance_id: str = "abc") -> Message:
    """An event from a client. Of four partitions, `abc` is in the last."""
    target = InstanceRef(instance_id=instance_id, execution_id=None)
    return Message(event=EventRaised(timestamp=WHEN, name="Go", input=text), target=target)


def activity_message(text: str = "[1]") -> Message:
    """A scheduled activity."""
    target = InstanceRef(instance_id="abc", execution_id="e")
    event = TaskScheduled(timestamp=WHEN, name="act", input=text, event_id=0)
    return Message(event=event, target=target, sender=target, episode=1, from_decision=True)


def messages_of(found: list[Received | Undecodable]) -> list[Message]:
    """The messages of what was received, none of which may be broken."""
    assert all(isinstance(item, Received) for item in found)
    return [item.message for item in found if isinstance(item, Received)]


async def test_a_message_goes_only_to_the_partition_of_its_target(hub: TaskHub) -> None:
    """No other queue gets it."""
    await hub.queues.send_control(event_message())

    found = [messages_of(await hub.queues.receive_control(partition, LONG)) for partition in range(4)]

    assert [len(part) for part in found] == [0, 0, 0, 1]
    assert found[3][0].event == event_message().event


async def test_a_work_item_reads_back_equal(hub: TaskHub) -> None:
    """With a sequence number."""
    sent = activity_message()
    await hub.queues.send_work_item(sent)

    [message] = messages_of(await hub.queues.receive_work_items(LONG))

    assert (message.event, message.target, message.sender) == (sent.event, sent.target, sent.sender)
    assert (message.activity_id, message.episode, message.sequence_number) == (sent.activity_id, 1, 1)


async def test_messages_arrive_in_the_order_in_which_they_were_sent(hub: TaskHub) -> None:
    """Also within one second, which the emulator cannot resolve."""
    for number in range(20):
        await hub.queues.send_control(event_message(str(number)))

    found = messages_of(await hub.queues.receive_control(3, LONG))

    assert [getattr(message.event, "input", None) for message in found] == [str(number) for number in range(20)]


@pytest.mark.parametrize("text", ["x" * 50_000, json.dumps("é" * 30_000, ensure_ascii=False)])
async def test_a_large_message_is_sent_through_a_blob(hub: TaskHub, transport: Transport, text: str) -> None:
    """Above 45 KiB in UTF-8; the queue holds an envelope with the blob's name."""
    sent = activity_message(text)
    await hub.queues.send_work_item(sent)

    [item] = await QueueService(transport).peek(hub.names.work_items)
    name = f"abc/message-{sent.activity_id.replace('-', '')}-TaskScheduled.json.gz"
    assert json.loads(item.text)["CompressedBlobName"] == name
    assert await BlobService(transport).list_names(hub.names.large_messages) == [name]
    [message] = messages_of(await hub.queues.receive_work_items(LONG))
    assert message.event == sent.event


async def test_a_delayed_message_is_hidden_and_its_sender_can_delete_it(hub: TaskHub) -> None:
    """Part of a second counts as a whole one, so that nothing comes early."""
    receipt = await hub.queues.send_control(event_message(), visible_after=timedelta(milliseconds=1))
    assert await hub.queues.receive_control(3, LONG) == []

    assert await hub.queues.delete(receipt) is True
    assert await hub.queues.delete(receipt) is False


async def test_a_message_can_be_delayed_for_a_year(hub: TaskHub) -> None:
    """A queue hides it for seven days at most; the receiver then checks its time."""
    await hub.queues.send_control(event_message(), visible_after=timedelta(days=400))

    assert await hub.queues.receive_control(3, LONG) == []


async def test_a_renewed_message_has_a_new_receipt(hub: TaskHub) -> None:
    """The old one is void."""
    old = await hub.queues.send_control(event_message(), visible_after=LONG)

    new = await hub.queues.renew(old, LONG)

    assert await hub.queues.delete(old) is False
    with pytest.raises(LostRace):
        await hub.queues.renew(old, LONG)
    assert await hub.queues.delete(new) is True


@pytest.mark.parametrize(("taken", "seconds"), [(1, 2), (5, 32), (9, 512), (10, 600), (5000, 600)])
async def test_an_abandoned_message_comes_back_later_each_time(hub: TaskHub, taken: int, seconds: int) -> None:
    """2, 4, 8 … at most 600 seconds."""
    await hub.queues.send_control(event_message())
    [found] = await hub.queues.receive_control(3, LONG)
    assert isinstance(found, Received)
    again = Received(message=found.message, receipt=found.receipt, dequeue_count=taken, inserted_on=found.inserted_on)

    assert await hub.queues.abandon(again) == timedelta(seconds=seconds)
    assert await hub.queues.abandon(again) == timedelta(), "it is not ours any more"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "neither JSON nor Base64"),
        ("{}", "no task-hub message"),
        ('{"CompressedBlobName":"i/nothing.json.gz"}', "names the blob 'i/nothing.json.gz', which is not there"),
    ],
)
async def test_an_undecodable_message_is_returned_with_the_reason(
    hub: TaskHub, transport: Transport, text: str, reason: str
) -> None:
    """It is neither lost nor does it delay the others."""
    await QueueService(transport).put(hub.names.control(3), text)
    await hub.queues.send_control(event_message())

    found = await hub.queues.receive_control(3, LONG)

    [broken] = [item for item in found if isinstance(item, Undecodable)]
    assert reason in broken.reason
    assert broken.text == text
    assert len(found) == 2
