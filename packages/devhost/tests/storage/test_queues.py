"""Queues against the emulator: texts, invisibility, receipts."""

import asyncio

import pytest

from durable_devhost.storage.account import NotFound, StorageFailure
from durable_devhost.storage.queues import QueueService


@pytest.fixture
async def queue(queues: QueueService, name: str) -> str:
    """An empty queue."""
    await queues.create(name)
    return name


@pytest.mark.parametrize("text", ['{"a":"é東\U0001f600"}', "<a>&amp;\r\n\t ]]></a>", "", "  padded  ", "x" * 48_000])
async def test_a_text_comes_back_as_it_went(queues: QueueService, queue: str, text: str) -> None:
    """Nothing of XML is left in it."""
    await queues.put(queue, text)

    [item] = await queues.get(queue, hidden_for_s=30)

    assert item.text == text
    assert item.dequeue_count == 1
    assert item.expires_on.year == 9999


async def test_a_queue_is_created_once(queues: QueueService, name: str) -> None:
    """Creating it again is no error, and neither is dropping it again."""
    assert await queues.exists(name) is False

    await queues.create(name)
    await queues.create(name)
    assert await queues.exists(name) is True

    await queues.drop(name)
    await queues.drop(name)
    assert await queues.exists(name) is False


async def test_a_message_that_was_taken_is_hidden_but_counted(queues: QueueService, queue: str) -> None:
    """Until it is deleted."""
    await queues.put(queue, "a")
    [item] = await queues.get(queue, hidden_for_s=30)

    assert await queues.get(queue, hidden_for_s=30) == []
    assert await queues.peek(queue) == []
    assert await queues.length(queue) == 1

    await queues.delete(item.receipt)
    assert await queues.length(queue) == 0


async def test_a_message_can_begin_hidden_and_its_sender_can_delete_it(queues: QueueService, queue: str) -> None:
    """The hand-off in the process rests on this receipt."""
    receipt = await queues.put(queue, "a", visible_after_s=60)
    assert await queues.get(queue, hidden_for_s=30) == []

    await queues.delete(receipt)

    assert await queues.length(queue) == 0


async def test_a_renewed_message_keeps_its_text_and_voids_the_old_receipt(queues: QueueService, queue: str) -> None:
    """The new receipt is the only good one."""
    first = await queues.put(queue, "text", visible_after_s=60)

    second = await queues.update(first, visible_after_s=0)

    with pytest.raises(NotFound):
        await queues.delete(first)
    [item] = await queues.get(queue, hidden_for_s=30)
    assert item.text == "text"
    assert second.message_id == first.message_id


async def test_an_update_can_change_the_text(queues: QueueService, queue: str) -> None:
    """And make the message visible at once."""
    receipt = await queues.put(queue, "old", visible_after_s=60)

    await queues.update(receipt, visible_after_s=0, text="<new>")

    assert [item.text for item in await queues.peek(queue)] == ["<new>"]


async def test_a_message_comes_back_when_its_time_is_over(queues: QueueService, queue: str) -> None:
    """Its dequeue count has grown, and the first taker's receipt is void."""
    await queues.put(queue, "a")
    [first] = await queues.get(queue, hidden_for_s=1)

    async with asyncio.timeout(10):
        while not (again := await queues.get(queue, hidden_for_s=30)):  # noqa: ASYNC110  # only the service knows
            await asyncio.sleep(0.1)

    assert [item.dequeue_count for item in again] == [2]
    with pytest.raises(NotFound):
        await queues.delete(first.receipt)


async def test_at_most_32_messages_come_at_once(queues: QueueService, queue: str) -> None:
    """In the order in which they were sent."""
    for number in range(40):
        await queues.put(queue, str(number))

    first = await queues.get(queue, 32, hidden_for_s=30)
    rest = await queues.get(queue, 32, hidden_for_s=30)

    assert [item.text for item in first + rest] == [str(number) for number in range(40)]
    assert len(first) == 32


async def test_a_queue_that_is_not_there_is_said_so(queues: QueueService, name: str) -> None:
    """The caller decides whether to create it."""
    with pytest.raises(NotFound) as caught:
        await queues.put(name, "a")

    assert caught.value.code == "QueueNotFound"


async def test_a_message_above_64_kib_is_refused(queues: QueueService, queue: str) -> None:
    """This is why large messages go to blobs."""
    with pytest.raises(StorageFailure) as caught:
        await queues.put(queue, "x" * 70_000)

    assert caught.value.status in (400, 413)
