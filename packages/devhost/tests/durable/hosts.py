"""Hosts in one process: engines with listeners and leases of their own, over one hub on an Azurite."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from time import monotonic
from typing import Any
from uuid import uuid4

import azure.durable_functions as df

from durable_devhost.clock import SystemClock
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.listener import HubListener
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ownership import Ownership
from durable_devhost.durable.ports import Outcome, Succeeded
from durable_devhost.durable.sessions import SessionBuilder
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import EventRaised, ExecutionStarted, InstanceRef, RuntimeStatus
from durable_devhost.model.messages import Message
from durable_devhost.model.traces import Trace
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.recording_observer import RecordingObserver
from packages.devhost.tests.durable.stage import Functions
from packages.devhost.tests.local import LocalExecution

PARTITIONS = 4


def chain(context: Any) -> Any:
    """Three activities, one after the other."""
    total = 0
    for number in range(3):
        total += yield context.call_activity("a", number)
    return total


def five(context: Any) -> Any:
    """Five activities, one after the other."""
    total = 0
    for number in range(5):
        total += yield context.call_activity("a", number)
    return total


def thousand(context: Any) -> Any:
    """A thousand activities at once."""
    return sum((yield context.task_all([context.call_activity("a", number) for number in range(1000)])))


def parent(context: Any) -> Any:
    """One child, which waits for nothing."""
    return (yield context.call_sub_orchestrator("child", 1))


def child(context: Any) -> Any:
    """Returns at once what it was given."""
    return context.get_input()
    yield


def asks(context: Any) -> Any:
    """Asks an entity once."""
    return (yield context.call_entity(df.EntityId("counter", context.instance_id), "add", 7))


def fetches(context: Any) -> Any:
    """Sends one HTTP request, to a port on which nobody listens."""
    try:
        yield context.call_http("GET", "http://127.0.0.1:9/")
    except Exception as error:  # noqa: BLE001 - what it is, is for the test
        return str(error)


def fan(context: Any) -> Any:
    """Forty activities at once."""
    return sum((yield context.task_all([context.call_activity("a", number) for number in range(40)])))


def approval(context: Any) -> Any:
    """Waits for an answer."""
    return (yield context.wait_for_external_event("Answer"))


def answers(context: Any) -> Any:
    """Waits for three answers."""
    first = yield context.wait_for_external_event("Answer")
    second = yield context.wait_for_external_event("Answer")
    return [first, second, (yield context.wait_for_external_event("Answer"))]


def family(context: Any) -> Any:
    """Two children, one after the other."""
    total = 0
    for _ in range(2):
        total += yield context.call_sub_orchestrator("chain", None)
    return total


def adds(context: Any) -> Any:
    """Asks an entity three times to add 101, and notes what it says each time."""
    counter = df.EntityId("counter", context.instance_id)
    first = yield context.call_entity(counter, "add", 101)
    second = yield context.call_entity(counter, "add", 101)
    return [first, second, (yield context.call_entity(counter, "add", 101))]


def signals(context: Any) -> Any:
    """Tells an entity three times to add 1, and then asks it."""
    counter = df.EntityId("counter", context.instance_id)
    for _ in range(3):
        context.signal_entity(counter, "add", 1)
    return (yield context.call_entity(counter, "add", 0))


def generations(context: Any) -> Any:
    """Starts over twice, with an activity in each generation."""
    number = context.get_input() or 0
    total = number + (yield context.call_activity("a", 1))
    if total < 3:
        context.continue_as_new(total)
        return None
    return total


def race(context: Any) -> Any:
    """A timer against an event that nobody raises."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=200))
    answer = context.wait_for_external_event("Answer")
    winner = yield context.task_any([timer, answer])
    return "timer" if winner == timer else "answer"


def stages(context: Any) -> Any:
    """Says in its custom status for which of two answers it waits."""
    for number in (1, 2):
        context.set_custom_status(number)
        yield context.wait_for_external_event("Answer")


ORCHESTRATORS = {
    each.__name__: each
    for each in (
        chain, five, fan, thousand, approval, answers, parent, child, family, adds, asks, signals, generations, race,
        stages, fetches,
    )
}  # fmt: skip


class App(Functions):
    """The orchestrators above; the activity `a` says what it was told, and counts how often it did."""

    def __init__(self, runs: list[str]) -> None:
        super().__init__(None)
        self._runs = runs

    def has_orchestrator(self, name: str) -> bool:
        return name in ORCHESTRATORS

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> LocalExecution:
        return LocalExecution(ORCHESTRATORS[started.name], started)

    async def run_activity(self, name: str, input_text: str, instance_id: str, trace: Trace | None) -> Outcome:
        self._runs.append(f"{instance_id} {input_text}")
        await asyncio.sleep(0)
        return Succeeded(text=input_text)

    async def run_entity(self, name: str, payload: str, instance_id: str) -> Outcome:
        batch = json.loads(payload)
        total, results = json.loads(batch["state"] or "0"), []
        for operation in batch["batch"]:
            total += json.loads(json.loads(operation["input"]))
            results.append({"isError": False, "duration": 0, "result": json.dumps(total)})
        state = {"entityExists": True, "entityState": json.dumps(total), "results": results, "signals": []}
        return Succeeded(text=json.dumps(state))


class Host:
    """One host of the hub."""

    def __init__(self, name: str, hub: TaskHub, runs: list[str]) -> None:
        self.observer = RecordingObserver()
        self.hub = hub
        app, clock, self.in_flight = App(runs), SystemClock(), InFlight()
        self.ownership = Ownership(hub=hub, observer=self.observer, me=name, is_alone=False, uses_app_lease=False)
        builder = SessionBuilder(
            app=app, hub_name="Hub", scheduler=lambda: Scheduler(app), batch_limit=10,
            reorder_window=timedelta(minutes=30),
        )  # fmt: skip
        self.engine = DurableEngine(
            hub=hub, app=app, clock=clock, in_flight=self.in_flight, observer=self.observer, builder=builder,
            activity_slots=4, orchestration_slots=10, new_execution_id=lambda: uuid4().hex,
            owns=self.ownership.owns, takes=self.ownership.takes,
        )  # fmt: skip
        self.listener = HubListener(
            hub=hub, engine=self.engine, ownership=self.ownership, clock=clock, observer=self.observer,
            longest_pause=timedelta(seconds=0.5),
        )  # fmt: skip
        self._running: asyncio.Task[Any] | None = None

    async def join(self) -> "Host":
        """Take what is free, and work."""
        await self.ownership.claim()
        await self.listener.recovery.recall()
        parts = [self.engine.run(), self.listener.run()]
        if self.hub.mode is StorageMode.JOURNAL:
            parts.append(self.listener.recovery.recover())
        self._running = asyncio.ensure_future(asyncio.gather(*parts))
        return self

    async def stop_abruptly(self) -> None:
        """Stop at once and give nothing up."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def leave(self) -> None:
        """Stop and give everything up."""
        await self.stop_abruptly()
        await self.ownership.release()

    def partitions(self) -> int:
        """How many control queues it reads."""
        return sum(self.ownership.listens(number) for number in range(PARTITIONS))

    async def start_instance(self, name: str, instance_id: str) -> str:
        """Start an instance."""
        ref = InstanceRef(instance_id=instance_id, execution_id=uuid4().hex)
        await self.engine.start(ExecutionStarted(timestamp=SystemClock().now(), instance=ref, name=name, input="null"))
        return instance_id

    async def raise_answer(self, instance_id: str, text: str) -> None:
        """Raise the event `Answer`."""
        event = EventRaised(timestamp=SystemClock().now(), name="Answer", input=text)
        await self.engine.post(Message(event=event, target=InstanceRef(instance_id=instance_id, execution_id=None)))

    async def output(self, instance_id: str) -> str | None:
        """What an instance returned, None as long as it runs."""
        record = await self.engine.record(instance_id)
        if record is None or record.status is not RuntimeStatus.COMPLETED:
            return None
        return record.output


class Hub:
    """A hub that hosts can join, in journal mode one after the other. `runs` are all activities that were run.

    `store_inputs` is the setting storeInputsInOrchestrationHistory.
    """

    def __init__(self, connection_string: str, stack: AsyncExitStack, mode: StorageMode = StorageMode.STANDARD) -> None:
        self._mode = mode
        self.store_inputs = False
        self._account = StorageAccount.parse(connection_string)
        self._name = "Hub" + uuid4().hex[:20]
        self._stack = stack
        self._numbers = count(1)
        self.runs: list[str] = []

    async def open(self, transport: Transport) -> TaskHub:
        """The hub itself, through this transport."""
        return await TaskHub.open(
            transport, self._name, partition_count=PARTITIONS, clock=SystemClock(), mode=self._mode,
            store_inputs=self.store_inputs,
        )  # fmt: skip

    async def host(self, transport: Transport | None = None) -> Host:
        """One more host, with a transport of its own."""
        hub = await self.open(await self._stack.enter_async_context(transport or Transport(self._account)))
        host = await Host(f"host-{next(self._numbers)}", hub, self.runs).join()
        self._stack.push_async_callback(host.stop_abruptly)
        return host


async def outputs(host: Host, instances: list[str], patience_s: float = 30.0) -> list[str | None]:
    """What these instances returned, as soon as all have, or None for those that never do."""
    give_up = monotonic() + patience_s
    while True:
        found = [await host.output(each) for each in instances]
        if None not in found or monotonic() > give_up:
            return found
        await asyncio.sleep(0.1)
