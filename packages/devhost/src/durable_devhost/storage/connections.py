"""HTTP/1.1 connections to storage, kept open: one request at a time on each, as little work as possible for each.

Every step of an orchestration passes here several times. A general HTTP client costs more CPU a call than all that
devhost does for it besides; what is left is a protocol around the parser of Node.js (`httptools`).
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self, cast
from urllib.parse import urlsplit

import httptools

CONNECT_S = 5.0
"""How long a server may take to accept a connection."""

ANSWER_S = 100.0
"""How long it may take to answer."""

RESTS_S = 4.0
"""How long a connection may rest and be used again: Node.js, and with it Azurite, hangs up after 5 s."""

METADATA = "x-ms-meta-"
"""How the names of headers with metadata begin; what follows keeps its case, which is the user's."""

_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})
_FIRST_FINAL = 200
_NO_CONTENT = frozenset({204, 304})


class ConnectionBroken(Exception):
    """The server cannot be reached, hung up before the whole answer was there, or answered no HTTP."""


class Reply(NamedTuple):
    """An answer of any status; header names are in lower case, but for the user's part of `x-ms-meta-*`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int
    is_secure: bool


class _Connection(asyncio.Protocol):
    """One connection and the request that is under way on it; the parser calls the `on_` methods."""

    def __init__(self) -> None:
        self.is_open = False
        self.is_reusable = False
        self.rests_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._verb = ""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def send(self, verb: str, head: bytes, body: bytes) -> "asyncio.Future[Reply]":
        """Send a request; the reply is set when it is whole. Raises ConnectionBroken where nobody is there."""
        if self._transport is None or not self.is_open:
            raise ConnectionBroken("the connection is closed")
        self._verb, self._headers, self._body = verb, {}, []
        self._parser = httptools.HttpResponseParser(self)
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(head + body if len(body) <= 1 << 16 else head)
        if len(body) > 1 << 16:
            self._transport.write(body)
        return self._reply

    def expire(self) -> None:
        """The answer has taken too long."""
        self.close()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(TimeoutError())

    def close(self) -> None:
        """Hang up."""
        self.is_open = self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.is_open = cast(asyncio.Transport, transport), True  # of a socket

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._reply is None or self._reply.done():
            self.close()  # nobody has asked for this
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"what came back is no HTTP ({error})")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(str(exc) if exc else "the server closed the connection")

    def on_header(self, name: bytes, value: bytes) -> None:
        text = name.decode("latin-1")
        key = text.lower()
        if key.startswith(METADATA):
            key = METADATA + text[len(METADATA) :]
        self._headers[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # it calls
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL and (self._verb == "HEAD" or status in _NO_CONTENT):
            self._finish(status)  # what the headers say of a body is not true of this answer

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._parser is not None  # it calls
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL:
            self._headers = {}  # an interim answer; the real one follows
        else:
            self._finish(status)

    def _finish(self, status: int) -> None:
        if self._reply is not None and not self._reply.done():
            assert self._parser is not None  # it calls
            self.is_reusable = self.is_open and self._parser.should_keep_alive()
            self._reply.set_result(Reply(status, self._headers, b"".join(self._body)))

    def _fail(self, why: str) -> None:
        self.close()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionBroken(why))


class ConnectionPool:
    """Up to `limit` connections at once; who comes when all are busy waits, first come first served."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self._idle: dict[_Place, deque[_Connection]] = {}
        self._due: dict[_Connection, float] = {}  # the earliest first, as all may take equally long
        self._alarm: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up all that is idle."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def request(self, verb: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request and return its reply, whatever its status; `url` is percent-encoded.

        Raises ConnectionBroken, and TimeoutError where the server takes too long. A request that failed may have had
        its effect all the same.
        """
        place, host, target = _parts(url)
        lines = [f"{verb} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
        if body or verb not in _WITHOUT_BODY:
            lines.append(f"Content-Length: {len(body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        async with self._free:
            connection = self._take(place) or await self._open(place)
            try:
                answer = connection.send(verb, head, body)
                self._expect(connection)
                reply = await answer
            except BaseException:
                connection.close()  # an answer that comes late would be taken for that of the next request
                raise
            finally:
                self._due.pop(connection, None)
            if connection.is_reusable:
                connection.rests_since = asyncio.get_running_loop().time()
                self._idle.setdefault(place, deque()).append(connection)
            else:
                connection.close()
            return reply

    def _expect(self, connection: _Connection) -> None:
        """Give an answer its time; one alarm serves all requests, as a timer for each would cost them time."""
        loop = asyncio.get_running_loop()
        due = self._due[connection] = loop.time() + ANSWER_S
        if self._alarm is None:
            self._alarm = loop.call_at(due, self._give_up, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Fail the requests whose time is up, and look again when the next one's is."""
        self._alarm, now = None, loop.time()
        for connection in [each for each, due in self._due.items() if due <= now]:
            del self._due[connection]
            connection.expire()
        if self._due:
            self._alarm = loop.call_at(next(iter(self._due.values())), self._give_up, loop)

    def _take(self, place: _Place) -> _Connection | None:
        """A connection that is there. A request on one that the server closes just now would fail."""
        idle, oldest = self._idle.get(place), asyncio.get_running_loop().time() - RESTS_S
        while idle:
            connection = idle.pop()  # the one that was used last: the others may rest and be closed
            if connection.is_open and connection.rests_since >= oldest:
                return connection
            connection.close()
        return None

    async def _open(self, place: _Place) -> _Connection:
        if place.is_secure and self._tls is None:
            self._tls = ssl.create_default_context()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await loop.create_connection(
                    _Connection, place.host, place.port, ssl=self._tls if place.is_secure else None
                )
        except OSError as error:
            raise ConnectionBroken(f"Cannot connect to {place.host}:{place.port}: {error}") from error
        return connection


def _parts(url: str) -> tuple[_Place, str, str]:
    """Where a URL leads, the Host header, and what is asked for there."""
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    return _place(scheme, authority), authority, f"/{path}"


@cache
def _place(scheme: str, authority: str) -> _Place:
    split = urlsplit(f"{scheme}://{authority}")
    is_secure = scheme == "https"
    with suppress(ValueError):
        if split.hostname:
            return _Place(split.hostname, split.port or (443 if is_secure else 80), is_secure)
    raise ConnectionBroken(f"{scheme}://{authority} is no address of a server")
