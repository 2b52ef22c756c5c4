"""The built-in activity behind `call_http`: one HTTP request, its response as the orchestrator gets it.

Error statuses are normal results; only transport errors fail the task, in .NET's words, and a content type that .NET
does not take: it wants no parameters (recorded). Python's JSON leaves the 202 polling of the extension off (extension
`TaskHttpActivityShim.cs`, `DurableHttpClientFactory.cs`).
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import aiohttp

from durable_devhost.durable.ports import Failed, Outcome, Succeeded
from durable_devhost.json_text import compact

_log = logging.getLogger(__name__)
_MEDIA_TYPE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAME = (
    "   at System.Net.Http.Headers.MediaTypeHeaderValue.CheckMediaTypeFormat(String mediaType, String parameterName)"
)
_TIMEOUT = aiohttp.ClientTimeout(total=240)
_CONTENT_HEADERS = frozenset(
    {
        "allow",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "expires",
        "last-modified",
    }
)


async def call_http(argument: str) -> Outcome:
    """Send the request that the work item carries: a JSON array with one request object."""
    request: Mapping[str, Any] = json.loads(argument)[0]
    if request.get("tokenSource"):
        return Failed(
            message="NotSupportedException: call_http with a token source needs a managed identity.", stack=""
        )
    headers = {str(name): str(value) for name, value in (request.get("headers") or {}).items()}
    content = request.get("content")
    given = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    if content is not None and given is None:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    elif content is not None and given is not None and _MEDIA_TYPE.fullmatch(given) is None:
        return _content_type_failure(given)
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.request(request["method"], request["uri"], headers=headers, data=content) as response,
        ):
            body = {
                "statusCode": response.status,
                "headers": _response_headers(response),
                "content": await response.text(errors="replace"),
            }
    except aiohttp.ClientConnectorError as error:
        return _failed(f"{_reason(error.os_error)} ({error.host}:{error.port})")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return _failed(f"{type(error).__name__}: {error}")
    return Succeeded(text=compact(body))


def _reason(error: OSError) -> str:
    """The system's own words, which .NET uses too."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _failed(message: str) -> Failed:
    """A transport error; its details are a .NET exception, as for other activities."""
    details = {
        "$type": "System.Net.Http.HttpRequestException, System.Net.Http",
        "Message": message,
        "Data": {"$type": "System.Collections.ListDictionaryInternal, System.Private.CoreLib"},
        "InnerException": None,
        "HelpLink": None,
        "Source": "System.Net.Http",
        "HResult": -2147467259,
        "StackTrace": "",
    }
    return Failed(message=message, stack="", details=compact(details))


def _content_type_failure(content_type: str) -> Failed:
    _log.warning(
        "call_http with the content type '%s' fails, here as on Azure: leave out what follows the semicolon.",
        content_type,
    )
    message = f"The format of value '{content_type}' is invalid."
    return Failed(
        message=message,
        stack="",
        details=f"Unhandled exception while executing task: System.FormatException: {message}\n{_FRAME}",
    )


@cache
def _advise(content_type: str) -> None:
    """Said once for each type."""
    text = "call_http with the content type '%s' fails, here as on Azure: leave out what follows the semicolon."
    _log.warning(text, content_type)


def _response_headers(response: aiohttp.ClientResponse) -> dict[str, str | list[str]]:
    """Response headers without content headers; a header with several values is a list."""
    shown: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(response.headers):
        if name.lower() not in _CONTENT_HEADERS:
            values = response.headers.getall(name)
            shown[name] = values[0] if len(values) == 1 else values
    return shown
