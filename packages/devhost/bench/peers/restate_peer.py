"""Restate as a peer: its server from npm, and a service of its Python SDK in this process.

usage: restate_peer.py SERVER DATA    (the server's executable, the folder of its data)
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from typing import Any

import httpx
import hypercorn.asyncio
import hypercorn.config
import restate
from serving import STEPS, free_port, serve

service = restate.Service("bench")
START_S = 60


@service.handler()
async def count_to(context: restate.Context, steps: int) -> int:
    """Add one, so many times."""
    total = 0
    for _ in range(steps):
        total = await context.run_typed("add_one", _add_one, number=total)
    return total


@service.handler()
async def fan_out(context: restate.Context, count: int) -> int:
    """Run `count` steps at once and add up what they give."""
    steps = [context.run_typed("give_back", _give_back, number=number) for number in range(count)]
    await restate.gather(*steps)
    return sum([await step for step in steps])


waiting = restate.Workflow("waiting")


@waiting.main()
async def run(context: restate.WorkflowContext) -> str:
    """Wait for one event."""
    return str(await context.promise("go", type_hint=str).value())


@waiting.handler()
async def go(context: restate.WorkflowSharedContext) -> None:
    """Send the event."""
    await context.promise("go", type_hint=str).resolve("now")


async def _add_one(number: int) -> int:
    return number + 1


async def _give_back(number: int) -> int:
    return number


class Restate:
    """Server, service and client. Ports are new at each start, so a restart registers the service again."""

    def __init__(self, server: str, data: str) -> None:
        """Start the server on the data of an earlier one, and register the service."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._service_port = _kept_port(data)
        self._ingress, self._admin = free_port(), free_port()
        self._run(self._open(server, data))

    async def _open(self, server: str, data: str) -> None:
        config = hypercorn.config.Config()
        config.bind = [f"127.0.0.1:{self._service_port}"]
        config.loglevel = "ERROR"
        app = restate.app([service, waiting])
        serving = hypercorn.asyncio.serve(app, config, shutdown_trigger=lambda: asyncio.Future(), mode="asgi")
        self._serving = asyncio.ensure_future(serving)
        self._start_server(server, data)
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._ingress}", timeout=600, limits=httpx.Limits(max_connections=None)
        )
        endpoint = {"uri": f"http://127.0.0.1:{self._service_port}", "force": True}
        give_up = time.monotonic() + START_S
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._admin}") as admin:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    reply = await admin.post("/deployments", json=endpoint)
                    if reply.is_success:
                        return
                if time.monotonic() > give_up:
                    raise RuntimeError("the Restate server did not start")
                await asyncio.sleep(0.05)

    def _start_server(self, server: str, data: str) -> None:
        subprocess.Popen(
            [server, "--base-dir", data],
            env={
                **os.environ,
                "RESTATE_DISABLE_TELEMETRY": "true",
                "RESTATE_LOG_FILTER": "error",
                "RESTATE_LISTEN_MODE": "tcp",
                "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{self._ingress}",
                "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{self._admin}",
                "RESTATE_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
            },
            stdout=subprocess.DEVNULL,
        )

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def chain(self) -> int:
        """See `Peer`."""
        return int(self._run(self._call("/bench/count_to", STEPS)))

    def chains(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""
        return self.finish(count, ids)

    def begin(self, count: int, ids: str) -> None:
        """See `Peer`."""
        self._run(_all(self._send("/bench/count_to", STEPS, f"{ids}-{number}") for number in range(count)))

    def finish(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""
        # The same call under the same key is not made again: it gives the result of the first.
        return list(self._run(_all(self._call("/bench/count_to", STEPS, f"{ids}-{number}") for number in range(count))))

    def fan_out(self, count: int) -> int:
        """See `Peer`."""
        return int(self._run(self._call("/bench/fan_out", count)))

    def loop(self, count: int) -> int:
        """See `Peer`."""
        return int(self._run(self._call("/bench/count_to", count)))

    def event(self) -> float:
        """See `Peer`."""

        async def once() -> float:
            name = f"/waiting/{time.time_ns()}"
            ended = asyncio.ensure_future(self._call(f"{name}/run", None))
            await asyncio.sleep(0.05)  # until it waits, so that what is measured is the way from an event to an end
            began = time.perf_counter()
            await self._call(f"{name}/go", None)
            if await ended != "now":
                raise RuntimeError("the event did not arrive")
            return time.perf_counter() - began

        return float(self._run(once()))

    async def _call(self, path: str, given: Any, key: str = "") -> Any:
        body = {} if given is None else {"json": given}
        reply = await self._client.post(path, headers={"idempotency-key": key} if key else {}, **body)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    async def _send(self, path: str, given: Any, key: str) -> None:
        (await self._client.post(f"{path}/send", json=given, headers={"idempotency-key": key})).raise_for_status()


async def _all(works: Any) -> list[Any]:
    return list(await asyncio.gather(*works))


def _kept_port(data: str) -> int:
    """The service's port, which the server keeps with the work that it has begun there."""
    kept = os.path.join(data, "service-port")
    if not os.path.exists(kept):
        with open(kept, "w") as file:
            file.write(str(free_port()))
    with open(kept) as file:
        return int(file.read())


if __name__ == "__main__":
    serve(Restate(*sys.argv[1:3]))
