"""A proxy before Azurite that loses or delays some answers, although the call has its effect, or answers itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from durable_devhost.storage.account import StorageAccount

Loses = Callable[[str, str], bool]
"""Whether the answer to a request of this verb and path is lost."""

Delays = Callable[[str, str], float]
"""How many seconds a request of this verb and path is late."""

Answers = Callable[[web.Request], web.Response | None]
"""What the proxy answers itself, without Azurite hearing of the request; None lets the request pass."""

_HOP = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})


@asynccontextmanager
async def losing(
    account: StorageAccount,
    connection_string: str,
    loses: Loses = lambda *_: False,
    *,
    delay: Delays = lambda *_: 0.0,
    answers: Answers = lambda _: None,
) -> AsyncIterator[str]:
    """The connection string of the same account through the proxy."""

    ports: dict[int, int | None] = {}

    async def forward(request: web.Request) -> web.StreamResponse:
        port = ports[request.transport.get_extra_info("sockname")[1]]  # type: ignore[union-attr]
        target = URL(f"http://127.0.0.1:{port}{request.raw_path}", encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in {"host", *_HOP}}
        body = await request.read()
        if (own := answers(request)) is not None:
            own.headers.setdefault("x-ms-request-id", "proxy")  # what storage itself answers has one
            return own
        await asyncio.sleep(delay(request.method, request.path))
        async with session.request(request.method, target, headers=headers, data=body) as answer:
            content = await answer.read()
            if loses(request.method, request.path):
                assert request.transport is not None
                request.transport.abort()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            if request.method == "HEAD":  # the length is that of a body which does not come
                kept["Content-Length"] = answer.headers.get("Content-Length", "0")
                return web.Response(status=answer.status, headers=kept)
            return web.Response(status=answer.status, headers=kept, body=content)

    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    text = connection_string
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers={"Content-Type"}) as session:
        for endpoint in (account.blob_endpoint, account.queue_endpoint, account.table_endpoint):
            port = URL(endpoint).port
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            own = runner.addresses[-1][1]
            ports[own] = port
            text = text.replace(f":{port}/", f":{own}/")
        try:
            yield text
        finally:
            await runner.cleanup()
