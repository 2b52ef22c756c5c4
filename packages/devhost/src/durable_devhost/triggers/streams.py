"""Requests with a streaming function: the body goes in and the response comes out piece by piece, as on Azure."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, hdrs, web
from multidict import CIMultiDict

from durable_devhost.dispatch.exchange import Exchange, Message
from durable_devhost.triggers.responses import empty

_PIECE = 1 << 16
_LOOK_S = 0.2
_WITHOUT_BODY = frozenset((204, 205, 304))


async def stream(request: web.Request, invoke: Callable[[Exchange], Awaitable[object]]) -> web.StreamResponse:
    """Answer a request with the messages of the worker while `invoke` has it run the function.

    500 if the call ends without an answer; if it ends in the middle of one, the connection is closed, so that the
    caller notices.
    """
    exchange = Exchange()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_ended(invoke, exchange))
        feeder = _Feeder(request, exchange)
        feeding = tasks.create_task(feeder.run())
        try:
            return await _relay(request, exchange, feeder)
        finally:
            feeding.cancel()


async def _ended(invoke: Callable[[Exchange], Awaitable[object]], exchange: Exchange) -> None:
    try:
        await invoke(exchange)
    finally:
        exchange.end()  # also if no worker ever had the call


class _Feeder:
    """Passes the request's body to the worker, one piece each time it wants one."""

    def __init__(self, request: web.Request, exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self._wanted = asyncio.Semaphore(0)

    def want(self) -> None:
        """The worker wants one more."""
        self._wanted.release()

    async def run(self) -> None:
        """Feed until the body has ended, then tell the worker when the caller leaves; aiohttp does not report that."""
        await self._feed()
        while self._request.transport is not None and not self._request.transport.is_closing():  # noqa: ASYNC110 - as above
            await asyncio.sleep(_LOOK_S)
        self._exchange.tell("hung_up")

    async def _feed(self) -> None:
        more = True
        while more:
            await self._wanted.acquire()
            try:
                body = await self._request.content.read(_PIECE)
            except (OSError, web.RequestPayloadError):
                return
            more = bool(body) or not self._request.content.at_eof()
            self._exchange.tell("piece", body=body, more=more)


async def _relay(request: web.Request, exchange: Exchange, feeder: _Feeder) -> web.StreamResponse:
    response: web.StreamResponse | None = None
    is_whole = False
    async for message in exchange.messages():
        match message["kind"]:
            case "wants":
                feeder.want()
            case "head":
                response = _response(request, message)
                await _unless_gone(response.prepare(request), exchange)
            case "part" if response is not None:
                is_whole = not message["more"]
                if _has_body(request, response) and message["body"]:
                    await _unless_gone(response.write(message["body"]), exchange)
                if is_whole:  # the function may go on with work of its own
                    await _unless_gone(response.write_eof(), exchange)
                exchange.tell("written")
    if response is None:
        return empty(500)
    if not is_whole and request.transport is not None:
        request.transport.abort()
    return response


def _response(request: web.Request, head: Message) -> web.StreamResponse:
    headers = CIMultiDict((str(name), str(value)) for name, value in head["headers"])
    response = web.StreamResponse(status=head["status"], headers=headers)
    if hdrs.CONTENT_LENGTH not in headers and request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    return response


def _has_body(request: web.Request, response: web.StreamResponse) -> bool:
    return request.method != hdrs.METH_HEAD and response.status not in _WITHOUT_BODY


async def _unless_gone(writing: Awaitable[object], exchange: Exchange) -> None:
    """Write to the caller, and tell the worker if the caller has left."""
    try:
        await writing
    except OSError:
        exchange.tell("hung_up")
