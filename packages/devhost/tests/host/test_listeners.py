"""A reload ends the old listeners when they are done, and starts new ones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.host.listeners import TriggerListeners
from durable_devhost.model.functions import Binding, Function, FunctionCatalog

PATIENCE_S = 10.0


class Journal:
    """What listeners did, in order; `until` waits for an entry."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self._changed = asyncio.Event()

    def note(self, entry: str) -> None:
        """One more entry."""
        self.entries.append(entry)
        self._changed.set()

    async def until(self, entry: str) -> None:
        """Wait for it."""
        async with asyncio.timeout(PATIENCE_S):
            while entry not in self.entries:
                self._changed.clear()
                await self._changed.wait()


class Listening:
    """A listener that runs until it is stopped, and then until its work is done. Stands for all kinds."""

    def __init__(self, function: Function, journal: Journal, work: asyncio.Event) -> None:
        self._name = function.name
        self.queue = f"queue of {function.name}"
        self._journal = journal
        self._work = work
        self._is_stopped = asyncio.Event()

    async def run(self) -> None:
        self._journal.note(f"{self._name} listens")
        await self._is_stopped.wait()
        self._journal.note(f"{self._name} takes nothing new")
        await self._work.wait()
        self._journal.note(f"{self._name} is done")

    def nudge(self, container: str = "") -> None:
        self._journal.note(" ".join(part for part in (self._name, "nudged", container) if part))

    def stop(self, _task: Any = None) -> None:
        self._is_stopped.set()


class Bench:
    """Listeners that run, and the gate that their work waits for."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.work = asyncio.Event()
        self.work.set()
        make: Any = lambda function: Listening(function, self.journal, self.work)  # noqa: E731 - fits both ports
        of_all: Any = lambda functions: make(functions[0])  # noqa: E731 - fits the port
        self.listeners = TriggerListeners(
            catalog("q1", "t1", "b1", "b2"), queue_listener=make, blob_listener=of_all, timer_listener=make
        )
        self.running = asyncio.create_task(self.listeners.run())


def catalog(*names: str) -> FunctionCatalog:
    """Functions of these names: queue functions with a q, blobs with a b, timers with a t, and one more."""
    kinds = {"q": "queueTrigger", "b": "blobTrigger", "t": "timerTrigger", "h": "httpTrigger"}
    return FunctionCatalog(
        Function(name=name, trigger=Binding(type=kinds[name[0]], name="x", direction="in"), script_file=Path("a.py"))
        for name in (*names, "h")
    )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Listeners that have begun."""
    bench = Bench()
    await bench.journal.until("q1 listens")
    await bench.journal.until("t1 listens")
    await bench.journal.until("b1 listens")
    yield bench
    bench.work.set()
    bench.listeners.stop()
    async with asyncio.timeout(PATIENCE_S):
        await bench.running


async def test_each_queue_and_timer_function_has_its_listener(bench: Bench) -> None:
    """Blob functions share one; others have none here."""
    assert (len(bench.listeners.queues), len(bench.listeners.blobs), len(bench.listeners.timers)) == (1, 1, 1)
    assert len(bench.listeners.fetching_listeners) == 2
    assert sorted(bench.journal.entries) == ["b1 listens", "q1 listens", "t1 listens"]


async def test_after_a_reload_the_new_functions_have_listeners(bench: Bench) -> None:
    """Once the old ones have finished their work."""
    bench.work.clear()
    bench.listeners.replace(catalog("q2"))
    await bench.journal.until("q1 takes nothing new")
    await bench.journal.until("t1 takes nothing new")
    assert "q2 listens" not in bench.journal.entries
    bench.work.set()
    await bench.journal.until("q2 listens")
    assert (len(bench.listeners.queues), len(bench.listeners.timers)) == (1, 0)
    assert {"q1 is done", "t1 is done"} <= set(bench.journal.entries)


async def test_the_last_of_two_quick_reloads_counts(bench: Bench) -> None:
    """A listener that never started needs no stop."""
    bench.listeners.replace(catalog("q2"))
    bench.listeners.replace(catalog("q3", "t3"))
    await bench.journal.until("q3 listens")
    await bench.journal.until("t3 listens")
    assert "q2 listens" not in bench.journal.entries


async def test_a_stop_waits_for_work_and_ends_the_run(bench: Bench) -> None:
    """Also while a reload waits."""
    bench.work.clear()
    bench.listeners.replace(catalog("q2"))
    await bench.journal.until("q1 takes nothing new")
    bench.listeners.stop()
    assert not bench.running.done()
    bench.work.set()
    async with asyncio.timeout(PATIENCE_S):
        await bench.running
    assert "q2 listens" not in bench.journal.entries


async def test_a_listener_stopped_before_it_starts_never_listens() -> None:
    """A signal came while the host started."""
    bench = Bench()
    bench.listeners.stop()
    async with asyncio.timeout(PATIENCE_S):
        await bench.running
    assert bench.journal.entries == []


async def test_a_queue_output_wakes_only_the_listener_of_that_queue(bench: Bench) -> None:
    """The message need not wait for the next poll."""
    bench.listeners.nudge("another")
    bench.listeners.nudge("queue of q1")
    await bench.journal.until("q1 nudged")
    assert bench.journal.entries.count("q1 nudged") == 1


async def test_the_blob_listener_is_told_of_each_blob_that_the_host_writes(bench: Bench) -> None:
    """It knows which containers it scans."""
    bench.listeners.scan_container("inbox")
    await bench.journal.until("b1 nudged inbox")
