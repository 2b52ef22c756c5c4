"""DBOS as a peer, on the PostgreSQL database in DBOS_BENCH_DATABASE, with sync or async workflows.

usage: dbos_peer.py sync|async
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Coroutine
from typing import Any

from dbos import DBOS, SetWorkflowID
from serving import STEPS, serve

DBOS(
    config={
        "name": "bench",
        "system_database_url": os.environ["DBOS_BENCH_DATABASE"],
        "log_level": "WARNING",
        # Like the default, it names the program; but two forms of one program share the database.
        "application_version": sys.argv[1],
        "executor_id": sys.argv[1],
    }
)


@DBOS.step()
def add_one(number: int) -> int:
    """Do as little as there is."""
    return number + 1


@DBOS.workflow()
def count_to(steps: int) -> int:
    """Add one, so many times."""
    total = 0
    for _ in range(steps):
        total = add_one(total)
    return total


@DBOS.workflow()
def give_back(number: int) -> int:
    """Give the number back: one part of a fan-out. A step of a sync workflow cannot run beside another."""
    return number


@DBOS.workflow()
def fan_out(count: int) -> int:
    """Start `count` children at once and add up what they give."""
    handles = [DBOS.start_workflow(give_back, number) for number in range(count)]
    return sum(handle.get_result() for handle in handles)


@DBOS.workflow()
def wait_for_event() -> str:
    """Wait for one message."""
    return str(DBOS.recv("go", timeout_seconds=60))


class Sync:
    """DBOS as it is used without asyncio."""

    def chain(self) -> int:
        """See `Peer`."""
        return count_to(STEPS)

    def chains(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""
        self.begin(count, ids)
        return self.finish(count, ids)

    def begin(self, count: int, ids: str) -> None:
        """See `Peer`."""
        for number in range(count):
            with SetWorkflowID(f"{ids}-{number}"):
                DBOS.start_workflow(count_to, STEPS)

    def finish(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""
        return [
            DBOS.retrieve_workflow(f"{ids}-{number}").get_result(polling_interval_sec=0.01) for number in range(count)
        ]

    def fan_out(self, count: int) -> int:
        """See `Peer`."""
        return fan_out(count)

    def loop(self, count: int) -> int:
        """See `Peer`."""
        return count_to(count)

    def event(self) -> float:
        """See `Peer`."""
        handle = DBOS.start_workflow(wait_for_event)
        time.sleep(0.05)  # until it waits, so that what is measured is the way from an event to an end
        began = time.perf_counter()
        DBOS.send(handle.workflow_id, "now", "go")
        if handle.get_result() != "now":
            raise RuntimeError("the event did not arrive")
        return time.perf_counter() - began


@DBOS.step()
async def add_one_async(number: int) -> int:
    """Do as little as there is."""
    return number + 1


@DBOS.workflow()
async def count_to_async(steps: int) -> int:
    """Add one, so many times."""
    total = 0
    for _ in range(steps):
        total = await add_one_async(total)
    return total


@DBOS.step()
async def give_back_async(number: int) -> int:
    """Give the number back: one part of a fan-out."""
    return number


@DBOS.workflow()
async def fan_out_async(count: int) -> int:
    """Run `count` steps at once and add up what they give."""
    return sum(await asyncio.gather(*(give_back_async(number) for number in range(count))))


@DBOS.workflow()
async def wait_for_event_async() -> str:
    """Wait for one message."""
    return str(await DBOS.recv_async("go", timeout_seconds=60))


class Async:
    """DBOS as it is used with asyncio: all workflows on one event loop."""

    def __init__(self) -> None:
        """Start the loop."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def chain(self) -> int:
        """See `Peer`."""
        return int(self._run(count_to_async(STEPS)))

    def chains(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""
        self.begin(count, ids)
        return self.finish(count, ids)

    def begin(self, count: int, ids: str) -> None:
        """See `Peer`."""

        async def start() -> None:
            for number in range(count):
                with SetWorkflowID(f"{ids}-{number}"):
                    await DBOS.start_workflow_async(count_to_async, STEPS)

        self._run(start())

    def finish(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""

        async def results() -> list[int]:
            handles = [await DBOS.retrieve_workflow_async(f"{ids}-{number}") for number in range(count)]
            return list(await asyncio.gather(*(handle.get_result(polling_interval_sec=0.01) for handle in handles)))

        return list(self._run(results()))

    def fan_out(self, count: int) -> int:
        """See `Peer`."""
        return int(self._run(fan_out_async(count)))

    def loop(self, count: int) -> int:
        """See `Peer`."""
        return int(self._run(count_to_async(count)))

    def event(self) -> float:
        """See `Peer`."""

        async def once() -> float:
            handle = await DBOS.start_workflow_async(wait_for_event_async)
            await asyncio.sleep(0.05)  # until it waits
            began = time.perf_counter()
            await DBOS.send_async(handle.workflow_id, "now", "go")
            if await handle.get_result() != "now":
                raise RuntimeError("the event did not arrive")
            return time.perf_counter() - began

        return float(self._run(once()))


if __name__ == "__main__":
    DBOS.launch()
    serve(Sync() if sys.argv[1] == "sync" else Async())
