"""The HTTP connections to storage, against a server that behaves and one that does not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from durable_devhost.storage import connections
from durable_devhost.storage.connections import ConnectionBroken, ConnectionPool

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """The URL of a server that answers as `handler` does."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def spoken(*answers: bytes) -> AsyncIterator[str]:
    """The URL of a peer that sends one of these answers for each request and then hangs up."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_connection_is_reused() -> None:
    """One for successive requests, as many as needed for simultaneous ones."""
    peers = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0)
        return web.Response(body=await request.read(), headers={"X-Name": request.headers["x-name"]})

    async with served(handler) as url, ConnectionPool(4) as pool:
        for number in range(3):
            reply = await pool.request("PUT", f"{url}/a?b=c", {"x-name": "n"}, b"%d" % number)
            assert (reply.status, reply.headers["x-name"], reply.body) == (200, "n", b"%d" % number)
        assert len(peers) == 1
        await asyncio.gather(*(pool.request("PUT", url, {"x-name": "n"}, b"") for _ in range(20)))
    assert 1 < len(peers) <= 4


async def test_a_connection_that_has_rested_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may hang up just when the request is sent, and then nobody knows whether it has had its effect."""
    peers = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response()

    async with served(handler) as url, ConnectionPool(1) as pool:
        await pool.request("GET", url, {}, b"")
        monkeypatch.setattr(connections, "RESTS_S", -1.0)
        await pool.request("GET", url, {}, b"")
    assert len(peers) == 2


@pytest.mark.parametrize("size", [0, 1, 1 << 16, (1 << 16) + 1, 30 << 20])
async def test_a_body_of_any_size_is_sent_and_received(size: int) -> None:
    """Small ones in one write, large ones without a copy, and back in chunks."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(await request.read())
        await response.write_eof()
        return response

    async with served(handler) as url, ConnectionPool(1) as pool:
        reply = await pool.request("POST", url, {}, b"x" * size)
    assert reply.body == b"x" * size


async def test_an_answer_without_a_body_ignores_its_length_header() -> None:
    """HEAD has the length of GET's body, and the connection stays usable."""

    async def handler(request: web.Request) -> web.Response:
        status = int(request.path.strip("/"))
        return web.Response(status=status, body=b"12345" if status == 200 else None)

    async with served(handler) as url, ConnectionPool(1) as pool:
        head = await pool.request("HEAD", f"{url}/200", {}, b"")
        assert (head.headers["content-length"], head.body) == ("5", b"")
        assert (await pool.request("DELETE", f"{url}/204", {}, b"")).status == 204
        assert (await pool.request("GET", f"{url}/304", {}, b"")).status == 304
        assert (await pool.request("GET", f"{url}/200", {}, b"")).body == b"12345"


async def test_an_interim_answer_is_skipped() -> None:
    """100 Continue comes before the answer."""
    answer = b"HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    async with spoken(answer) as url, ConnectionPool(1) as pool:
        reply = await pool.request("PUT", url, {}, b"x")
    assert (reply.status, reply.body, "x-a" in reply.headers) == (201, b"ok", False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "closed the connection"),
        (b"220 mail.example ESMTP\r\n\r\n", "is no HTTP"),
    ],
)
async def test_an_incomplete_answer_is_an_error(answer: bytes, why: str) -> None:
    """The caller decides whether to try again."""
    async with spoken(answer) as url, ConnectionPool(1) as pool:
        with pytest.raises(ConnectionBroken, match=why):
            await pool.request("GET", url, {}, b"")


async def test_a_server_that_closes_after_each_answer_is_connected_again() -> None:
    """A header announces it, and the next request takes a new connection."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    async with spoken(answer) as url, ConnectionPool(1) as pool:
        assert [(await pool.request("GET", url, {}, b"")).body for _ in range(3)] == [b"ok"] * 3


async def test_an_unreachable_address_is_named() -> None:
    """So is an invalid one."""
    async with ConnectionPool(1) as pool:
        with pytest.raises(ConnectionBroken, match=r"Cannot connect to 127\.0\.0\.1:1"):
            await pool.request("GET", "http://127.0.0.1:1/a", {}, b"")
        with pytest.raises(ConnectionBroken, match="no address"):
            await pool.request("GET", "http://host:port/a", {}, b"")


async def test_a_late_answer_after_a_timeout_reaches_no_other_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is closed, or the next request would get the answer. The same holds for a cancelled one."""
    monkeypatch.setattr(connections, "ANSWER_S", 0.05)
    let_go = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await let_go.wait()
        return web.Response(text=request.path)

    async with served(handler) as url, ConnectionPool(1) as pool:
        with pytest.raises(TimeoutError):
            await pool.request("GET", f"{url}/slow", {}, b"")
        monkeypatch.setattr(connections, "ANSWER_S", 60.0)
        asking = asyncio.create_task(pool.request("GET", f"{url}/slow", {}, b""))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        let_go.set()
        assert (await pool.request("GET", f"{url}/fast", {}, b"")).body == b"/fast"
