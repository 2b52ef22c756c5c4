"""Ended instances are replayed when the host has nothing else to do, and never at its expense."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.durable import replays
from durable_devhost.durable.ports import ExecutionLost
from durable_devhost.durable.replays import MOST, Replays
from durable_devhost.inflight import InFlight
from packages.devhost.tests.durable.recording_observer import RecordingObserver


@dataclass
class EndedSession:
    """A session that has ended; a replay of it comes to `outcome`."""

    number: int
    replayed: asyncio.Queue[int]
    outcome: str | Exception | None = None
    started: Any = field(default_factory=lambda: SimpleNamespace(name="shaky"))

    @property
    def instance(self) -> Any:
        """Its instance."""
        return SimpleNamespace(instance_id=str(self.number))

    async def replay_difference(self, _now: datetime) -> str | None:
        """As a session has it."""
        self.replayed.put_nowait(self.number)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@dataclass
class ReplaysBench:
    """Replays that run, what is in flight beside them, and what came of them."""

    in_flight: InFlight = field(default_factory=InFlight)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    replayed: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Replays]:
        """Run replays while the block does."""
        replaying = Replays(clock=SystemClock(), in_flight=self.in_flight, observer=self.observer)
        running = asyncio.create_task(replaying.run())
        try:
            yield replaying
            assert not running.done()
        finally:
            running.cancel()

    def ended_session(self, number: int, outcome: str | Exception | None = None) -> Any:
        """A session that has ended."""
        return EndedSession(number, self.replayed, outcome)


async def test_a_replay_waits_until_nothing_is_in_flight() -> None:
    """It would take time from what people wait for."""
    bench = ReplaysBench()
    async with bench.running() as replaying:
        token = bench.in_flight.enter("work")
        replaying.add(bench.ended_session(1))
        for _ in range(20):
            await asyncio.sleep(0)
        assert bench.replayed.empty()
        bench.in_flight.leave(token)
        assert await bench.replayed.get() == 1


async def test_on_a_host_that_is_never_quiet_a_replay_comes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """An activity may take hours."""
    monkeypatch.setattr(replays, "PATIENCE_S", 0.01)
    bench = ReplaysBench()
    async with bench.running() as replaying:
        bench.in_flight.enter("a long activity")
        replaying.add(bench.ended_session(1))
        assert await bench.replayed.get() == 1


async def test_of_many_that_end_in_a_rush_the_last_are_replayed() -> None:
    """What is kept for a replay takes memory."""
    bench = ReplaysBench()
    async with bench.running() as replaying:
        for number in range(MOST + 5):
            replaying.add(bench.ended_session(number))
        assert [await bench.replayed.get() for _ in range(MOST)] == list(range(5, MOST + 5))


async def test_a_difference_is_told_and_a_replay_that_fails_ends_nothing() -> None:
    """It is a hint, made by user code that runs once more."""
    bench = ReplaysBench()
    async with bench.running() as replaying:
        replaying.add(bench.ended_session(1, ExecutionLost()))
        replaying.add(bench.ended_session(2, ValueError("broken")))
        replaying.add(bench.ended_session(3, "its replay ended with another result"))
        replaying.add(bench.ended_session(4))
        assert [await bench.replayed.get() for _ in range(4)] == [1, 2, 3, 4]
    failure, difference = bench.observer.troubles
    assert failure.startswith("The instance could not be replayed: ")
    assert difference.startswith("Orchestrator 'shaky' is not deterministic: its replay ended with another result.")
