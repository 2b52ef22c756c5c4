"""Requests and responses of Starlette, which `azurefunctions-extensions-http-fastapi` gives to HTTP functions.

In Azure such a response may stream; here it is collected and sent when it is complete.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

_BASE = "azurefunctions.extensions.base"


def is_request(annotation: Any) -> bool:
    """Whether a parameter wants such a request; the extension has said so when it was imported."""
    return _tracked("RequestTrackerMeta", annotation)


def is_response(annotation: Any) -> bool:
    """Whether a class is one of such responses; text, which the extension lists as well, is sent as text."""
    return annotation is not str and _tracked("ResponseTrackerMeta", annotation)


def request(value: Mapping[str, Any]) -> Any:
    """The request that the host describes, as the extension's own class."""
    kind: Any = sys.modules[_BASE].RequestTrackerMeta.get_request_type()
    body = value["body"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    made = kind(_scope(value), receive)
    made.path_params.update(value["route_params"])
    return made


class Collected(dict):  # type: ignore[type-arg] # Python 3.9 cannot subscript it here
    """A response that is complete, in the form that the host takes."""


async def collected(response: Any) -> Collected:
    """The response as the host takes it; runs what it does afterwards too."""
    head: dict[str, Any] = {}
    body = bytearray()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            head.update(message)
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # nobody hangs up while a response is collected
        return {"type": "http.disconnect"}

    await response({"type": "http", "method": "GET", "headers": [], "path": "/", "query_string": b""}, receive, send)
    headers = [[name.decode("latin-1"), item.decode("latin-1")] for name, item in head.get("headers", [])]
    return Collected(
        type="http",
        status=head.get("status", 200),
        headers=headers,
        mimetype="application/octet-stream",
        charset="utf-8",
        body=bytes(body),
    )


def _scope(value: Mapping[str, Any]) -> dict[str, Any]:
    place = urlsplit(value["url"])
    headers = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in value["headers"]]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
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


def _tracked(name: str, annotation: Any) -> bool:
    base = sys.modules.get(_BASE)  # an app that has not imported the extension does not use it
    return base is not None and isinstance(annotation, type) and bool(getattr(base, name).check_type(annotation))
