"""A request whose function streams, over a real socket; the worker is played by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from durable_devhost.dispatch.exchange import Exchange
from durable_devhost.triggers.streams import stream

Play = Callable[[Exchange, "Worker"], Awaitable[None]]
PATIENCE_S = 10.0


class Worker:
    """What the worker of a call hears, and its end of the exchange."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(self) -> Any:
        """The next message."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._heard.get()

    def begin(self, exchange: Exchange) -> None:
        """Have the call."""
        exchange.begin(1, self._heard.put_nowait)


def _head(status: int = 200, *headers: tuple[str, str]) -> dict[str, Any]:
    return {"kind": "head", "id": 1, "status": status, "headers": [list(each) for each in headers]}


def _part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"kind": "part", "id": 1, "body": body, "more": more}


@asynccontextmanager
async def _served(play: Play) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that answers each request by this play."""

    async def answer(request: web.Request) -> web.StreamResponse:
        async def invoke(exchange: Exchange) -> None:
            worker = Worker()
            worker.begin(exchange)
            await play(exchange, worker)

        return await stream(request, invoke)

    application = web.Application()
    application.router.add_route("*", "/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield client
    await runner.cleanup()


async def test_a_body_is_sent_in_pieces_and_an_answer_in_parts() -> None:
    """The worker is told when each part has been written."""

    async def play(exchange: Exchange, worker: Worker) -> None:
        received = b""
        while True:
            exchange.take({"kind": "wants", "id": 1})
            piece = await worker.hear()
            received += piece["body"]
            if not piece["more"]:
                break
        exchange.take(_head(201, ("x-a", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")))
        exchange.take(_part(received, more=True))
        assert (await worker.hear())["kind"] == "written"
        exchange.take(_part(b"!", more=False))

    async with _served(play) as client, client.post("/", data=b"x" * 200_000) as answer:
        assert (answer.status, answer.headers["x-a"], answer.headers.getall("set-cookie")) == (
            201, "1", ["a=1", "b=2"],
        )  # fmt: skip
        assert await answer.read() == b"x" * 200_000 + b"!"


async def test_a_call_that_ends_without_an_answer_is_500() -> None:
    """As when the worker dies."""

    async def play(exchange: Exchange, worker: Worker) -> None: ...

    async with _served(play) as client, client.get("/") as answer:
        assert (answer.status, await answer.read()) == (500, b"")


async def test_an_answer_that_breaks_off_closes_the_connection() -> None:
    """So that the caller does not take it for complete."""

    async def play(exchange: Exchange, _worker: Worker) -> None:
        exchange.take(_head())
        exchange.take(_part(b"half", more=True))

    async with _served(play) as client:
        with pytest.raises(aiohttp.ClientError):
            async with client.get("/") as answer:
                await answer.read()


async def test_a_length_given_by_the_function_is_kept() -> None:
    """Other answers come in chunks."""

    async def play(exchange: Exchange, _worker: Worker) -> None:
        exchange.take(_head(200, ("content-length", "2")))
        exchange.take(_part(b"ab", more=False))

    async with _served(play) as client, client.get("/") as answer:
        assert (answer.headers["content-length"], await answer.read()) == ("2", b"ab")


async def test_the_worker_is_told_that_the_caller_has_left() -> None:
    """Also while it sends nothing."""
    heard = asyncio.Event()

    async def play(exchange: Exchange, worker: Worker) -> None:
        exchange.take({"kind": "wants", "id": 1})
        exchange.take(_head())
        exchange.take(_part(b"one", more=True))
        while (await worker.hear())["kind"] != "hung_up":
            pass
        heard.set()

    async with _served(play) as client:
        answer = await client.get("/")
        assert await answer.content.readany() == b"one"
        answer.close()
        async with asyncio.timeout(PATIENCE_S):
            await heard.wait()
