"""Tests of the form in which answers of functions go over a socket, and of requests that never reach one."""

import asyncio
import json
from typing import Any

import aiohttp
import azure.functions as func
import pytest

from packages.devhost.tests.triggers.conftest import Serve


class Console:
    """Keeps what a person would read."""

    def __init__(self) -> None:
        self.advice: list[str] = []
        self.statuses: list[int] = []

    def request_answered(self, method: str, path: str, status: int, seconds: float, function: str = "") -> None:
        self.statuses.append(status)

    def advise(self, text: str) -> None:
        self.advice.append(text)


def make_app() -> func.FunctionApp:
    """One function answers as it is told, one says what it was asked."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="answer", methods=["POST", "HEAD"])
    def answer(req: func.HttpRequest) -> func.HttpResponse:
        told = req.get_json() if req.method == "POST" else {"body": "hello"}
        return func.HttpResponse(told.get("body", ""), status_code=told.get("status", 200), headers=told.get("headers"))

    @app.route(route="echo/{*rest}", methods=["GET", "POST"])
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        seen = {
            "url": req.url.partition("/api/")[2], "route": dict(req.route_params), "body": req.get_body().decode(),
            "x": req.headers.get("x"),
        }  # fmt: skip
        return func.HttpResponse(json.dumps(seen))

    return app


async def over_a_socket(client: aiohttp.ClientSession, request: bytes) -> bytes:
    """What the server sends until it closes the connection."""
    base = client._base_url  # the session has no public name for it
    assert base is not None
    reader, writer = await asyncio.open_connection(base.host, base.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def post(told: dict[str, Any], *, more: str = "", method: str = "POST") -> bytes:
    """A request to the function that answers as it is told."""
    body = json.dumps(told).encode()
    head = f"{method} /api/answer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def framing(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, the headers that say how long the body is, and the body as it was sent."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    kept = {name: value for name, value in headers.items() if name in ("Content-Length", "Transfer-Encoding")}
    return int(status.split()[1]), kept, body


CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"body": "hello"}, (200, CHUNKED, b"5\r\nhello\r\n0\r\n\r\n")),
        ({}, (200, {"Content-Length": "0"}, b"")),
        ({"status": 204}, (204, {}, b"")),
        ({"status": 204, "body": "x"}, (204, {}, b"")),
        ({"status": 304}, (304, {}, b"")),
        ({"status": 600, "body": "x"}, (600, CHUNKED, b"1\r\nx\r\n0\r\n\r\n")),
        ({"body": "ok", "headers": {"Content-Length": "3"}}, (200, {"Content-Length": "3"}, b"ok")),
        ({"body": "ok", "headers": {"Content-Length": "2"}}, (200, {"Content-Length": "2"}, b"ok")),
        ({"body": "ok", "headers": {"Content-Length": "1"}}, (500, {"Content-Length": "0"}, b"")),
        ({"headers": {"Content-Length": "99"}}, (500, {"Content-Length": "0"}, b"")),
        ({"body": "ok", "headers": {"Content-Length": "two"}}, (500, {"Content-Length": "0"}, b"")),
        ({"body": "ok", "headers": {"Transfer-Encoding": "chunked"}}, (200, CHUNKED, b"ok")),
        ({"headers": {"Set-Cookie ": "a=1"}}, (500, {"Content-Length": "0"}, b"")),
        ({"headers": {"X-Note": "a\x01b"}}, (500, {"Content-Length": "0"}, b"")),
        ({"headers": {"X-Name": "é"}}, (500, {"Content-Length": "0"}, b"")),
        ({"headers": {"X-Name": "a\tb"}}, (200, {"Content-Length": "0"}, b"")),
        ({"headers": {"Set-Cookie": "a=1; Max-Age=-5"}}, (500, {"Content-Length": "0"}, b"")),
        ({"headers": {"Set-Cookie": "a=1; Max-Age=soon"}}, (500, {"Content-Length": "0"}, b"")),
    ],
)
async def test_an_answer_is_framed_as_by_kestrel(
    serve_app: Serve, told: dict[str, Any], expected: tuple[int, dict[str, str], bytes]
) -> None:
    """In chunks, unless it is empty or states its length, which is not checked."""
    async with serve_app(make_app()) as client:
        assert framing(await over_a_socket(client, post(told))) == expected


async def test_known_headers_have_the_spelling_of_kestrel(serve_app: Serve) -> None:
    """Recorded; others are unchanged."""
    told = {"headers": {"content-type": "text/html", "etag": "x", "x-one": "1"}}
    async with serve_app(make_app()) as client:
        head = (await over_a_socket(client, post(told))).partition(b"\r\n\r\n")[0].decode()
    assert {"Content-Type: text/html", "ETag: x", "x-one: 1"} <= set(head.split("\r\n"))


async def test_a_long_text_is_formatted_like_a_short_one(serve_app: Serve) -> None:
    """In a thread, because it takes long."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="long")
    def long(req: func.HttpRequest) -> str:
        return json.dumps(["x" * 50] * int(req.params["times"]))

    async with serve_app(app) as client, client.get("/api/long?times=4000") as response:
        assert (await response.text()).splitlines()[:2] == ["[", f'  "{"x" * 50}",']


async def test_an_answer_to_head_has_no_length(serve_app: Serve) -> None:
    """And no chunks."""
    async with serve_app(make_app()) as client:
        assert framing(await over_a_socket(client, post({}, method="HEAD"))) == (200, {}, b"")


async def test_an_http_1_0_client_gets_no_chunks(serve_app: Serve) -> None:
    """HTTP/1.0 lacks them."""
    async with serve_app(make_app()) as client:
        answer = await over_a_socket(client, post({"body": "hi"}).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert answer.endswith(b"\r\n\r\nhi")


@pytest.mark.parametrize("status", [99, 1000, -1])
async def test_an_invalid_status_closes_the_connection_and_is_reported(serve_app: Serve, status: int) -> None:
    """Recorded: the client gets no answer at all."""
    console = Console()
    async with serve_app(make_app(), observer=console) as client:
        assert await over_a_socket(client, post({"status": status})) == b""
    assert console.advice == [
        f"'answer' answers with the status {status}, with which Azure closes the connection: return one of 100 to 999."
    ]


async def test_a_dropped_cookie_is_reported(serve_app: Serve) -> None:
    """With the fix."""
    console = Console()
    async with serve_app(make_app(), observer=console) as client:
        answer = await over_a_socket(client, post({"headers": {"Set-Cookie": "a=b c"}}))
    assert b"Set-Cookie" not in answer
    assert console.advice == [
        "The cookie 'a' of 'answer' is not sent, here as on Azure, since the Python worker cannot read its value: "
        "encode it with urllib.parse.quote."
    ]


async def test_a_chunked_body_is_passed_on_with_a_warning(serve_app: Serve) -> None:
    """On Azure the function gets nothing."""
    console = Console()
    request = (
        b"POST /api/echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhi\r\n0\r\n\r\n"
    )
    async with serve_app(make_app(), observer=console) as client:
        assert b'"body": "hi"' in await over_a_socket(client, request)
    assert console.advice == [
        "'echo' got a body in chunks, which on Azure does not reach it: have the client send Content-Length."
    ]


@pytest.mark.parametrize(
    ("path", "url", "rest"),
    [
        ("a/../b", "echo/b", "b"),
        ("a/", "echo/a/", "a/"),
        ("%ff", "echo/%ff", "%ff"),
        ("%zz", "echo/%25zz", "%zz"),
        ("%0D%0A%01", "echo/%0D%0A%01", "\r\n\x01"),
        ("a?b=%20c&d", "echo/a?b=%20c&d", "a"),
    ],
)
async def test_a_function_gets_the_path_as_kestrel_reads_it(serve_app: Serve, path: str, url: str, rest: str) -> None:
    """In its route parameters and in its URL."""
    request = f"GET /api/echo/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: é\r\n\r\n".encode()
    async with serve_app(make_app()) as client:
        _, _, body = framing(await over_a_socket(client, request))
    seen = json.loads(body.split(b"\r\n")[1])
    assert (seen["url"], seen["route"], seen["x"]) == (url, {"rest": rest}, "é")


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET /api/echo/" + "a" * 8_166, "", 200),
        ("GET /api/echo/" + "a" * 8_180, "", 414),
        ("GET /api/echo/" + "a" * 100_000, "", 414),
        ("GET /api/echo/x", "X: " + "a" * 32_000 + "\r\n", 200),
        ("GET /api/echo/x", "X: " + "a" * 33_000 + "\r\n", 431),
        ("GET /api/echo/x", "X: 1\r\n" * 101, 431),
        ("GET /api/echo/a%00", "", 400),
        ("GET /api/echo//a", "", 404),
    ],
)
async def test_a_request_that_kestrel_refuses_reaches_no_function(
    serve_app: Serve, line: str, headers: str, status: int
) -> None:
    """By its limits, which devhost shares."""
    console = Console()
    request = f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n".encode()
    async with serve_app(make_app(), observer=console) as client:
        assert framing(await over_a_socket(client, request))[0] == status
    assert console.statuses == [status]


async def test_a_header_that_is_not_utf_8_is_a_bad_request(serve_app: Serve) -> None:
    """Kestrel reads headers as UTF-8."""
    request = b"GET /api/echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: \xff\r\n\r\n"
    async with serve_app(make_app()) as client:
        assert framing(await over_a_socket(client, request)) == (400, {"Content-Length": "0"}, b"")
