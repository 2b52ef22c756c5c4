"""One end of the socket between host and worker: calls that wait for an answer, and notes that do not.

The frames are those of `wire.frames`. A caller waits until the worker has taken the bytes, so that a slow worker
slows its callers down instead of filling the host's memory.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any, Self, cast

from durable_devhost.dispatch.exchange import Exchange
from durable_devhost.dotnet.payloads import without_halves
from durable_devhost.wire.frames import PREFIX_SIZE, BrokenFrame, decode, encode, read_prefix

Message = dict[str, Any]
_BEFORE_THE_ANSWER = frozenset({"wants", "head", "part"})
_HALF = b"\\ud"
"""The beginning of half a surrogate pair in JSON: no protobuf message of the real worker can hold one."""


class WorkerGone(Exception):
    """The worker ended before it answered."""


class CallOverdue(Exception):
    """The call took longer than `limit`. It goes on in the worker, but nobody waits for its answer."""

    def __init__(self, limit: timedelta) -> None:
        super().__init__(limit)
        self.limit = limit


class Connection(asyncio.Protocol):
    """The host's end: a protocol rather than a stream, as each activity and each step of an orchestrator passes here.

    `on_message` gets each message that answers no call, in order. One event loop has all the state: there is no lock.
    """

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self._on_message = on_message
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._deadlines: dict[int, tuple[float, timedelta]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._exchanges: dict[int, Exchange] = {}
        self._received = bytearray()
        self._wanted = PREFIX_SIZE
        self._lengths: tuple[int, int] | None = None
        self._transport: asyncio.Transport | None = None
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_quiet = asyncio.Event()
        self.closed = asyncio.Event()
        """Set when the other end has hung up, or was hung up on."""

    @classmethod
    async def on_socket(cls, end: socket.socket, on_message: Callable[[Message], None]) -> Self:
        """A connection over a socket."""
        _, connection = await asyncio.get_running_loop().create_unix_connection(lambda: cls(on_message), sock=end)
        return connection

    async def call(
        self, message: Mapping[str, Any], limit: timedelta | None = None, exchange: Exchange | None = None
    ) -> Message:
        """Send a message and return its answer; cancelling the call tells the worker.

        Messages of the worker before its answer go to the exchange. Raises WorkerGone, and CallOverdue after
        `limit`.
        """
        if self.closed.is_set():
            raise WorkerGone
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        if limit is not None:
            self._limit(number, limit)
        if exchange is not None:
            self._exchanges[number] = exchange
            exchange.begin(number, self.note)
        try:
            while not self._has_room.is_set():
                await self._has_room.wait()
            self.note({**message, "id": number})
            received: Message = await answer
            return received
        except asyncio.CancelledError:
            self.note({"kind": "cancel", "id": number})
            raise
        finally:
            del self._waiting[number]
            self._deadlines.pop(number, None)
            if exchange is not None:
                del self._exchanges[number]
                exchange.end()
            self._is_quiet.set()

    def note(self, message: Mapping[str, Any]) -> None:
        """Send a message without waiting; one to a worker that is gone is lost."""
        if self._transport is not None and not self.closed.is_set():
            for piece in encode(message):
                self._transport.write(piece)

    async def wait_for_answers(self, timeout_s: float) -> None:
        """Return when no call waits for an answer any more, or after `timeout_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._waiting:
                    self._is_quiet.clear()
                    await self._is_quiet.wait()

    def close(self) -> None:
        """Close the connection; open calls fail with WorkerGone."""
        self.closed.set()
        self._has_room.set()
        if self._alarm is not None:
            self._alarm.cancel()
        if self._transport is not None:
            self._transport.abort()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(WorkerGone())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast(asyncio.Transport, transport)  # of a socket, see `on_socket`

    def data_received(self, data: bytes) -> None:
        """Take every message that is complete now."""
        if self._received or len(data) < self._wanted:
            self._received += data
            if len(self._received) < self._wanted:
                return
            data = bytes(self._received)
            self._received.clear()
        try:
            self._received += self._take_frames(data)
        except BrokenFrame:
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The worker is gone: fail every open call."""
        self.close()

    def pause_writing(self) -> None:
        """Let callers wait, because the worker is slower than they are."""
        self._has_room.clear()

    def resume_writing(self) -> None:
        """Let callers continue."""
        self._has_room.set()

    def _limit(self, number: int, limit: timedelta) -> None:
        """Let a call fail when its time is up; one alarm serves all calls, because a timer for each would cost time."""
        loop = asyncio.get_running_loop()
        due = loop.time() + limit.total_seconds()
        self._deadlines[number] = (due, limit)
        if self._alarm is None or due < self._alarm.when():
            self._ring_at(due, loop)

    def _ring_at(self, due: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(due, self._give_up, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Fail the calls whose time is up, and set the alarm for the next one."""
        self._alarm, now = None, loop.time()
        for number, (due, limit) in self._deadlines.items():
            answer = self._waiting[number]
            if due <= now and not answer.done():
                answer.set_exception(CallOverdue(limit))
        if later := [due for due, _ in self._deadlines.values() if due > now]:
            self._ring_at(min(later), loop)

    def _take_frames(self, data: bytes) -> bytes:
        """Take what is complete, and return the rest."""
        start = 0
        while (end := start + self._wanted) <= len(data):
            if self._lengths is None:
                self._lengths = read_prefix(data[start:end])
                self._wanted = sum(self._lengths)
            else:
                body = start + self._lengths[0]
                self._lengths, self._wanted = None, PREFIX_SIZE
                self._take(data[start:body], data[body:end])
            start = end
        return data[start:]

    def _take(self, head: bytes, body: bytes) -> None:
        message = decode(head, body)
        if _HALF in head:
            message = without_halves(message)
        number = message.get("id")
        if number is None:
            self._on_message(message)
        elif message.get("kind") in _BEFORE_THE_ANSWER:
            if (exchange := self._exchanges.get(number)) is not None:
                exchange.take(message)
        elif (answer := self._waiting.get(number)) is not None and not answer.done():
            answer.set_result(message)
