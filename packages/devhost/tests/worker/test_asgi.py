"""Functions in the web application of the extension for FastAPI, with a small extension that keeps its contract."""

import sys
import types
from typing import Any, List  # noqa: UP035 - the spelling is what one test is about

import azure.functions as func
import pytest

from durable_devhost.worker import asgi
from durable_devhost.worker.functions import Binding
from durable_devhost.worker.signatures import signature_problems
from durable_devhost.worker.transfers import WholeTransfer

GIVEN = {
    "type": "http",
    "method": "POST",
    "url": "http://localhost:7071/api/orders/7?full=yes&name=%C3%BC",
    "headers": [["content-type", "application/json"], ["x-name", "ü"]],
    "params": {"full": "yes", "name": "ü"},
    "route_params": {"id": "7"},
    "body": b'{"a": 1}',
}
BINDINGS = [
    Binding(type="httpTrigger", name="req"), Binding(type="http", name="$return", is_output=True)
]  # fmt: skip


class Request:
    """What Starlette makes of a scope."""

    def __init__(self, scope: dict[str, Any], receive: Any) -> None:
        self.scope = scope
        self.path_params: dict[str, Any] = {"path": scope["path"]}
        self.receive = receive


class Response:
    """Text in two parts."""

    def __init__(self, text: str) -> None:
        self.parts = text.encode().partition(b" ")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
        await send({"type": "http.response.body", "body": self.parts[0] + self.parts[1], "more_body": True})
        await send({"type": "http.response.body", "body": self.parts[2]})


class WebApp:
    """One handler for every path; it reads which request the handler wants."""

    def route(self, handler: Any) -> None:
        """Keep it."""
        self._handler = handler
        self._kind = handler.__annotations__["request"]

    def get_app(self) -> Any:
        """The application."""

        async def application(scope: Any, receive: Any, send: Any) -> None:
            response = await self._handler(self._kind(scope, receive))
            await response(scope, receive, send)

        return application


class Synchronizer:
    """Puts the route's parameters into a request."""

    def sync_route_params(self, request: Request, params: Any) -> None:
        """In place of the application's own."""
        request.path_params = dict(params)


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extension, imported by the app."""

    def tracking(*kinds: type, **more: Any) -> Any:
        def check_type(kind: Any) -> bool:
            return isinstance(kind, type) and issubclass(kind, kinds)

        return types.SimpleNamespace(check_type=check_type, get_request_type=lambda: kinds[0], **more)

    base: Any = types.ModuleType("azurefunctions.extensions.base")
    base.RequestTrackerMeta = tracking(Request, get_synchronizer=Synchronizer)
    base.ResponseTrackerMeta = tracking(Response, str, dict)
    base.HttpV2FeatureChecker = types.SimpleNamespace(http_v2_enabled=lambda: True)
    base.ModuleTrackerMeta = types.SimpleNamespace(get_module=lambda: "the_web")
    web: Any = types.ModuleType("the_web")
    web.WebApp = WebApp
    monkeypatch.setitem(sys.modules, base.__name__, base)
    monkeypatch.setitem(sys.modules, "the_web", web)


@pytest.mark.usefixtures("extension")
async def test_a_call_gets_the_request_of_the_extension_and_returns_its_response():
    """With path, query, headers, the route's parameters and the body."""
    transfer, seen = WholeTransfer(GIVEN["body"]), []

    async def call(request: Request) -> Response:
        seen.append((request, await request.receive()))
        return Response("one two")

    await asgi.WebApplication().answer(GIVEN, transfer, call)
    ((request, event),) = seen
    assert (request.scope["method"], request.scope["path"]) == ("POST", "/api/orders/7")
    assert request.scope["query_string"] == b"full=yes&name=%C3%BC"
    assert (b"x-name", "ü".encode("latin-1")) in request.scope["headers"]
    assert (request.path_params, event["body"]) == ({"id": "7"}, b'{"a": 1}')
    assert (transfer.answer["status"], transfer.answer["body"]) == (201, b"one two")
    assert transfer.answer["headers"] == [["x-a", "1"], ["x-a", "2"]]


@pytest.mark.usefixtures("extension")
async def test_an_exception_of_a_call_is_raised():
    """The application has answered by then."""

    async def call(_request: Request) -> Response:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await asgi.WebApplication().answer(GIVEN, WholeTransfer(b""), call)


def _problems(annotation: Any, returned: Any) -> list[str]:
    def one(req): ...

    one.__annotations__ = {"req": annotation, "return": returned}
    return list(signature_problems(one, BINDINGS))


@pytest.mark.usefixtures("extension")
def test_with_the_extension_every_http_function_needs_its_types():
    """The SDK's types are refused, as by the real worker."""
    assert _problems(Request, Response) == _problems(Request, dict) == _problems(Request, str) == []
    refused = _problems(func.HttpRequest, func.HttpResponse)
    assert ["imports azurefunctions.extensions.http.fastapi" in each for each in refused] == [True, True]
    assert len(_problems(Request, List[str])) == 1  # noqa: UP006 - as above


def test_without_the_extension_nothing_changes():
    """An app that has not imported it gets the SDK's request."""
    assert asgi.is_enabled() is False
    assert _problems(func.HttpRequest, func.HttpResponse) == []
    assert len(_problems(Request, Response)) == 2
