"""The slots for activities: how many run, what waits, and what becomes of a result."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.durable.activities import HELD_PER_SLOT, ActivityRunner
from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.ports import Failed, Outcome, Succeeded
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import InstanceRef, TaskCompleted, TaskFailed, TaskScheduled
from durable_devhost.model.messages import Message
from durable_devhost.model.traces import Trace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class ActivitiesBench:
    """An app with the activities `Echo`, `Fail` and `Wait`, which waits until it may go on."""

    def __init__(self, slots: int) -> None:
        self.in_flight = InFlight()
        self.slots = slots
        self.is_full = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.running = 0
        self.most = 0
        self.answers: list[Delivery] = []
        self.runner = ActivityRunner(
            app=self,  # type: ignore[arg-type]  # what the runner asks of an app
            clock=SystemClock(),
            in_flight=self.in_flight,
            slots=slots,
            answer=self._take,
        )

    def has_activity(self, name: str) -> bool:
        """Three are there."""
        return name in ("Echo", "Fail", "Wait")

    async def run_activity(self, name: str, input_text: str, instance_id: str, trace: Trace | None) -> Outcome:
        """Give the input back, fail, or wait."""
        self.running += 1
        self.most = max(self.most, self.running)
        if self.running == self.slots:
            self.is_full.set()
        if name == "Wait":
            await self.may_go_on.wait()
        self.running -= 1
        return Failed(message="ValueError: boom", stack="  File x") if name == "Fail" else Succeeded(text=input_text)

    def hand_over(self, name: str, argument: str | None = "[]", task_id: int = 0) -> None:
        """Hand a work item over."""
        event = TaskScheduled(timestamp=NOW, event_id=task_id, name=name, input=argument)
        self.runner.hand_over(Message(event=event, target=InstanceRef(instance_id="i", execution_id="e")), None)

    def _take(self, delivery: Delivery) -> None:
        self.answers.append(delivery)
        self.in_flight.leave(delivery.token)


@asynccontextmanager
async def _bench(slots: int = 2) -> AsyncIterator[ActivitiesBench]:
    bench = ActivitiesBench(slots)
    running = asyncio.create_task(bench.runner.run())
    yield bench
    running.cancel()


@pytest.mark.parametrize(
    ("argument", "stored"),
    [('["5"]', "5"), ('["{\\"a\\": 1}"]', '{"a":1}'), ("[]", None), ("[null]", None), (None, None), ("[7]", "7")],
)
async def test_an_activity_gets_its_first_argument(argument: str | None, stored: str | None) -> None:
    """Which is JSON text; another host may have written a bare value."""
    async with _bench() as bench:
        bench.hand_over("Echo", argument, 4)
        await bench.in_flight.quiet()
    event = bench.answers[0].message.event
    assert isinstance(event, TaskCompleted)
    assert (event.task_id, event.result) == (4, stored)


@pytest.mark.parametrize(
    ("name", "message"), [("Fail", "ValueError: boom"), ("Gone", "Activity function 'Gone' does not exist.")]
)
async def test_a_failed_activity_sends_an_answer_too(name: str, message: str) -> None:
    """Also an unknown activity."""
    async with _bench() as bench:
        bench.hand_over(name)
        await bench.in_flight.quiet()
    event = bench.answers[0].message.event
    assert isinstance(event, TaskFailed)
    assert event.reason == f"Activity function '{name}' failed: {message}"
    details = json.loads(event.details or "")
    assert details["Message"] == message
    assert (details["InnerException"] is None) == (name == "Gone")


async def test_no_more_activities_run_at_once_than_there_are_slots() -> None:
    """The rest waits, and fetching stops when no room is left."""
    async with _bench(slots=2) as bench:
        assert bench.runner.room() == 2 * HELD_PER_SLOT
        for number in range(2 * HELD_PER_SLOT):
            bench.hand_over("Wait", task_id=number)
        await bench.is_full.wait()
        assert (bench.runner.room(), bench.runner.has_room.is_set()) == (0, False)
        bench.may_go_on.set()
        await bench.in_flight.quiet()
        assert (bench.most, bench.runner.room(), bench.runner.has_room.is_set()) == (2, 2 * HELD_PER_SLOT, True)
    assert sorted(each.message.event.task_id for each in bench.answers) == list(range(2 * HELD_PER_SLOT))  # type: ignore[attr-defined]


async def test_an_activity_handed_over_before_the_runner_starts_runs_later() -> None:
    """Recovered work may come first."""
    bench = ActivitiesBench(1)
    bench.hand_over("Echo")
    assert bench.in_flight.names() == ["activity Echo (i)"]
    running = asyncio.create_task(bench.runner.run())
    await bench.in_flight.quiet()
    running.cancel()
    assert len(bench.answers) == 1


async def test_what_has_run_since_the_start_is_known_until_the_start_is_over() -> None:
    """A history that was read before its result was stored shows an activity as open."""
    async with _bench() as bench:
        target = InstanceRef(instance_id="i", execution_id="e")
        asked = Message(event=TaskScheduled(timestamp=NOW, event_id=1, name="Echo", input="[]"), target=target)
        assert not bench.runner.has(asked)
        for number in (1, 2):
            bench.hand_over("Echo", task_id=number)
            assert bench.runner.has(asked)
            await bench.in_flight.quiet()
            assert bench.runner.has(asked)
        bench.runner.forget_done()
        assert not bench.runner.has(asked)
        bench.hand_over("Echo", task_id=1)
        assert bench.runner.has(asked)
        await bench.in_flight.quiet()
        assert not bench.runner.has(asked)
