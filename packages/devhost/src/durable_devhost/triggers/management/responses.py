"""The answers of the durable HTTP API: JSON, errors, or nothing at all.

Recorded from extension 3.15: JSON has the content type below, empty answers have none, and errors have their keys in
this order. The .NET stack of an error is nothing to imitate and stays empty.
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

JSON_TYPE = "application/json; charset=utf-8"
BAD_ARGUMENTS = "One or more of the arguments submitted is incorrect"
INVALID_JSON = "Invalid JSON content"
UNEXPECTED = "Something went wrong while processing your request"


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Compact JSON, non-ASCII characters raw; half a surrogate pair, which UTF-8 cannot hold, becomes `?`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return web.Response(
        status=status, body=text.encode("utf-8", "replace"), headers={"Content-Type": JSON_TYPE, **(headers or {})}
    )


def empty_response(status: int) -> web.Response:
    """No body and no content type."""
    return web.Response(status=status)


def error_response(
    status: int, message: str, *, exception: str | None = None, exception_type: str | None = None
) -> web.Response:
    """An error with the .NET exception that the real host would have met, where there is one."""
    body = {"Message": message}
    if exception is not None and exception_type is not None:
        body |= {"ExceptionMessage": exception, "ExceptionType": exception_type, "StackTrace": ""}
    return json_response(body, status=status)


def invalid_json(text: str, error: json.JSONDecodeError) -> web.Response:
    """The 400 for a body that is no JSON."""
    what = f"{error.msg}. Path '', line {error.lineno}, position {error.colno}."
    if not text.strip():
        what = "Error reading JToken from JsonReader. Path '', line 0, position 0."
    return error_response(400, INVALID_JSON, exception=what, exception_type="Newtonsoft.Json.JsonReaderException")
