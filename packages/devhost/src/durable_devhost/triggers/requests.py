"""From a request on the wire to the `func.HttpRequest` that user code gets."""

from collections.abc import Iterable, Mapping

from aiohttp import web
from azure.functions.http import HttpRequest


async def read_request(request: web.Request, route_params: Mapping[str, str]) -> HttpRequest:
    """Build the function's request: URL as received, repeated values joined by commas, body as bytes.

    Empty query values and headers are dropped, as the host does for the Python worker (recorded). Raises
    `web.HTTPRequestEntityTooLarge` for a body above the server's limit.
    """
    path = request.raw_path if request.raw_path.startswith("/") else str(request.rel_url)
    return HttpRequest(
        method=request.method,
        url=f"{request.scheme}://{request.host}{path}",
        headers=_joined((name.lower(), value) for name, value in request.headers.items()),
        params=_joined(request.query.items()),
        route_params=route_params,
        body_type="bytes",
        body=await request.read(),
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        if value:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
