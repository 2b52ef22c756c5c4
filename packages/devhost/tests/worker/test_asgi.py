"""Requests and responses of the extension for FastAPI, with a small extension that keeps its contract."""

import sys
import types
from typing import Any

import azure.functions as func
import pytest

from durable_devhost.worker import asgi
from durable_devhost.worker.functions import Binding, Function
from durable_devhost.worker.inputs import trigger_argument
from durable_devhost.worker.outputs import results

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")
GIVEN = {
    "type": "http",
    "method": "POST",
    "url": "http://localhost:7071/api/orders/7?full=yes&name=%C3%BC",
    "headers": [["content-type", "application/json"], ["x-name", "ü"]],
    "params": {"full": "yes", "name": "ü"},
    "route_params": {"id": "7"},
    "body": b'{"a": 1}',
}


class Request:
    """What Starlette makes of a scope."""

    def __init__(self, scope: dict[str, Any], receive: Any) -> None:
        self.scope = scope
        self.path_params: dict[str, Any] = scope["path_params"]
        self.receive = receive


class Response:
    """Answers in two pieces."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extension, imported by the app."""

    def tracking(*kinds: type) -> Any:
        def check_type(kind: Any) -> bool:
            return isinstance(kind, type) and issubclass(kind, kinds)

        return types.SimpleNamespace(check_type=check_type, get_request_type=lambda: kinds[0])

    base = types.ModuleType("azurefunctions.extensions.base")
    base.RequestTrackerMeta = tracking(Request)  # type: ignore[attr-defined]
    base.ResponseTrackerMeta = tracking(Response, str)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "azurefunctions.extensions.base", base)


def function(kind: type) -> Function:
    """An HTTP function whose parameter is annotated so."""
    trigger = Binding(type="httpTrigger", name="req")
    out = Binding(type="http", name="$return", is_output=True)
    return Function(
        name="f", call=print, trigger=trigger, outputs=(out,), has_return=True, parameter_types={"req": kind}
    )


@pytest.mark.usefixtures("extension")
async def test_a_function_that_wants_one_gets_a_request_of_starlette():
    """With path, query, headers, the route's parameters and the body."""
    request = trigger_argument(function(Request), GIVEN, {})
    assert isinstance(request, Request)
    scope = request.scope
    assert (scope["method"], scope["path"]) == ("POST", "/api/orders/7")
    assert scope["query_string"] == b"full=yes&name=%C3%BC"
    assert (b"x-name", "ü".encode("latin-1")) in scope["headers"]
    assert request.path_params == {"id": "7"}
    assert (await request.receive())["body"] == b'{"a": 1}'


@pytest.mark.usefixtures("extension")
async def test_its_response_is_collected():
    """In Azure it may stream."""
    found = results(function(Request), await asgi.collected(Response()), {})["result"]
    assert (found["status"], found["body"]) == (201, b"one two")
    assert found["headers"] == [["x-a", "1"], ["x-a", "2"]]


@pytest.mark.usefixtures("extension")
def test_text_stays_text_though_the_extension_lists_it():
    """Every function may return text."""
    assert (asgi.is_response(Response), asgi.is_response(str), asgi.is_request(str)) == (True, False, False)


def test_without_the_extension_nothing_changes():
    """An app that has not imported it gets the SDK's request."""
    assert (asgi.is_request(Request), asgi.is_response(Response)) == (False, False)
    assert isinstance(trigger_argument(function(func.HttpRequest), GIVEN, {}), func.HttpRequest)
