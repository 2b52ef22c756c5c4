"""The dashboard behind a real HTTP server, over a client in memory, for the tests of its pages."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from durable_devhost.dashboard.sources import StatusChange
from durable_devhost.mail.mailbox import Mailbox
from durable_devhost.model.functions import Binding, Function, FunctionCatalog
from packages.devhost.tests.durable.memory import ClientBench

RECORDS = [
    {"time": "2026-11-27T12:00:00.123456Z", "event": "orchestration", "name": "Run", "instance": "mine",
     "status": "Failed", "stack": "the frames of <user> code"},
    {"time": "2026-11-27T12:00:01.123456Z", "event": "request", "method": "GET", "path": "/api/x", "status": 200},
]  # fmt: skip


def function(name: str, kind: str, **properties: Any) -> Function:
    """A function of a trigger of that type."""
    trigger = Binding(type=kind, name="t", direction="in", properties=properties)
    return Function(name=name, trigger=trigger, script_file=Path("function_app.py"), line=3)


CATALOG = FunctionCatalog(
    [
        function("read", "httpTrigger", route="read", methods=["GET"]),
        function("write", "httpTrigger", route="write/{id}", methods=["POST"]),
        function("nightly", "timerTrigger", schedule="0 0 3 * * *"),
        function("on_order", "queueTrigger", queueName="orders"),
        function("work", "activityTrigger"),
    ],
    idle=[function("asleep", "timerTrigger", schedule="0 0 4 * * *")],
)


@dataclass
class Site:
    """The dashboard, what it was asked to do, and a client."""

    bench: ClientBench
    http: "TestClient[web.Request, web.Application]"
    statuses: dict[str, list[StatusChange]]
    inputs: dict[str | None, dict[int, str]]
    mailbox: Mailbox | None
    ran: list[tuple[str, str]] = field(default_factory=list)
    moved: list[timedelta] = field(default_factory=list)

    async def get(self, path: str, **more: Any) -> tuple[int, str]:
        """The status and the text of a page."""
        async with self.http.get(f"/devhost/{path}", allow_redirects=False, **more) as answer:
            return answer.status, await answer.text()

    async def send(self, path: str, **form: str) -> tuple[int, str]:
        """Send a form as a page has it; the status, and where it leads or what is said."""
        _, shown = await self.get("clock")
        found = re.search(r'name="token" value="([^"]+)"', shown)
        data = {"token": found[1] if found else "", **form}
        async with self.http.post(f"/devhost/{path}", data=data, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()


Opened = Callable[..., Awaitable[Site]]
