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
from packages.devhost.tests.durable.watcher import Watcher


@dataclass
class Ended:
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
class Stage:
    """Replays that run, what is in flight beside them, and what came of them."""

    in_flight: InFlight = field(default_factory=InFlight)
    observer: Watcher = field(default_factory=Watcher)
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

    def ended(self, number: int, outcome: str | Exception | None = None) -> Any:
        """A session that has ended."""
        return Ended(number, self.replayed, outcome)


async def test_a_replay_waits_until_nothing_is_in_flight() -> None:
    """It would take time from what people wait for."""
    stage = Stage()
    async with stage.running() as replaying:
        token = stage.in_flight.enter("work")
        replaying.add(stage.ended(1))
        for _ in range(20):
            await asyncio.sleep(0)
        assert stage.replayed.empty()
        stage.in_flight.leave(token)
        assert await stage.replayed.get() == 1


async def test_on_a_host_that_is_never_quiet_a_replay_comes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """An activity may take hours."""
    monkeypatch.setattr(replays, "PATIENCE_S", 0.01)
    stage = Stage()
    async with stage.running() as replaying:
        stage.in_flight.enter("a long activity")
        replaying.add(stage.ended(1))
        assert await stage.replayed.get() == 1


async def test_of_many_that_end_in_a_rush_the_last_are_replayed() -> None:
    """What is kept for a replay takes memory."""
    stage = Stage()
    async with stage.running() as replaying:
        for number in range(MOST + 5):
            replaying.add(stage.ended(number))
        assert [await stage.replayed.get() for _ in range(MOST)] == list(range(5, MOST + 5))


async def test_a_difference_is_told_and_a_replay_that_fails_ends_nothing() -> None:
    """It is a hint, made by user code that runs once more."""
    stage = Stage()
    async with stage.running() as replaying:
        replaying.add(stage.ended(1, ExecutionLost()))
        replaying.add(stage.ended(2, ValueError("broken")))
        replaying.add(stage.ended(3, "its replay ended with another result"))
        replaying.add(stage.ended(4))
        assert [await stage.replayed.get() for _ in range(4)] == [1, 2, 3, 4]
    failure, difference = stage.observer.troubles
    assert failure.startswith("The instance could not be replayed: ")
    assert difference.startswith("Orchestrator 'shaky' is not deterministic: its replay ended with another result.")
