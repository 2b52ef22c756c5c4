"""The built-in activity behind `call_http`: one HTTP request, its response as the orchestrator gets it.

Error statuses are normal results; only transport errors fail the task. Python's JSON leaves the 202 polling of the
extension off (extension `TaskHttpActivityShim.cs`, `DurableHttpClientFactory.cs`).
"""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from durable_devhost.durable.ports import Failed, Outcome, Succeeded

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
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain; charset=utf-8"
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
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Failed(message=f"HttpRequestException: {type(error).__name__}: {error}", stack="")
    return Succeeded(text=json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def _response_headers(response: aiohttp.ClientResponse) -> dict[str, str | list[str]]:
    """Response headers without content headers; a header with several values is a list."""
    shown: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(response.headers):
        if name.lower() not in _CONTENT_HEADERS:
            values = response.headers.getall(name)
            shown[name] = values[0] if len(values) == 1 else values
    return shown
