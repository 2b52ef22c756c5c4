"""The answers of the durable HTTP API: JSON, errors, or nothing at all.

Recorded from extension 3.15: JSON has the content type below, empty answers have none, and errors have their keys in
this order. The .NET stack of an error is not imitated and stays empty.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from durable_devhost.dotnet.json_reader import JsonReaderError
from durable_devhost.dotnet.texts import whole_characters
from durable_devhost.json_text import compact

JSON_TYPE = "application/json; charset=utf-8"
BAD_ARGUMENTS = "One or more of the arguments submitted is incorrect"
INVALID_JSON = "Invalid JSON content"
UNEXPECTED = "Something went wrong while processing your request"


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Compact JSON, non-ASCII characters unescaped; half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD."""
    body = whole_characters(compact(value)).encode()
    return web.Response(status=status, body=body, headers={"Content-Type": JSON_TYPE, **(headers or {})})


def empty_response(status: int) -> web.Response:
    """No body and no content type."""
    return web.Response(status=status)


def error_response(
    status: int, message: str, *, exception: str | None = None, exception_type: str | None = None
) -> web.Response:
    """An error with the .NET exception of the real host, if there is one."""
    body = {"Message": message}
    if exception is not None and exception_type is not None:
        body |= {"ExceptionMessage": exception, "ExceptionType": exception_type, "StackTrace": ""}
    return json_response(body, status=status)


def invalid_json(error: JsonReaderError) -> web.Response:
    """The 400 for a body that is invalid JSON to Newtonsoft."""
    return error_response(400, INVALID_JSON, exception=str(error), exception_type="Newtonsoft.Json.JsonReaderException")
