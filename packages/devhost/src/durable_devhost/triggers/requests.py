"""From a request on the wire to the one that user code gets, as a value for the worker."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import hdrs, web

from durable_devhost.triggers.paths import path_in_urls
from durable_devhost.triggers.query_strings import query_parameters

_LONGEST_LINE = 8 * 1024
_LONGEST_HEADERS = 32 * 1024
_MOST_HEADERS = 100
_LINE_END = 2
_HALF = re.compile("[\ud800-\udfff]")
"""Bytes that are no UTF-8, as aiohttp decodes them."""


def refusal_of(request: web.Request) -> int | None:
    """The status with which Kestrel refuses a request before anybody sees it; None for one that may pass.

    414 for a request line over 8 KiB, 431 for more than 32 KiB or a hundred headers, 400 for what is no UTF-8.
    """
    line = f"{request.method} {request.raw_path} HTTP/1.1"
    if len(line) + _LINE_END > _LONGEST_LINE:
        return 414
    headers = request.raw_headers
    size = sum(len(name) + len(value) + len(": ") + _LINE_END for name, value in headers) + _LINE_END
    if size > _LONGEST_HEADERS or len(headers) > _MOST_HEADERS:
        return 431
    return 400 if any(_HALF.search(value) for value in request.headers.values()) else None


def is_chunked(request: web.Request) -> bool:
    """Whether the body comes in chunks, without a length."""
    return "chunked" in request.headers.get(hdrs.TRANSFER_ENCODING, "").lower()


async def read_request(request: web.Request, path: str, route_params: Mapping[str, str]) -> dict[str, Any]:
    """Build the function's request from one to a decoded path: repeated values joined by commas, body as bytes.

    Empty query values and headers are dropped, as the host does for the Python worker (recorded). Raises
    `web.HTTPRequestEntityTooLarge` for a body above the server's limit.
    """
    return described_request(request, path, route_params, await request.read())


def described_request(
    request: web.Request, path: str, route_params: Mapping[str, str], body: bytes = b""
) -> dict[str, Any]:
    """As above, with a body that has been read, or without one."""
    query = request.rel_url.raw_query_string
    return made_request(
        method=request.method,
        url=f"{request.scheme}://{request.host}{path_in_urls(path)}{f'?{query}' if query else ''}",
        headers=_joined((name.lower(), value) for name, value in request.headers.items()),
        params=query_parameters(query),
        route_params=route_params,
        body=body,
    )


def made_request(
    *,
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    route_params: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A request as the worker takes it."""
    return {
        "type": "http",
        "method": method,
        "url": url,
        "headers": [[name, value] for name, value in (headers or {}).items()],
        "params": dict(params or {}),
        "route_params": dict(route_params or {}),
        "body": body,
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        if value:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
