"""From what an HTTP function returned to the response on the wire."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from durable_devhost.dispatch.outcome import Outcome, Raised, Returned

_TEXT = "text/plain; charset=utf-8"
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def empty(status: int) -> web.Response:
    """Make a response without body and without content type, the form of every error of the host itself (recorded)."""
    return web.Response(status=status)


def as_json(status: int, value: Any) -> web.Response:
    """Make a JSON response."""
    return web.json_response(value, status=status)


def write_outcome(outcome: Outcome) -> web.Response:
    """Turn the outcome of an HTTP function into its response: 500 without a body for a failure of any kind."""
    match outcome:
        case Raised():
            return empty(500)
        case Returned(value=None):
            return empty(200)
        case Returned(value={"type": "http"} as response):
            return _from_object(response)
        case Returned(value={"type": "string", "value": str() as text}):
            return _from_text(text)
        case _:
            return empty(500)


def _from_object(response: Mapping[str, Any]) -> web.Response:
    headers = [(str(name), str(value)) for name, value in response["headers"]]
    if not any(name.lower() == "content-type" for name, _ in headers):
        mimetype = response["mimetype"]
        charset = f"; charset={response['charset']}" if mimetype.startswith("text/") else ""
        headers.append(("Content-Type", f"{mimetype}{charset}"))
    return _response(response["status"], headers, response["body"])


def _from_text(text: str) -> web.Response:
    """A JSON object with a `body` is a response object, as in the host's `HttpBinding`; any other text is itself."""
    fields = _response_object(text)
    if fields is None:
        return _response(200, [("Content-Type", _TEXT)], text.encode())
    given = fields.get("headers")
    headers = [(str(name), str(value)) for name, value in given.items()] if isinstance(given, dict) else []
    body = fields["body"]
    content_type = _TEXT
    if not isinstance(body, str):
        body = "" if body is None else json.dumps(body, ensure_ascii=False)
        content_type = "application/json; charset=utf-8"
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    return _response(fields.get("statuscode", fields.get("status", 200)), headers, body.encode())


def _response_object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    fields = {name.lower(): item for name, item in value.items()} if isinstance(value, dict) else {}
    return fields if "body" in fields else None


def _response(status: Any, headers: Iterable[tuple[str, str]], body: bytes) -> web.Response:
    """Put a response together; what HTTP cannot carry (a status, a line break in a header) is a failure, so 500."""
    try:
        number = int(status)
    except (TypeError, ValueError):
        return empty(500)
    written: CIMultiDict[str] = CIMultiDict()
    for name, value in headers:
        if any(char in "\r\n\0" for char in name + value) or not name:
            return empty(500)
        if name.lower() == "set-cookie":
            written.add(name, value)
        elif name.lower() not in _FRAMING:
            written[name] = value
    return web.Response(status=number, headers=written, body=body) if 200 <= number <= 999 else empty(500)
