"""Calls, notes and back pressure over a real pair of sockets; the other end is played by hand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from durable_devhost.dispatch.connection import CallOverdue, Connection, Message, WorkerGone
from durable_devhost.dispatch.exchange import Exchange
from durable_devhost.wire.frames import PREFIX_SIZE, decode, encode, read_prefix

MIB = 1 << 20
PATIENCE_S = 20.0


class Pair:
    """The host's connection, the messages it got, and the other end as streams."""

    def __init__(
        self,
        connection: Connection,
        messages: list[Message],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.connection = connection
        self.messages = messages
        self.reader = reader
        self.writer = writer

    async def receive(self) -> Message:
        """The next message at the other end."""
        header, body = read_prefix(await self.reader.readexactly(PREFIX_SIZE))
        return decode(await self.reader.readexactly(header), await self.reader.readexactly(body))

    async def send(self, message: Mapping[str, Any]) -> None:
        """A message from the other end."""
        self.writer.writelines(encode(message))
        await self.writer.drain()

    async def wait_until_closed(self) -> None:
        """Return when the connection has noticed the end."""
        async with asyncio.timeout(PATIENCE_S):
            await self.connection.closed.wait()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """A connection and its other end."""
    ours, theirs = socket.socketpair()
    messages: list[Message] = []
    reader, writer = await asyncio.open_connection(sock=theirs)
    pair = Pair(await Connection.on_socket(ours, messages.append), messages, reader, writer)
    yield pair
    pair.connection.close()
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()
    await pair.wait_until_closed()


async def test_messages_before_an_answer_go_to_the_exchange_of_their_call(pair: Pair) -> None:
    """They are dropped where the call has none."""
    exchange = Exchange()
    call = asyncio.ensure_future(pair.connection.call({"kind": "invoke"}, exchange=exchange))
    number = (await pair.receive())["id"]
    await pair.send({"kind": "head", "id": number, "status": 200})
    await pair.send({"kind": "part", "id": number + 1})
    exchange.tell("written")
    assert await pair.receive() == {"kind": "written", "id": number}
    await pair.send({"kind": "returned", "id": number})
    assert (await call)["kind"] == "returned"
    assert [message["kind"] async for message in exchange.messages()] == ["head"]


async def test_an_exchange_ends_with_its_worker(pair: Pair) -> None:
    """A reader that waits for more gets an error."""
    exchange = Exchange()
    call = asyncio.ensure_future(pair.connection.call({"kind": "invoke"}, exchange=exchange))
    await pair.receive()
    pair.connection.close()
    assert [message async for message in exchange.messages()] == []
    with pytest.raises(WorkerGone):
        await call


async def test_answers_find_their_calls_in_any_order(pair: Pair) -> None:
    """Each call has a number."""
    calls = [asyncio.create_task(pair.connection.call({"kind": "invoke", "n": n})) for n in range(3)]
    received = [await pair.receive() for _ in calls]
    for message in reversed(received):
        await pair.send({"kind": "returned", "id": message["id"], "n": message["n"]})
    assert [(await call)["n"] for call in calls] == [0, 1, 2]
    assert len({message["id"] for message in received}) == 3


async def test_a_message_of_a_hundred_mebibytes_passes_both_ways(pair: Pair) -> None:
    """The largest request that the host takes, and a response of the same size."""
    big = bytes(range(256)) * (100 * MIB // 256)
    call = asyncio.create_task(pair.connection.call({"kind": "invoke", "body": big}))
    message = await pair.receive()
    assert message["body"] == big
    await pair.send({"kind": "returned", "id": message["id"], "body": message["body"]})
    assert (await call)["body"] == big


async def test_a_slow_reader_makes_callers_wait_without_a_growing_buffer(pair: Pair) -> None:
    """Each caller keeps its message until there is room; messages are sent in the order of the calls."""
    pair.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket's transport
    calls = [asyncio.create_task(pair.connection.call({"n": n, "body": bytes(MIB)})) for n in range(20)]
    for _ in range(200):
        await asyncio.sleep(0)  # give everything that could move its turns
    transport = pair.connection._transport
    assert transport is not None
    assert transport.get_write_buffer_size() < 3 * MIB

    pair.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
    for number in range(20):
        message = await pair.receive()
        assert message["n"] == number
        await pair.send({"id": message["id"]})
    await asyncio.gather(*calls)


@pytest.mark.parametrize("size", [1, 3, PREFIX_SIZE, 40, 1 << 16])
async def test_messages_are_whole_however_they_are_cut_on_their_way(size: int) -> None:
    """In single bytes, or many at once."""
    messages: list[Message] = []
    sent: list[Message] = [
        {"kind": "log", "text": "ä"},
        {"kind": "log", "body": [b"", b"12345", b"x" * 100]},
        {"kind": "log", "text": ""},
    ]
    connection = Connection(messages.append)
    stream = b"".join(piece for message in sent for piece in encode(message))
    for start in range(0, len(stream), size):
        connection.data_received(stream[start : start + size])
    assert messages == sent


async def test_messages_that_answer_no_call_are_delivered_in_order(pair: Pair) -> None:
    """The greeting and log records. An answer to a call that nobody waits for is ignored."""
    await pair.send({"kind": "returned", "id": 99})
    for number in range(5):
        await pair.send({"kind": "log", "n": number})
    call = asyncio.create_task(pair.connection.call({"kind": "invoke"}))
    await pair.send({"kind": "returned", "id": (await pair.receive())["id"]})
    await call
    assert [message["n"] for message in pair.messages] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("last", [b"", b"\0\0\0\1", b"\0\0\0\x02\0\0\0\0{", b"HTTP/1.1 200 OK"])
async def test_open_and_later_calls_fail_once_the_other_end_is_gone(pair: Pair, last: bytes) -> None:
    """Whether it closes between two frames, in the middle of one, or sends an invalid frame."""
    call = asyncio.create_task(pair.connection.call({"kind": "invoke"}))
    await pair.receive()
    pair.writer.write(last)
    if not last.startswith(b"HTTP"):
        pair.writer.close()
    with pytest.raises(WorkerGone):
        await call
    await pair.wait_until_closed()
    with pytest.raises(WorkerGone):
        await pair.connection.call({"kind": "invoke"})
    pair.connection.note({"kind": "stop"})  # lost, and no error


async def test_a_caller_that_waits_for_room_fails_once_the_other_end_is_gone(pair: Pair) -> None:
    """It does not wait for ever for a reader that is gone."""
    pair.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket's transport
    call = asyncio.create_task(pair.connection.call({"kind": "invoke", "body": bytes(8 * MIB)}))
    await asyncio.sleep(0)
    pair.writer.transport.abort()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(WorkerGone):
            await call


async def test_a_cancelled_call_is_reported_to_the_other_end(pair: Pair) -> None:
    """A late answer to it does no harm."""
    call = asyncio.create_task(pair.connection.call({"kind": "invoke"}))
    number = (await pair.receive())["id"]
    call.cancel()
    assert await pair.receive() == {"kind": "cancel", "id": number}
    await pair.send({"kind": "returned", "id": number})
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_the_last_answer_can_be_waited_for(pair: Pair) -> None:
    """A replaced worker finishes its calls, within a time limit."""
    async with asyncio.timeout(PATIENCE_S):
        await pair.connection.wait_for_answers(PATIENCE_S)  # nothing is open
        calls = [asyncio.create_task(pair.connection.call({"kind": "invoke"})) for _ in range(2)]
        numbers = [(await pair.receive())["id"] for _ in calls]
        waiting = asyncio.create_task(pair.connection.wait_for_answers(PATIENCE_S))
        await pair.send({"kind": "returned", "id": numbers[0]})
        await calls[0]
        assert not waiting.done()
        await pair.connection.wait_for_answers(0.01)
        await pair.send({"kind": "returned", "id": numbers[1]})
        await waiting


async def test_a_message_that_cannot_be_sent_does_not_break_the_connection(pair: Pair) -> None:
    """Only its caller gets an error."""
    with pytest.raises(TypeError, match="of type set"):
        await pair.connection.call({"kind": "invoke", "odd": {1}})
    pair.connection.note({"kind": "environ"})
    assert (await pair.receive())["kind"] == "environ"


async def test_a_call_over_its_limit_fails_and_its_late_answer_is_ignored(pair: Pair) -> None:
    """The other end is not told, because the call cannot be ended from here. Other calls go on."""
    overdue = asyncio.create_task(pair.connection.call({"kind": "slow"}, timedelta(milliseconds=50)))
    within = asyncio.create_task(pair.connection.call({"kind": "quick"}, timedelta(seconds=PATIENCE_S)))
    slow, quick = await pair.receive(), await pair.receive()
    with pytest.raises(CallOverdue) as error:
        await overdue
    assert error.value.limit == timedelta(milliseconds=50)
    await pair.send({"kind": "returned", "id": slow["id"]})
    await pair.send({"kind": "returned", "id": quick["id"], "value": 1})
    assert (await within)["value"] == 1
    assert pair.messages == []
