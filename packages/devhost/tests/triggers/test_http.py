"""Tests of the HTTP front over a real socket."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import json
import socket

import aiohttp
import azure.functions as func
import pytest
from aiohttp import web

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.errors import SettingsError
from durable_devhost.inflight import InFlight
from durable_devhost.triggers.admin import AdminPages, HostInfo
from durable_devhost.triggers.http import HttpFront, Mount, reserve
from durable_devhost.triggers.keys import AuthLevel, KeyRing, Keys
from durable_devhost.triggers.manual import ManualRuns
from packages.devhost.tests.triggers.conftest import Index, NoBindings, Serve

KEYS = Keys(master="master", host="host", functions={"secret": "own"}, systems={"ext": "system"})


def make_app() -> func.FunctionApp:
    """An app with one function for each kind of answer."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="echo/{name:alpha}/{n:int?}", methods=["GET", "POST", "PUT"])
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        seen = {"route": dict(req.route_params), "params": dict(req.params), "method": req.method, "url": req.url,
                "body": req.get_body().decode(), "ctype": req.headers.get("content-type")}  # fmt: skip
        return func.HttpResponse(
            json.dumps(seen), mimetype="application/json", status_code=207, headers={"X-Truth": "yes"}
        )

    @app.route(route="text")
    def text(req: func.HttpRequest) -> str:
        return req.get_body().decode() or "plain text"

    @app.route(route="created")
    async def created(req: func.HttpRequest) -> func.HttpResponse:
        response = func.HttpResponse(status_code=201)
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    @app.route(route="boom")
    def boom(req: func.HttpRequest) -> func.HttpResponse:
        raise ValueError("boom in http")

    @app.route(route="nothing")
    def nothing(req: func.HttpRequest) -> func.HttpResponse:
        return None  # type: ignore[return-value]

    @app.route(route="split")
    def split(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("x", headers={"X-A": "1\r\nX-B: 2"})

    @app.route(route="json")
    def parse(req: func.HttpRequest) -> str:
        try:
            return str(req.get_json()["a"])
        except ValueError:
            return "no JSON"

    @app.route(route="secret", auth_level=func.AuthLevel.FUNCTION)
    def secret(req: func.HttpRequest) -> str:
        return "ok"

    @app.route(route="top", auth_level=func.AuthLevel.ADMIN)
    def top(req: func.HttpRequest) -> str:
        return "ok"

    return app


@pytest.fixture
def serve(serve_app: Serve) -> Serve:
    """Serve the app above, or another one."""
    return lambda app=None, **options: serve_app(app or make_app(), **options)


async def fetch(client: aiohttp.ClientSession, method: str, path: str, **more: object) -> tuple[int, str | None, str]:
    """Status, content type and body of one request."""
    async with client.request(method, path, **more) as response:  # type: ignore[arg-type]
        return response.status, response.headers.get("Content-Type"), await response.text()


async def test_a_request_reaches_the_function_as_recorded_from_the_real_host(serve: Serve) -> None:
    """Route values are text, repeated query values are joined, empty ones are dropped."""
    async with serve() as client, client.get("/api/echo/abc/7?q=1&q=2&e=") as response:
        assert response.status == 207
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["X-Truth"] == "yes"
        assert await response.json() == {
            "route": {"name": "abc", "n": "7"},
            "params": {"q": "1,2"},
            "method": "GET",
            "url": f"http://127.0.0.1:{response.url.port}/api/echo/abc/7?q=1&q=2&e=",
            "body": "",
            "ctype": None,
        }


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/echo/123/7"), ("GET", "/api/echo/abc/x"), ("DELETE", "/api/echo/abc/7"), ("GET", "/api/nope"),
     ("GET", "/text"), ("GET", "/admin/nope"), ("GET", "/admin/functions/nope"), ("GET", "/runtime/webhooks/x")],
)  # fmt: skip
async def test_a_request_without_a_route_is_an_empty_404(serve: Serve, method: str, path: str) -> None:
    """Unknown path, failed constraint and unlisted verb look the same (recorded)."""
    async with serve() as client:
        assert await fetch(client, method, path) == (404, None, "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (200, "text/plain; charset=utf-8", "plain text")),
        ('{"a": 1}', (200, "text/plain; charset=utf-8", '{\n  "a": 1\n}')),
        ('"q"', (200, "text/plain; charset=utf-8", "q")),
        ("null", (200, "text/plain; charset=utf-8", "")),
        ('{"body": "hé", "status": 201}', (201, "text/plain; charset=utf-8", "hé")),
        ('{"Body": {"a": "é"}, "statusCode": "418"}', (418, "text/plain; charset=utf-8", '{"a":"é"}')),
        ('{"body": true, "status": 3e9}', (200, "text/plain; charset=utf-8", "True")),
        ('{"body": "x", "status": 3000000000}', (500, None, "")),
        ('{"body": "x", "headers": {"a b": "1"}}', (500, None, "")),
        ('{"body": [1]}', (200, "text/plain; charset=utf-8", "System.Collections.Generic.List`1[System.Object]")),
        ('{"body": "<b>", "headers": {"content-type": "text/html"}}', (200, "text/html", "<b>")),
        ('{"body": null}', (200, "text/plain; charset=utf-8", "")),
        ('{"body": "x", "status": "many"}', (200, "text/plain; charset=utf-8", "x")),
        ("{no json", (200, "text/plain; charset=utf-8", "{no json")),
    ],
)
async def test_returned_text_is_formatted_again_or_is_a_response_object(
    serve: Serve, body: str, expected: tuple[int, str | None, str]
) -> None:
    """The host parses it and looks for a `body` property; text that is not JSON is unchanged."""
    async with serve() as client:
        assert await fetch(client, "POST", "/api/text", data=body) == expected


async def test_an_empty_response_has_the_default_content_type_and_its_cookies(serve: Serve) -> None:
    """Recorded for a 201; cookies are written as by .NET."""
    async with serve() as client, client.get("/API/CREATED") as response:
        assert (response.status, response.headers["Content-Type"]) == (201, "text/plain; charset=utf-8")
        assert response.headers.getall("Set-Cookie") == ["a=1; domain=; path=", "b=2; domain=; path="]
        assert response.headers["Content-Length"] == "0"


@pytest.mark.parametrize("path", ["/api/boom", "/api/nothing", "/api/split"])
async def test_a_failure_is_an_empty_500(serve: Serve, path: str) -> None:
    """An exception, None instead of a response, and a header that would split the response."""
    async with serve() as client:
        assert await fetch(client, "GET", path) == (500, None, "")


async def test_invalid_json_is_an_error_of_the_function(serve: Serve) -> None:
    """The function parses it and gets a ValueError; the host does not look."""
    async with serve() as client:
        assert (await fetch(client, "POST", "/api/json", json={"a": 5}))[2] == "5"
        assert (await fetch(client, "POST", "/api/json", data="{"))[2] == "no JSON"


async def test_an_empty_route_prefix_puts_functions_at_the_root(serve: Serve) -> None:
    """host.json may remove `api`."""
    async with serve(prefix="") as client:
        assert (await fetch(client, "GET", "/text"))[0] == 200
        assert (await fetch(client, "GET", "/api/text"))[0] == 404


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/text", None, 200),
        ("/api/secret", None, 401),
        ("/api/secret", "own", 200),
        ("/api/secret", "host", 200),
        ("/api/secret", "system", 401),
        ("/api/top", "host", 401),
        ("/api/top", "master", 200),
        ("/admin/host/status", None, 401),
        ("/admin/host/status", "host", 401),
        ("/admin/host/status", "master", 200),
        ("/mounted/x", "own", 401),
        ("/mounted/x", "system", 200),
    ],
)
async def test_with_keys_a_request_needs_one(serve: Serve, path: str, key: str | None, status: int) -> None:
    """In the header or in `code`; a refusal has no body (recorded)."""

    async def mounted(_: web.Request) -> web.Response:
        return web.Response(text="mounted")

    mount = Mount(prefix="/mounted", handler=mounted, level=AuthLevel.SYSTEM, key_name="ext")
    async with serve(keys=KEYS, mounts=(mount,)) as client:
        for more in ({"headers": {"x-functions-key": key or ""}}, {"params": {"code": key or ""}}):
            answer = await fetch(client, "GET", path, **more)
            assert answer[0] == status
            assert status == 200 or answer[1:] == (None, "")


async def test_without_keys_no_request_needs_one(serve: Serve) -> None:
    """The default of a local host."""
    async with serve() as client:
        assert [
            (await fetch(client, "GET", path))[0] for path in ("/api/secret", "/api/top", "/admin/host/status")
        ] == [200] * 3


async def test_the_host_has_its_information_pages(serve: Serve) -> None:
    """The landing page, the status, ping and the list of functions."""
    async with serve() as client:
        status, kind, page = await fetch(client, "GET", "/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert "/api/echo/{name:alpha}/{n:int?}" in page
        assert json.loads((await fetch(client, "GET", "/admin/host/status"))[2])["state"] == "Running"
        assert (await fetch(client, "POST", "/admin/host/ping"))[0] == 200
        listed = json.loads((await fetch(client, "GET", "/admin/functions"))[2])
        assert "secret" in [each["name"] for each in listed]
        one = json.loads((await fetch(client, "GET", "/admin/functions/SECRET"))[2])
        assert one["invoke_url_template"].endswith("/api/secret")


async def test_a_function_can_be_run_on_demand(serve: Serve) -> None:
    """`POST /admin/functions/{name}` answers 202 and the function gets the input."""
    app, seen = func.FunctionApp(), []

    @app.queue_trigger(arg_name="msg", queue_name="queue", connection="c")
    def on_message(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body())

    @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
    def on_time(timer: func.TimerRequest) -> None:
        seen.append(timer.past_due)

    async with serve(app) as client:
        assert (await fetch(client, "POST", "/admin/functions/on_message", json={"input": "hi"}))[0] == 202
        assert (await fetch(client, "POST", "/admin/functions/on_time", json={}))[0] == 202
        assert (await fetch(client, "POST", "/admin/functions/on_time"))[0] == 400
        assert (await fetch(client, "POST", "/admin/functions/nope", json={}))[0] == 404
    assert sorted(seen, key=str) == [False, b"hi"]


async def test_a_function_without_a_listener_gets_the_posted_input_and_metadata(serve: Serve) -> None:
    """An event may be an object instead of a text."""
    app, seen = func.FunctionApp(), []

    @app.blob_trigger(arg_name="blob", path="in/{name}", connection="")
    def on_blob(blob: func.InputStream) -> None:
        seen.append((blob.name, blob.read()))

    @app.event_grid_trigger(arg_name="event")
    def on_event(event: func.EventGridEvent) -> None:
        seen.append((event.id, event.get_json()))

    event = {"id": "e1", "data": {"n": 1}, "topic": "t", "subject": "s", "eventType": "x", "dataVersion": "1"}
    async with serve(app) as client:
        given = {"input": "text", "metadata": {"BlobTrigger": "in/a"}}
        assert (await fetch(client, "POST", "/admin/functions/on_blob", json=given))[0] == 202
        assert (await fetch(client, "POST", "/admin/functions/on_event", json={"input": event}))[0] == 202
    assert sorted(seen) == [("e1", {"n": 1}), ("in/a", b"text")]


class Requests:
    """Keeps what the console would show."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int, str]] = []

    def request_answered(self, method: str, path: str, status: int, seconds: float, function: str = "") -> None:
        assert seconds >= 0
        self.seen.append((method, path, status, function))

    def advise(self, text: str) -> None:
        raise AssertionError(text)


async def test_the_console_gets_each_request_except_successful_ones_to_the_hosts_pages(serve: Serve) -> None:
    """A token in a path is shortened, and a query is never shown."""

    async def mounted(request: web.Request) -> web.Response:
        if request.path.endswith("large"):
            raise web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)
        return web.Response(text="mounted")

    observer, mount = Requests(), Mount(prefix="/mounted", handler=mounted, level=AuthLevel.ANONYMOUS)
    token = "abcdefgh" + "x" * 60
    paths = ["/api/text?code=secret", "/api/boom", "/api/nope", f"/api/{token}", "/", "/admin/host/status",
             "/admin/nope", "/mounted/x", "/mounted/large"]  # fmt: skip
    async with serve(observer=observer, mounts=(mount,)) as client:
        for path in paths:
            await fetch(client, "GET", path)
    assert observer.seen == [
        ("GET", "/api/text", 200, "text"),
        ("GET", "/api/boom", 500, "boom"),
        ("GET", "/api/nope", 404, ""),
        ("GET", "/api/…", 404, ""),
        ("GET", "/admin/nope", 404, ""),
        ("GET", "/mounted/large", 413, ""),
    ]


async def test_a_request_that_cannot_be_answered_is_an_empty_500(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has a line with the reason."""

    async def mounted(_: web.Request) -> web.Response:
        raise RuntimeError("a fault of devhost's own")

    mount = Mount(prefix="/mounted", handler=mounted, level=AuthLevel.ANONYMOUS)
    async with serve(mounts=(mount,)) as client:
        assert await fetch(client, "GET", "/mounted/x") == (500, None, "")
    assert "GET /mounted/x could not be answered" in caplog.text
    assert "a fault of devhost's own" in caplog.text


async def test_a_disabled_homepage_is_an_empty_answer(serve: Serve) -> None:
    """The setting AzureWebJobsDisableHomepage."""
    async with serve(homepage=False) as client:
        assert await fetch(client, "GET", "/") == (204, None, "")


async def test_after_a_reload_the_new_functions_answer(index: Index, invoker: Invoker) -> None:
    """On the same port, without a gap."""
    later = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @later.route(route="new")
    def new(req: func.HttpRequest) -> str:
        return "new"

    in_flight = InFlight()
    info = HostInfo(host_id="h", instance_id="i", version="0.1", computer_name="c")
    catalog = index(make_app())
    admin = AdminPages(
        catalog=catalog, manual=ManualRuns(invoker, in_flight, NoBindings().read_blob), info=info, route_prefix="api"
    )
    front = HttpFront(catalog=catalog, invoker=invoker, in_flight=in_flight, keys=KeyRing(), admin=admin)
    with reserve(0) as door:
        base = f"http://127.0.0.1:{door.getsockname()[1]}"
        async with front.serve(door), aiohttp.ClientSession(base) as client:
            assert [(await fetch(client, "GET", path))[0] for path in ("/api/text", "/api/new")] == [200, 404]
            front.replace(index(later))
            assert [(await fetch(client, "GET", path))[0] for path in ("/api/text", "/api/new")] == [404, 200]


async def test_bodies_wait_until_they_fit_into_memory(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other if each takes all the room; all are answered."""
    monkeypatch.setattr("durable_devhost.triggers.http._HELD_BODIES", 10)
    app, running, most = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS), 0, 0

    @app.route(route="slow", methods=["POST"])
    async def slow(req: func.HttpRequest) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return "ok"

    async with serve(app) as client:
        answers = await asyncio.gather(*(fetch(client, "POST", "/api/slow", data="x" * 8) for _ in range(5)))
    assert ([status for status, _, _ in answers], most) == ([200] * 5, 1)


def test_a_port_in_use_is_a_one_sentence_error() -> None:
    """It says what to do."""
    with reserve(0) as door:
        assert door.getsockname()[0] == "127.0.0.1"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"Port {port} is in use\. .*--port"):
            reserve(port)


def test_a_free_port_goes_to_nobody_else_before_the_host_listens() -> None:
    """Also to no other program that asks as the host does for the port of its settings."""
    with reserve(0) as door, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(door.getsockname())
