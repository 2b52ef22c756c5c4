"""HTTP functions with `azurefunctions-extensions-http-fastapi`: they run in its web application.

The real worker serves that application with uvicorn, and its host passes requests on (`http_v2.py` of
azure-functions-python-worker). Here the application gets its requests from the host's frames, so that both directions
stream without a second server; it treats results and failures in its own way.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

_BASE = "azurefunctions.extensions.base"
_CALL = "devhost.call"


class Transfer(Protocol):
    """The two callables of an ASGI application."""

    async def receive(self) -> dict[str, Any]:
        """The next event of the request."""
        ...

    async def send(self, event: Mapping[str, Any]) -> None:
        """Take an event of the response."""
        ...


def is_enabled() -> bool:
    """Whether the app has imported the extension, which changes all of its HTTP functions."""
    base: Any = sys.modules.get(_BASE)
    return base is not None and bool(base.HttpV2FeatureChecker.http_v2_enabled())


def takes_request(annotation: Any) -> bool:
    """Whether a parameter with this annotation may get the request."""
    base: Any = sys.modules[_BASE]
    return bool(base.RequestTrackerMeta.check_type(annotation))


def takes_response(annotation: Any) -> bool:
    """Whether a function with this return annotation may return the response."""
    base: Any = sys.modules[_BASE]
    return bool(base.ResponseTrackerMeta.check_type(annotation))


class WebApplication:
    """The extension's application with one route, which calls the function of the request."""

    def __init__(self) -> None:
        base: Any = sys.modules[_BASE]
        made = importlib.import_module(base.ModuleTrackerMeta.get_module()).WebApp()

        async def call(request: Any) -> Any:
            return await request.scope[_CALL](request)

        call.__annotations__ = {"request": base.RequestTrackerMeta.get_request_type()}  # the application reads it
        made.route(call)
        self._application = made.get_app()
        self._synchronizer = base.RequestTrackerMeta.get_synchronizer()

    async def answer(self, given: Mapping[str, Any], transfer: Transfer, call: Callable[[Any], Awaitable[Any]]) -> None:
        """Answer the request that the host describes with the result of `call` for the extension's request.

        Raises the exceptions of `call`, and for a response that the application cannot send, after it has answered 500.
        """

        async def called(request: Any) -> Any:
            self._synchronizer.sync_route_params(request, given["route_params"])
            return await call(request)

        await self._application({**_scope(given), _CALL: called}, transfer.receive, transfer.send)


def _scope(value: Mapping[str, Any]) -> dict[str, Any]:
    place = urlsplit(value["url"])
    headers = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in value["headers"]]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": value["method"],
        "scheme": place.scheme or "http",
        "path": place.path,
        "raw_path": quote(place.path, safe="/%").encode("ascii"),
        "query_string": (place.query or urlencode(value["params"])).encode("ascii"),
        "root_path": "",
        "headers": headers,
        "server": (place.hostname or "localhost", place.port or 80),
        "client": ("127.0.0.1", 0),
        "path_params": {},
    }
