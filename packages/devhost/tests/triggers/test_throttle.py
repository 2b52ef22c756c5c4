"""Tests of the limits of requests under way."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import threading

import aiohttp
import azure.functions as func
import pytest

from durable_devhost.http_settings import HttpSettings
from durable_devhost.triggers.throttle import Throttle
from packages.devhost.tests.triggers.conftest import Serve


class Advice(list[str]):
    """What a person would read."""

    def request_answered(self, method: str, path: str, status: int, seconds: float, function: str = "") -> None:
        """A request was answered."""

    def advise(self, text: str) -> None:
        """Keep it."""
        self.append(text)


class Gate:
    """An app whose function waits until it is let go on."""

    def __init__(self) -> None:
        self.app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
        self.open = threading.Event()
        self.running: list[None] = []
        self.most = 0

        @self.app.route(route="wait")
        def wait(req: func.HttpRequest) -> str:
            self.running.append(None)
            self.most = max(self.most, len(self.running))
            self.open.wait(10)
            self.running.pop()
            return "done"


async def statuses(client: aiohttp.ClientSession, gate: Gate, count: int) -> list[int]:
    """Ask that often at once, let all go on when those that may are in, and tell how each was answered."""

    async def ask() -> tuple[int, str]:
        async with client.get("/api/wait") as answer:
            return answer.status, answer.headers.get("X-FUNCTION-SCALEOUT", "")

    asked = [asyncio.create_task(ask()) for _ in range(count)]
    await asyncio.wait(asked, timeout=0.3)
    gate.open.set()
    answers = await asyncio.gather(*asked)
    assert all(scale_out == ("1" if status == 429 else "") for status, scale_out in answers)
    return sorted(status for status, _ in answers)


@pytest.mark.parametrize(
    ("http", "expected", "most"),
    [
        (HttpSettings(), [200] * 5, 5),
        (HttpSettings(max_outstanding_requests=3), [200] * 3 + [429] * 2, 3),
        (HttpSettings(max_concurrent_requests=2), [200] * 5, 2),
        (HttpSettings(max_outstanding_requests=3, max_concurrent_requests=1), [200] * 3 + [429] * 2, 1),
    ],
)
async def test_requests_beyond_the_limits_get_429(
    serve_app: Serve, http: HttpSettings, expected: list[int], most: int
) -> None:
    """Running requests count as outstanding; the refused caller's advice is to scale out."""
    gate, advice = Gate(), Advice()
    async with serve_app(gate.app, http=http, observer=advice) as client:
        assert await statuses(client, gate, 5) == expected
    assert gate.most == most
    assert len(advice) == expected.count(429)


async def test_the_hosts_own_pages_are_not_throttled(serve_app: Serve) -> None:
    """As on the real host."""
    gate = Gate()
    async with serve_app(gate.app, http=HttpSettings(max_outstanding_requests=1)) as client:
        asked = asyncio.create_task(statuses(client, gate, 1))
        for path in ("/", "/admin/host/status"):
            async with client.get(path) as answer:
                assert answer.status == 200
        assert await asked == [200]


async def test_a_failed_block_frees_its_place() -> None:
    """With any exception."""
    throttle = Throttle(HttpSettings(max_outstanding_requests=1, max_concurrent_requests=1))

    async def fail() -> None:
        async with throttle.place() as has_place:
            assert has_place
            raise ValueError("boom")

    for _ in range(3):
        with pytest.raises(ValueError, match="boom"):
            await fail()


async def test_an_exceeded_counter_lets_no_request_in(serve_app: Serve) -> None:
    """429 with the header that asks for more hosts, and the counter's name; the host's own pages are there."""
    gate, advice = Gate(), Advice()
    gate.open.set()
    async with serve_app(gate.app, http=HttpSettings(exceeded_counters=("Threads",)), observer=advice) as client:
        assert await statuses(client, gate, 2) == [429, 429]
        async with client.get("/admin/host/status") as answer:
            assert answer.status == 200
    assert (gate.most, len(set(advice))) == (0, 1)
    assert "WEBSITE_COUNTERS_APP has Threads near the limit" in advice[0]
