"""Tests of the timer listener on the virtual clock."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.errors import AppError
from durable_devhost.inflight import InFlight
from durable_devhost.storage.blobs import BlobService
from durable_devhost.triggers.timer import TimerListener
from durable_devhost.triggers.timer_status import CONTAINER
from packages.devhost.tests.triggers.conftest import Index

HOURLY = "0 0 * * * *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A running listener with the requests that its function got."""

    listener: TimerListener
    clock: VirtualClock
    in_flight: InFlight
    requests: "asyncio.Queue[func.TimerRequest]"

    async def next_request(self) -> func.TimerRequest:
        """The next invocation, when it has ended."""
        async with asyncio.timeout(5):
            request = await self.requests.get()
            await self.in_flight.quiet()
        return request

    async def waiting(self) -> None:
        """Return when the listener sleeps."""
        async with asyncio.timeout(5):
            while self.listener.next_run is None:  # noqa: ASYNC110 - there is nothing else to wait for
                await asyncio.sleep(0.005)


Run = Callable[..., AbstractAsyncContextManager[Timing]]


@pytest.fixture
def run(index: Index, invoker: Invoker, blobs: BlobService, name: str) -> Run:
    """Run a timer function while the block lasts; the host's id is the test's own name."""

    @asynccontextmanager
    async def started(
        schedule: str, *, clock: VirtualClock | None = None, action: Callable[[], Any] = lambda: None, **options: Any
    ) -> AsyncIterator[Timing]:
        app, in_flight, clock = func.FunctionApp(), InFlight(), clock or VirtualClock()
        requests: asyncio.Queue[func.TimerRequest] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        @app.timer_trigger(arg_name="tick", schedule=schedule, **options)
        def work(tick: func.TimerRequest) -> None:
            loop.call_soon_threadsafe(requests.put_nowait, tick)
            action()

        (found,) = index(app).functions
        listener = TimerListener(
            function=found, invoker=invoker, blobs=blobs, clock=clock, in_flight=in_flight, host_id=name
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(listener.run())
            yield Timing(listener=listener, clock=clock, in_flight=in_flight, requests=requests)
            running.cancel()

    return started


async def test_a_jump_across_many_occurrences_runs_the_function_once_as_past_due(run: Run) -> None:
    """Seventy-two hours of an hourly timer; then it waits for the next hour."""
    async with run(HOURLY) as timing:
        await timing.waiting()
        timing.clock.move_to(timing.clock.now() + timedelta(hours=72))
        assert (await timing.next_request()).past_due is True
        await timing.waiting()
        assert timing.requests.empty()
        assert timing.listener.next_run is not None
        assert timedelta() < timing.listener.next_run - timing.clock.now() <= timedelta(hours=1)


async def test_a_jump_to_the_exact_moment_is_on_time(run: Run) -> None:
    """No occurrence was missed."""
    async with run(HOURLY) as timing:
        await timing.waiting()
        assert timing.listener.next_run is not None
        timing.clock.move_to(timing.listener.next_run)
        assert (await timing.next_request()).past_due is False


async def test_a_held_timer_runs_once_when_it_is_released_after_a_jump_in_steps(run: Run) -> None:
    """While held it does not run; on release its work counts as in progress at once."""
    async with run(HOURLY) as timing:
        await timing.waiting()
        timing.listener.hold()
        for _ in range(3):
            timing.clock.move_to(timing.clock.now() + timedelta(hours=24))
            await asyncio.sleep(0.02)
        assert timing.requests.empty()
        timing.listener.release()
        assert timing.in_flight.names() == ["timer work"]
        await timing.in_flight.quiet()
        assert timing.requests.get_nowait().past_due is True
        assert timing.requests.empty()


async def test_a_release_without_an_occurrence_leaves_nothing_in_progress(run: Run) -> None:
    """A short jump that reaches no timer."""
    async with run("0 0 0 1 1 *") as timing:
        await timing.waiting()
        timing.listener.hold()
        timing.listener.release()
        assert timing.in_flight.names() == []


async def test_an_occurrence_missed_while_the_host_was_off_runs_at_the_start(run: Run) -> None:
    """The status blob shows it; the function gets past due."""
    clock = VirtualClock()
    async with run(HOURLY, clock=clock) as timing:
        await timing.waiting()
    clock.move_to(clock.now() + timedelta(hours=5))
    async with run(HOURLY, clock=clock) as timing:
        request = await timing.next_request()
        assert request.past_due is True
        assert set(request.schedule_status) == {"Last", "Next", "LastUpdated"}
        await timing.waiting()
        assert timing.requests.empty()


async def test_a_restart_without_a_missed_occurrence_runs_nothing(run: Run) -> None:
    """Also after the function has run."""
    clock = VirtualClock()
    async with run(HOURLY, clock=clock) as timing:
        await timing.waiting()
        clock.move_to(clock.now() + timedelta(hours=1))
        await timing.next_request()
    async with run(HOURLY, clock=clock) as timing:
        await timing.waiting()
        assert timing.requests.empty()


async def test_run_on_startup_runs_the_function_at_every_start(run: Run) -> None:
    """It is not past due."""
    async with run(HOURLY, run_on_startup=True) as timing:
        assert (await timing.next_request()).past_due is False


async def test_the_first_run_gets_an_empty_status(run: Run) -> None:
    """Although the next occurrence is stored before it, so that it cannot be missed; as in `TimerListener`."""
    never = "0001-01-01T00:00:00+00:00"
    async with run(HOURLY, run_on_startup=True) as timing:
        first = (await timing.next_request()).schedule_status
        assert (first["Last"], first["LastUpdated"]) == (never, never)
        await timing.waiting()
        by_hand = (await timing.listener.info())["ScheduleStatus"]
        assert never not in (by_hand["Last"], by_hand["LastUpdated"])


async def test_a_timer_keeps_a_status_blob_unless_it_is_frequent_or_unmonitored(
    run: Run, blobs: BlobService, name: str
) -> None:
    """Without the blob the function gets no status."""
    blob = f"timers/{name}/Host.Functions.work/status"
    for schedule, options in (("*/5 * * * * *", {}), (HOURLY, {"use_monitor": False})):
        async with run(schedule, **options) as timing:
            await timing.waiting()
            timing.clock.move_to(timing.clock.now() + timedelta(hours=2))
            assert (await timing.next_request()).schedule_status == {}
    assert await blobs.get(CONTAINER, blob) is None
    async with run(HOURLY) as timing:
        await timing.waiting()
    stored = json.loads(await blobs.get(CONTAINER, blob) or b"")
    assert stored["Last"] == "0001-01-01T00:00:00+00:00"


async def test_a_failed_function_runs_again_at_its_next_occurrence(run: Run) -> None:
    """The invoker reports the failure; the schedule does not change."""

    def fail() -> None:
        raise RuntimeError("no")

    async with run(HOURLY, action=fail) as timing:
        for _ in range(2):
            await timing.waiting()
            timing.clock.move_to(timing.clock.now() + timedelta(hours=1))
            await timing.next_request()


async def test_a_run_longer_than_its_interval_delays_the_next_which_is_not_past_due(run: Run) -> None:
    """The next run begins when this one has ended."""
    clock, running, most = VirtualClock(), [], []

    def slow() -> None:
        running.append(1)
        most.append(len(running))
        clock_loop.call_soon_threadsafe(clock.move_to, clock.now() + timedelta(hours=3))
        running.pop()

    clock_loop = asyncio.get_running_loop()
    async with run(HOURLY, clock=clock, action=slow) as timing:
        await timing.waiting()
        assert timing.listener.next_run is not None
        clock.move_to(timing.listener.next_run)
        first, second = await timing.requests.get(), await timing.requests.get()
        assert (first.past_due, second.past_due, max(most)) == (False, False, 1)


def test_a_bad_schedule_is_refused_before_anything_runs(index: Index, invoker: Invoker, blobs: BlobService) -> None:
    """Also if the catalog did not check it."""
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="tick", schedule=HOURLY)
    def work(tick: func.TimerRequest) -> None:
        raise AssertionError

    (found,) = index(app).functions
    bad = replace(found, trigger=replace(found.trigger, properties={"schedule": "every day"}))
    with pytest.raises(AppError, match="every day"):
        TimerListener(
            function=bad, invoker=invoker, blobs=blobs, clock=VirtualClock(), in_flight=InFlight(), host_id="h"
        )
