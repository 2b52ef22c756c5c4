"""Turns what an HTTP function returned into the response on the wire, as the host's `HttpBinding` and Kestrel do."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import HttpVersion11, hdrs, web
from multidict import CIMultiDict

from durable_devhost.dispatch.outcome import Outcome, Raised, Returned
from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize, without_metadata
from durable_devhost.dotnet.json_writer import as_text, compact
from durable_devhost.triggers.cookies import set_cookie

_LONG_TEXT = 100_000
_TEXT = "text/plain; charset=utf-8"
_LENGTH = "content-length"
_CHUNKS = "transfer-encoding"
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_DIGITS = re.compile(r" *[0-9]{1,18} *")
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*")
_INT32 = 1 << 31
_BARE = frozenset((204, 205, 304))
_REASONS = {
    413: "Payload Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 418: "I'm a teapot",
}  # fmt: skip
"""Reason phrases that differ between ASP.NET and Python 3.11."""

_KNOWN = {
    name.lower(): name
    for name in (
        "Accept-Ranges", "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
        "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
        "Access-Control-Max-Age", "Age", "Allow", "Alt-Svc", "Cache-Control", "Content-Encoding", "Content-Language",
        "Content-Length", "Content-Location", "Content-MD5", "Content-Range", "Content-Type", "Date", "ETag", "Expires",
        "Keep-Alive", "Last-Modified", "Location", "Pragma", "Proxy-Authenticate", "Proxy-Connection", "Retry-After",
        "Server", "Set-Cookie", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Via", "Warning", "WWW-Authenticate",
    )
}  # fmt: skip
"""Headers that Kestrel writes in its own spelling; all others are sent as the function spells them."""

_LIST_NAME = "System.Collections.Generic.List`1[System.Object]"


class ConnectionClosed(Exception):
    """The real host cannot send this answer: it closes the connection instead."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the status {status}, with which Azure closes the connection")
        self.status = status


def empty(status: int) -> web.Response:
    """Make a response without body and without content type, the form of every error of the host itself (recorded)."""
    return web.Response(status=status, reason=_REASONS.get(status))


def as_json(status: int, value: Any) -> web.Response:
    """Make a JSON response."""
    return web.json_response(value, status=status)


def write_outcome(outcome: Outcome) -> web.Response:
    """Turn the outcome of an HTTP function into its response: 500 without a body for a failure of any kind.

    Raises ConnectionClosed for a status below 100 or above 999.
    """
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


def is_long(outcome: Outcome) -> bool:
    """Whether writing the outcome takes so long that it must run in a thread."""
    match outcome:
        case Returned(value={"type": "string", "value": str() as text}):
            return len(text) > _LONG_TEXT
        case _:
            return False


def lost_cookies(outcome: Outcome) -> list[str]:
    """The names of cookies that the function set and that its SDK drops."""
    match outcome:
        case Returned(value={"lost_cookies": list() as names}):
            return names
        case _:
            return []


def frame(response: web.Response, request: web.Request) -> web.Response:
    """Send a function's response as Kestrel does.

    In chunks unless it is empty or has its own length, which is not checked. HEAD, 204 and 304 have neither.
    """
    if _LENGTH in response.headers or _CHUNKS in response.headers:
        if _CHUNKS in response.headers or int(response.headers[_LENGTH]) != _size(response):
            response.force_close()  # the client cannot know where the body ends, so nothing may follow
    elif request.version >= HttpVersion11 and (
        response.body or request.method == hdrs.METH_HEAD or response.status in _BARE
    ):
        response.enable_chunked_encoding()
    return response


def finish_framing(response: web.StreamResponse) -> None:
    """Remove the length that aiohttp adds if the function itself says that its body is in chunks."""
    if _CHUNKS in response.headers and not response.chunked:
        response.headers.popall(_LENGTH, None)


def _size(response: web.Response) -> int:
    return len(response.body) if isinstance(response.body, bytes) else 0


def _from_object(response: Mapping[str, Any]) -> web.Response:
    headers = [(str(name), str(value)) for name, value in response["headers"]]
    if not any(name.lower() == "content-type" for name, _ in headers):
        mimetype = response["mimetype"]
        charset = f"; charset={response['charset']}" if mimetype.startswith("text/") else ""
        headers.append(("Content-Type", f"{mimetype}{charset}"))
    for cookie in response.get("cookies", ()):
        if (text := set_cookie(cookie)) is None:
            return empty(500)
        headers.append(("Set-Cookie", text))
    return _response(_status(response["status"]), headers, response["body"])


def _from_text(text: str) -> web.Response:
    """Text that is JSON is parsed and formatted again; an object with a `body` is a whole response."""
    try:
        value = deserialize(text)
    except JsonReaderError:
        value = text
    fields = _response_object(value)
    if fields is None:
        return _response(200, [("Content-Type", _TEXT)], as_text(value).encode("utf-8", "replace"))
    given = fields.get("headers")
    headers = [(str(name), as_text(item)) for name, item in given.items()] if isinstance(given, dict) else []
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", _TEXT))
    body = fields["body"]
    match body:
        case dict():
            content = compact(body)
        case list():
            content = _LIST_NAME
        case _:
            content = as_text(body)
    return _response(_status(fields.get("statuscode", fields.get("status"))), headers, content.encode())


def _response_object(value: Any) -> dict[str, Any] | None:
    """The fields of a response object, names in lower case.

    The host prints the object and reads it a second time before it looks for them (`HttpBinding.CreateResult`).
    """
    if not isinstance(value, dict):
        return None
    fields = {name.lower(): item for name, item in without_metadata(value).items()}
    return fields if "body" in fields else None


def _status(value: Any) -> int | None:
    """The status of a response object: 200 if it is no integer, None if that is too big for .NET."""
    match value:
        case bool():
            return 200
        case int():
            return value if -_INT32 <= value < _INT32 else None
        case str() if _INTEGER.fullmatch(value):
            return int(value)
        case _:
            return 200


def _response(status: int | None, headers: Iterable[tuple[str, str]], body: bytes) -> web.Response:
    """Build a response; a header that Kestrel refuses, or a length below the body's, is a failure, so 500."""
    written: CIMultiDict[str] = CIMultiDict()
    for name, value in headers:
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            return empty(500)
        if name.lower() == "set-cookie":
            written.add("Set-Cookie", value)
        elif name.lower() != "connection":
            written[_KNOWN.get(name.lower(), name)] = value
    if status is None or not _fits(written.get(_LENGTH), body):
        return empty(500)
    if not 100 <= status <= 999:
        raise ConnectionClosed(status)
    if status < 200 or status in _BARE:
        body = b""
    return web.Response(status=status, reason=_REASONS.get(status), headers=written, body=body)


def _fits(length: str | None, body: bytes) -> bool:
    """Whether the length that a function set can be sent: one beyond the body's breaks off, but only behind a byte."""
    if length is None:
        return True
    return _DIGITS.fullmatch(length) is not None and (len(body) == int(length) or 0 < len(body) < int(length))
