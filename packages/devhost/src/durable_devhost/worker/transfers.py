"""The two ends of an HTTP request for its application: streamed frames, or a whole request and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

_PARTS_AHEAD = 4
"""How many parts of a response may be on their way before the host has written the first."""
_DISCONNECT = {"type": "http.disconnect"}
Message = Mapping[str, Any]


class Collected(dict):  # type: ignore[type-arg] # Python 3.9 cannot subscript it here
    """The answer to a request, in the host's form."""


class WholeTransfer:
    """The whole request at once, and a collected response: for a function that is run by hand."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._head: Message = {"status": 200, "headers": []}
        self._parts: list[bytes] = []

    async def receive(self) -> dict[str, Any]:
        """The body, and then nothing more: nobody disconnects."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, event: Message) -> None:
        """Keep the event."""
        if event["type"] == "http.response.start":
            self._head = event
        elif event["type"] == "http.response.body":
            self._parts.append(event.get("body", b""))

    def take(self, message: Message) -> None:
        """The host sends nothing."""

    @property
    def answer(self) -> Collected:
        """The response; the host adds no content type to one without."""
        return Collected(
            type="http", status=self._head["status"], headers=_texts(self._head.get("headers", [])),
            mimetype="application/octet-stream", charset="utf-8", body=b"".join(self._parts),
        )  # fmt: skip


class FlowingTransfer:
    """Asks the host for each piece of the request, and sends each piece of the response at once.

    All of it runs on the app's loop.
    """

    answer = Collected(type="flown")
    """The return value of the call: everything has been sent."""

    def __init__(self, call_id: int, send: Callable[[Message], object]) -> None:
        self._id = call_id
        self._send = send
        self._is_whole = False
        self._is_gone = False
        self._pieces: list[Message] = []
        self._room = _PARTS_AHEAD
        self._changed = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """The next piece of the body; after the last one, the disconnect."""
        if not self._is_whole and not self._is_gone:
            self._send({"kind": "wants", "id": self._id})
        while self._is_whole or not self._pieces:
            if self._is_gone:
                return dict(_DISCONNECT)
            await self._change()
        piece = self._pieces.pop(0)
        self._is_whole = not piece["more"]
        return {"type": "http.request", "body": piece["body"], "more_body": piece["more"]}

    async def send(self, event: Message) -> None:
        """Send the event, as fast as the caller reads; events for a caller who left are dropped."""
        if event["type"] == "http.response.start":
            headers = _texts(event.get("headers", []))
            self._send({"kind": "head", "id": self._id, "status": event["status"], "headers": headers})
        elif event["type"] == "http.response.body":
            while self._room == 0 and not self._is_gone:
                await self._change()
            self._room -= 1
            if not self._is_gone:
                more = bool(event.get("more_body", False))
                self._send({"kind": "part", "id": self._id, "body": bytes(event.get("body", b"")), "more": more})

    def take(self, message: Message) -> None:
        """Handle a message of the host: a piece of the request, a written part, or that the caller has left."""
        if message["kind"] == "piece":
            self._pieces.append(message)
        elif message["kind"] == "written":
            self._room += 1
        else:
            self._is_gone = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _texts(headers: Any) -> list[list[str]]:
    return [[name.decode("latin-1"), text.decode("latin-1")] for name, text in headers]
