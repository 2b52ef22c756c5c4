"""What is no HTTP is refused as Kestrel refuses it."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio

import azure.functions as func
import pytest

from packages.devhost.tests.triggers.conftest import Serve


async def _answer(port: int, request: bytes) -> tuple[list[str], bytes]:
    """The lines of the head, but the date, and what follows it; the host closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        answer = await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    return [line for line in head.decode().split("\r\n") if not line.startswith("Date: ")], rest


@pytest.mark.parametrize(
    "given",
    [
        b"hello\r\n\r\n",
        b"GET /api/echo HTTP/1.1\r\n\r\n",
        b"GET /api/\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /api/echo HTTP/1.1\r\nHost: a\r\nX A: 1\r\n\r\n",
        b"GET /api/echo HTTP/1.1\r\nHost: a\r\nX-A: a\x00b\r\n\r\n",
        b"GET /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_what_cannot_be_read_is_a_bare_400(serve_app: Serve, given: bytes) -> None:
    """Without a word of why, and the connection is closed."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="echo")
    def echo(req: func.HttpRequest) -> str:
        return "ok"

    async with serve_app(app) as client:
        async with client.get("/api/echo") as answer:
            assert await answer.text() == "ok"
        head, rest = await _answer(answer.url.port or 0, given)
        assert (head[0], rest) == ("HTTP/1.1 400 Bad Request", b"")
        assert {"Content-Length: 0", "Connection: close"} < set(head)
