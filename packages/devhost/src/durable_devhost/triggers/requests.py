"""From a request on the wire to the one that user code gets, as a value for the worker."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web


async def read_request(request: web.Request, route_params: Mapping[str, str]) -> dict[str, Any]:
    """Build the function's request: URL as received, repeated values joined by commas, body as bytes.

    Empty query values and headers are dropped, as the host does for the Python worker (recorded). Raises
    `web.HTTPRequestEntityTooLarge` for a body above the server's limit.
    """
    path = request.raw_path if request.raw_path.startswith("/") else str(request.rel_url)
    return made_request(
        method=request.method,
        url=f"{request.scheme}://{request.host}{path}",
        headers=_joined((name.lower(), value) for name, value in request.headers.items()),
        params=_joined(request.query.items()),
        route_params=route_params,
        body=await request.read(),
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
