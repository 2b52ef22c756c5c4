"""Event Grid's requests to a host's webhooks, and the host's answers; the caller handles the events.

The rules are those of `HttpRequestProcessor.cs` of the Event Grid extension, which the blob extension shares: the
header `aeg-event-type` tells a handshake, a notification and a farewell apart, and OPTIONS is the handshake of
CloudEvents. A body that is invalid or incomplete JSON is a 500 without a body (recorded).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from durable_devhost.dotnet.json_reader import JsonReaderError, parse
from durable_devhost.dotnet.json_writer import as_text, compact
from durable_devhost.triggers.responses import empty

Events = Callable[[str, list[Any]], Awaitable[web.Response]]
"""Handles the events of one notification for the function of that name."""

_VERBS = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS"})
_ORIGIN = "eventgrid.azure.net"
_ORIGINS = frozenset(
    {
        _ORIGIN, "eventgrid.azure.us", "eventgrid.azure.eaglex.ic.gov", "eventgrid.azure.microsoft.scloud",
        "eventgrid.azure.cn",
    }
)  # fmt: skip


def text_response(status: int, text: str) -> web.Response:
    """An answer of an extension, as `StringContent` makes it."""
    return web.Response(status=status, text=text, content_type="text/plain", charset="utf-8")


def function_asked(request: web.Request) -> str:
    """The name in `functionName`, in any case of the parameter; empty if there is none."""
    return ",".join(value for name, value in request.query.items() if name.lower() == "functionname")


async def answer(request: web.Request, act: Events) -> web.Response:
    """Answer one request of Event Grid for the function that it names; `act` gets the events of a notification."""
    if request.method not in _VERBS:
        return empty(405)
    if request.method == hdrs.METH_OPTIONS:
        origin = request.headers.get("WebHook-Request-Origin", _ORIGIN)
        response = empty(200)
        response.headers["Webhook-Allowed-Origin"] = origin if origin in _ORIGINS else _ORIGIN
        return response
    kind = request.headers.get("aeg-event-type", "").lower()
    try:
        match kind:
            case "subscriptionvalidation":
                code = compact({"validationResponse": _validation_code(await _text(request))})
                return text_response(200, code)
            case "notification":
                return await act(function_asked(request), _events(await _text(request)))
            case _:
                return empty(202 if kind == "unsubscribe" else 400)
    except _Unreadable:
        return empty(500)


class _Unreadable(Exception):
    """The body is not as expected, and the real host's extension fails on it."""


async def _text(request: web.Request) -> str:
    return (await request.read()).decode("utf-8-sig", errors="replace")


def _events(text: str) -> list[Any]:
    """The events of a notification, one or many."""
    try:
        content = parse(text, whole=False)
    except JsonReaderError as error:
        raise _Unreadable from error
    match content:
        case list():
            return content
        case dict():
            return [content]
        case _:
            raise _Unreadable


def _validation_code(text: str) -> str:
    """The code of a handshake: that of the first event, or of one whose data are JSON in a text."""
    try:
        content = parse(text)
        match content:
            case list():
                return _code_in(content[0]["data"])
            case dict():
                return _code_in(parse(as_text(content["data"])))
            case _:
                raise _Unreadable
    except (JsonReaderError, KeyError, TypeError, IndexError) as error:
        raise _Unreadable from error


def _code_in(data: Mapping[str, Any]) -> str:
    return as_text(data["validationCode"])
