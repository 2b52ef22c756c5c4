"""The durable HTTP API behind a real HTTP server, over a client in memory."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from packages.devhost.tests.durable.memory import ClientBench

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response, read to its end."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


class Front:
    """The API behind a real HTTP server."""

    def __init__(self, bench: ClientBench, client: "TestClient[web.Request, web.Application]") -> None:
        self.bench = bench
        self._client = client

    @property
    def base(self) -> str:
        """The API's URL."""
        return str(self._client.make_url("/runtime/webhooks/durabletask"))

    async def ask(self, method: str, path: str, *, body: str | None = None, headers: Any = JSON) -> Answer:
        """Send one request to a path below the base."""
        data = body.encode() if body is not None else None
        async with self._client.request(
            method, f"/runtime/webhooks/durabletask/{path}", data=data, headers=headers
        ) as response:
            return Answer(status=response.status, headers=dict(response.headers), text=await response.text())


def assert_empty(answer: Answer, status: int) -> None:
    """Recorded: answers without a body have no content type."""
    assert (status, "", "0", None) == (
        answer.status,
        answer.text,
        answer.headers["Content-Length"],
        answer.headers.get("Content-Type"),
    )
