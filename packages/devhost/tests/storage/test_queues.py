"""Queues against the emulator: texts, invisibility, receipts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import NotFound, StorageAccount, StorageFailure
from durable_devhost.storage.queues import PARKED_S, Caution, QueueItem, QueueService
from durable_devhost.storage.transport import Transport
from packages.devhost.tests.lossy import losing

NOT_XML = ["\0", "\x0b", "\x1b", "\ufffe", "\uffff"]

Through = Callable[..., AbstractAsyncContextManager[QueueService]]


@pytest.fixture
async def queue(queues: QueueService, name: str) -> str:
    """An empty queue."""
    await queues.create(name)
    return name


@pytest.fixture
def through(azurite: Any) -> Through:
    """The emulator's queues through a proxy that has the arguments of `losing`."""

    @asynccontextmanager
    async def opened(*args: Any, **kwargs: Any) -> AsyncIterator[QueueService]:
        account = StorageAccount.parse(azurite.connection_string)
        async with (
            losing(account, azurite.connection_string, *args, **kwargs) as text,
            Transport(StorageAccount.parse(text), retry_delays=(0, 0)) as transport,
        ):
            yield QueueService(transport)

    return opened


async def put_unchecked(transport: Transport, queue: str, text: str) -> None:
    """Put a message as a program does that does not look at its characters."""
    body = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
    await transport.request("queue", "POST", f"/{queue}/messages", query={"messagettl": "-1"}, body=body)


async def collected(queues: QueueService, queue: str, count: int, *, at_once: int = 32) -> list[QueueItem]:
    """As many messages as are awaited, taken with a hold of a second and deleted."""
    found: list[QueueItem] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            items = await queues.get(queue, at_once, hidden_for_s=1)
            for item in items:
                await queues.delete(item.receipt)
            found += items
            await asyncio.sleep(0 if items else 0.1)  # only the service knows when they come back
    return found


async def until_told(queues: QueueService, queue: str, at_once: int, caplog: pytest.LogCaptureFixture) -> None:
    """Look at an empty queue until what was hidden with the first answer has come again."""
    async with asyncio.timeout(10):
        while not caplog.records:
            assert await queues.get(queue, at_once, hidden_for_s=1) == []
            await asyncio.sleep(0.05)  # only the service knows when


@pytest.mark.parametrize("text", ['{"a":"é東\U0001f600"}', "<a>&amp;\r\n\t ]]></a>", "", "  padded  ", "x" * 48_000])
async def test_a_text_reads_back_equal(queues: QueueService, queue: str, text: str) -> None:
    """No XML escape is left in it."""
    await queues.put(queue, text)

    [item] = await queues.get(queue, hidden_for_s=30)

    assert item.text == text
    assert item.dequeue_count == 1
    assert item.expires_on.year == 9999


async def test_a_queue_is_created_once(queues: QueueService, name: str) -> None:
    """Creating it again is no error, nor is dropping it twice."""
    assert await queues.exists(name) is False

    await queues.create(name)
    await queues.create(name)
    assert await queues.exists(name) is True

    await queues.drop(name)
    await queues.drop(name)
    assert await queues.exists(name) is False


async def test_a_taken_message_is_hidden_but_counted(queues: QueueService, queue: str) -> None:
    """Until it is deleted."""
    await queues.put(queue, "a")
    [item] = await queues.get(queue, hidden_for_s=30)

    assert await queues.get(queue, hidden_for_s=30) == []
    assert await queues.peek(queue) == []
    assert await queues.length(queue) == 1

    await queues.delete(item.receipt)
    assert await queues.length(queue) == 0


async def test_a_message_can_begin_hidden_and_its_sender_can_delete_it(queues: QueueService, queue: str) -> None:
    """Passing messages on in memory needs this receipt."""
    receipt = await queues.put(queue, "a", visible_after_s=60)
    assert await queues.get(queue, hidden_for_s=30) == []

    await queues.delete(receipt)

    assert await queues.length(queue) == 0


async def test_a_renewed_message_keeps_its_text_and_voids_the_old_receipt(queues: QueueService, queue: str) -> None:
    """Only the new receipt works."""
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


async def test_a_message_comes_back_after_its_hidden_time(queues: QueueService, queue: str) -> None:
    """Its dequeue count has grown, and the first receipt is void."""
    await queues.put(queue, "a")
    [first] = await queues.get(queue, hidden_for_s=1)

    async with asyncio.timeout(10):
        while not (again := await queues.get(queue, hidden_for_s=30)):  # noqa: ASYNC110  # only the service knows
            await asyncio.sleep(0.1)

    assert [item.dequeue_count for item in again] == [2]
    with pytest.raises(NotFound):
        await queues.delete(first.receipt)


async def test_at_most_32_messages_are_returned_at_once(queues: QueueService, queue: str) -> None:
    """In the order in which they were sent."""
    for number in range(40):
        await queues.put(queue, str(number))

    first = await queues.get(queue, 32, hidden_for_s=30)
    rest = await queues.get(queue, 32, hidden_for_s=30)

    assert [item.text for item in first + rest] == [str(number) for number in range(40)]
    assert len(first) == 32


async def test_a_missing_queue_is_an_error(queues: QueueService, name: str) -> None:
    """The caller decides whether to create it."""
    with pytest.raises(NotFound) as caught:
        await queues.put(name, "a")

    assert caught.value.code == "QueueNotFound"


async def test_a_message_above_64_kib_is_refused(queues: QueueService, queue: str) -> None:
    """This is why large messages go to blobs."""
    with pytest.raises(StorageFailure) as caught:
        await queues.put(queue, "x" * 70_000)

    assert caught.value.status in (400, 413)


@pytest.mark.parametrize("character", NOT_XML)
async def test_a_message_that_xml_cannot_hold_is_refused(queues: QueueService, queue: str, character: str) -> None:
    """As on Azure. The emulator would accept it and then show neither it nor its neighbours."""
    with pytest.raises(StorageFailure, match=f"400 InvalidXmlDocument: .* U\\+{ord(character):04X}"):
        await queues.put(queue, f"a{character}b")

    assert await queues.length(queue) == 0


@pytest.mark.parametrize("character", NOT_XML)
@pytest.mark.parametrize("at_once", [1, 32])
async def test_a_message_that_storage_cannot_show_delays_no_other(
    queues: QueueService,
    transport: Transport,
    queue: str,
    character: str,
    at_once: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is reported once and hidden for long; all others are returned."""
    for text in ("one", f"bad{character}", "two", "three"):
        await put_unchecked(transport, queue, text)

    found = await collected(queues, queue, 3, at_once=at_once)

    assert sorted(item.text for item in found) == ["one", "three", "two"]
    await until_told(queues, queue, at_once, caplog)
    assert await queues.get(queue, at_once, hidden_for_s=1) == []
    assert await queues.peek(queue) == []
    assert await queues.length(queue) == 1
    [record] = caplog.records
    assert f"A message in queue '{queue}' cannot be read" in record.getMessage()


async def test_once_one_is_known_further_ones_delay_no_message(
    queues: QueueService, transport: Transport, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    """From then on the queue is peeked first, so good messages are returned at once and counted once."""
    await put_unchecked(transport, queue, "\0")
    await queues.get(queue, 32, hidden_for_s=1)
    await until_told(queues, queue, 32, caplog)
    for text in ("one", "\0", "\x0b", "two"):
        await put_unchecked(transport, queue, text)

    found = await queues.get(queue, 32, hidden_for_s=60) + await queues.get(queue, 32, hidden_for_s=60)

    assert [(item.text, item.dequeue_count) for item in found] == [("one", 1), ("two", 1)]
    assert caplog.records[-1].getMessage().startswith("2 messages in queue")


async def test_a_service_that_always_answers_500_has_no_message_parked(through: Through, queue: str) -> None:
    """An outage looks like a message that cannot be shown; after it the message is there."""
    is_out = True

    def answers(_: web.Request) -> web.Response | None:
        return web.Response(status=500) if is_out else None

    async with through(answers=answers) as queues:
        for _ in range(3):
            with pytest.raises((StorageFailure, StorageUnavailable)):
                await queues.get(queue, 32, hidden_for_s=1)
        is_out = False
        await queues.put(queue, "a")
        assert [(item.text, item.dequeue_count) for item in await queues.get(queue, hidden_for_s=1)] == [("a", 1)]


async def test_a_good_message_taken_without_a_peek_is_hidden_like_any_other(
    through: Through, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process may have taken the bad one between peek and get."""

    def answers(request: web.Request) -> web.Response | None:
        return web.Response(status=500) if fails and "peekonly" in request.query else None

    async with through(answers=answers) as queues:
        fails = False
        await queues.put(queue, "a")
        fails = True
        queues._cautions[queue] = Caution(float("inf"))
        [item] = await queues.get(queue, 32, hidden_for_s=1)
        fails = False
        assert item.text == "a"
        assert [again.dequeue_count for again in await collected(queues, queue, 1)] == [2]
    assert caplog.records == []


@pytest.mark.parametrize("status", [None, 500, 503])
async def test_a_get_whose_answer_is_lost_once_is_no_failure(through: Through, queue: str, status: int | None) -> None:
    """The messages of the lost answer come back after their hidden time."""
    seen = 0

    def is_first_get(verb: str, path: str) -> bool:
        nonlocal seen
        seen += verb == "GET" and path.endswith("/messages")
        return seen == 1

    def loses(verb: str, path: str) -> bool:
        return status is None and is_first_get(verb, path)

    def answers(request: web.Request) -> web.Response | None:
        if status is not None and is_first_get(request.method, request.path):
            return web.Response(status=status)
        return None

    async with through(loses, answers=answers) as queues:
        await queues.put(queue, "a")
        [item] = await collected(queues, queue, 1)
    assert (item.text, item.dequeue_count) == ("a", 2 if status is None else 1)


async def test_a_refusal_is_raised_at_once(through: Through, queue: str) -> None:
    """Another try would not help."""
    asked: list[str] = []

    def answers(request: web.Request) -> web.Response | None:
        asked.append(request.path)
        return web.Response(status=403)

    async with through(answers=answers) as queues:
        with pytest.raises(StorageFailure, match="403"):
            await queues.get(queue, hidden_for_s=1)
    assert len(asked) == 1


@pytest.mark.parametrize("body", [b"", b"<a", b"<QueueMessagesList><QueueMessage/></QueueMessagesList>", b"\0garbage"])
async def test_an_invalid_answer_counts_as_none(through: Through, queue: str, body: bytes) -> None:
    """It did not come from the service."""
    async with through(answers=lambda _: web.Response(body=body)) as queues:
        with pytest.raises(StorageUnavailable):
            await queues.get(queue, hidden_for_s=1)
        with pytest.raises(StorageUnavailable):
            await queues.put(queue, "a")
        with pytest.raises(StorageUnavailable):
            await queues.length(queue)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, PARKED_S)), max_size=20))
@example([(2, 0.0), (1, PARKED_S - 5.0), (0, 5.0)])
def test_each_message_that_cannot_be_shown_is_counted_once(met: list[tuple[int, float]]) -> None:
    """However often it comes back: a model that parks messages when they arrive or become due."""
    caution, now, back_at, arrived, counted = Caution(0.0), 0.0, list[float](), 0, 0
    for new, pause in met:
        now += pause
        due = [moment for moment in back_at if moment <= now]
        back_at = [moment for moment in back_at if moment > now] + [now + PARKED_S] * (new + len(due))
        for _ in range(new + len(due)):
            caution.park()
        arrived += new
        counted += caution.count_new(now)
        assert caution.is_over(now + 1) == (not back_at)
    assert counted <= arrived
