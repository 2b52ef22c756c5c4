"""An engine over an app whose executions may be lost in the middle of a step, with a console that takes notes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from durable_devhost.clock import SystemClock
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ports import ExecutionLost, Outcome, Succeeded
from durable_devhost.durable.script import Script
from durable_devhost.durable.sessions import SessionBuilder
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import EventRaised, ExecutionStarted, HistoryEvent, InstanceRef
from durable_devhost.model.messages import Message
from durable_devhost.model.traces import Trace
from durable_devhost.model.wire import SPEC_OF
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.recording_observer import RecordingObserver
from packages.devhost.tests.durable.stage import Functions
from packages.devhost.tests.local import LocalExecution


class UnreliableExecution(LocalExecution):
    """Does its step, and then it may be lost before anybody hears of it."""

    def __init__(self, function: Callable[..., Any], started: ExecutionStarted, is_lost: Callable[[], bool]) -> None:
        super().__init__(function, started)
        self._is_lost = is_lost

    async def advance(self, events: Sequence[HistoryEvent]) -> Script:
        script = await super().advance(events)
        if self._is_lost():
            raise ExecutionLost
        return script


class UnreliableApp(Functions):
    """Its executions are lost at the steps with these numbers, counted over all of them from 1."""

    def __init__(self, play: Callable[..., Any], lost_at: set[int]) -> None:
        super().__init__(play)
        self._function = play
        self._lost_at = lost_at
        self.steps = 0

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> LocalExecution:
        self.executions.append(UnreliableExecution(self._function, started, self._is_lost))
        return self.executions[-1]

    async def run_activity(self, name: str, input_text: str, instance_id: str, trace: Trace | None) -> Outcome:
        return Succeeded(text=input_text)

    async def run_entity(self, name: str, payload: str, instance_id: str) -> Outcome:
        raise AssertionError("no entity here")

    def _is_lost(self) -> bool:
        self.steps += 1
        return self.steps in self._lost_at


class EngineBench:
    """An engine that runs, the app below it and the console above."""

    def __init__(
        self, engine: DurableEngine, app: UnreliableApp, observer: RecordingObserver, hub: TaskHub, idle: InFlight
    ) -> None:
        self.engine = engine
        self.app = app
        self.observer = observer
        self.hub = hub
        self.in_flight = idle

    async def start_instance(self) -> None:
        """Start the instance `i`; returns when its first episode is stored."""
        ref = InstanceRef(instance_id="i", execution_id="e")
        started = ExecutionStarted(timestamp=SystemClock().now(), instance=ref, name="play", input='"1"')
        await self.engine.start(started)

    async def raise_event(self, name: str) -> None:
        """Raise an event; returns when its effect is stored."""
        event = EventRaised(timestamp=SystemClock().now(), name=name, input="2")
        await self.engine.post(Message(event=event, target=InstanceRef(instance_id="i", execution_id=None)))

    async def event_names(self) -> list[str]:
        """What is stored of the instance, without the marks of episodes."""
        stored = await self.hub.history.read("i")
        names = [SPEC_OF[type(event)].name for event in stored.events]
        return [name for name in names if not name.startswith("Orchestrator")]


@asynccontextmanager
async def running_engine(hub: TaskHub, play: Callable[..., Any], *lost_at: int) -> AsyncIterator[EngineBench]:
    """An engine that works; its app's executions are lost at the steps with these numbers."""
    app, observer, in_flight = UnreliableApp(play, set(lost_at)), RecordingObserver(), InFlight()
    builder = SessionBuilder(
        app=app, hub_name="Hub", scheduler=lambda: Scheduler(app), batch_limit=10, reorder_window=timedelta(minutes=30)
    )
    engine = DurableEngine(
        hub=hub, app=app, clock=SystemClock(), in_flight=in_flight, observer=observer, builder=builder,
        activity_slots=2, orchestration_slots=2, new_execution_id=lambda: uuid4().hex,
    )  # fmt: skip
    running = asyncio.create_task(engine.run())
    try:
        yield EngineBench(engine, app, observer, hub, in_flight)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
