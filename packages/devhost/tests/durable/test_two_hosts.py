"""Hosts that share a hub: engines with listeners and leases of their own, in one process, over one Azurite."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import ownership as ownership_module
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.listener import HubListener
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ownership import Ownership
from durable_devhost.durable.ports import Outcome, Succeeded
from durable_devhost.durable.sessions import SessionBuilder
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import EventRaised, ExecutionStarted, InstanceRef, RuntimeStatus
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.stage import Functions
from packages.devhost.tests.durable.watcher import Watcher
from packages.devhost.tests.local import LocalExecution
from packages.devhost.tests.lossy import losing

pytestmark = [pytest.mark.filterwarnings("ignore:.*not be repeated"), pytest.mark.timeout(60)]

PARTITIONS = 4


def chain(context: Any) -> Any:
    """Three activities, one after the other."""
    total = 0
    for number in range(3):
        total += yield context.call_activity("a", number)
    return total


def fan(context: Any) -> Any:
    """Forty activities at once."""
    return sum((yield context.task_all([context.call_activity("a", number) for number in range(40)])))


def approval(context: Any) -> Any:
    """Waits for an answer."""
    return (yield context.wait_for_external_event("Answer"))


class App(Functions):
    """The orchestrators above; the activity `a` says what it was told, and counts how often it did."""

    def __init__(self, runs: list[str]) -> None:
        super().__init__(None)
        self._runs = runs

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> LocalExecution:
        return LocalExecution({"chain": chain, "fan": fan, "approval": approval}[started.name], started)

    async def run_activity(self, name: str, input_text: str, instance_id: str) -> Outcome:
        self._runs.append(f"{instance_id} {input_text}")
        await asyncio.sleep(0)
        return Succeeded(text=input_text)

    async def run_entity(self, name: str, payload: str, instance_id: str) -> Outcome:
        raise AssertionError("no entity here")


class Host:
    """One host of the hub."""

    def __init__(self, name: str, hub: TaskHub, runs: list[str]) -> None:
        self.watcher = Watcher()
        self.hub = hub
        app, clock = App(runs), SystemClock()
        self.ownership = Ownership(hub=hub, observer=self.watcher, me=name, is_alone=False, uses_app_lease=False)
        builder = SessionBuilder(
            app=app, hub_name="Hub", scheduler=lambda: Scheduler(app), batch_limit=10,
            reorder_window=timedelta(minutes=30),
        )  # fmt: skip
        self.engine = DurableEngine(
            hub=hub, app=app, clock=clock, in_flight=InFlight(), observer=self.watcher, builder=builder,
            activity_slots=4, orchestration_slots=10, new_execution_id=lambda: uuid4().hex,
            owns=self.ownership.owns, takes=self.ownership.takes,
        )  # fmt: skip
        self.listener = HubListener(
            hub=hub, engine=self.engine, ownership=self.ownership, clock=clock, observer=self.watcher,
            longest_pause=timedelta(seconds=1),
        )  # fmt: skip
        self._running: asyncio.Task[Any] | None = None

    async def join(self) -> "Host":
        """Take what is free, and work."""
        await self.ownership.claim()
        self._running = asyncio.ensure_future(asyncio.gather(self.engine.run(), self.listener.run()))
        return self

    async def die(self) -> None:
        """Stop at once and give nothing up."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def leave(self) -> None:
        """Stop and give everything up."""
        await self.die()
        await self.ownership.release()

    def partitions(self) -> int:
        """How many control queues it reads."""
        return sum(self.ownership.listens(number) for number in range(PARTITIONS))

    async def begin(self, name: str, instance_id: str) -> str:
        """Start an instance."""
        ref = InstanceRef(instance_id=instance_id, execution_id=uuid4().hex)
        await self.engine.start(ExecutionStarted(timestamp=SystemClock().now(), instance=ref, name=name, input="null"))
        return instance_id

    async def say(self, instance_id: str, text: str) -> None:
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
    """A hub that hosts can join. `runs` are all activities that were run."""

    def __init__(self, azurite: Azurite, name: str, stack: AsyncExitStack) -> None:
        self._azurite = azurite
        self._name = name
        self._stack = stack
        self._numbers = count(1)
        self.runs: list[str] = []

    async def host(self, connection_string: str = "") -> Host:
        """One more host, with a transport of its own."""
        account = StorageAccount.parse(connection_string or self._azurite.connection_string)
        transport = await self._stack.enter_async_context(Transport(account))
        hub = await TaskHub.open(transport, self._name, partition_count=PARTITIONS, clock=SystemClock())
        host = await Host(f"host-{next(self._numbers)}", hub, self.runs).join()
        self._stack.push_async_callback(host.die)
        return host


@pytest.fixture
async def hub(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A new hub whose hosts look at their leases ten times as often as usual."""
    monkeypatch.setattr(ownership_module, "_EVERY_S", 1.0)
    monkeypatch.setattr(ownership_module, "_SOON_S", 0.1)
    async with AsyncExitStack() as stack:
        yield Hub(azurite, "Hub" + uuid4().hex[:20], stack)


async def _until(look: Callable[[], Any], patience_s: float = 20.0) -> None:
    give_up = monotonic() + patience_s
    while not look():
        assert monotonic() < give_up, "it never came about"
        await asyncio.sleep(0.05)


async def _outputs(host: Host, instances: list[str], patience_s: float = 30.0) -> list[str | None]:
    give_up = monotonic() + patience_s
    while True:
        outputs = [await host.output(each) for each in instances]
        if None not in outputs or monotonic() > give_up:
            return outputs
        await asyncio.sleep(0.1)


async def test_two_hosts_share_the_partitions_and_each_takes_what_is_meant_for_the_other(hub: Hub) -> None:
    """Starts, events and results go to the owner of the instance; both see the same status."""
    one, other = await hub.host(), await hub.host()
    await _until(lambda: (one.partitions(), other.partitions()) == (2, 2))

    chains = [await (one, other)[number % 2].begin("chain", f"chain-{number}") for number in range(10)]
    waits = [await one.begin("approval", f"wait-{number}") for number in range(10)]
    for number, instance_id in enumerate(waits):
        await _known(other, instance_id)
        await other.say(instance_id, str(number))

    assert await _outputs(one, chains) == ["3"] * 10
    assert await _outputs(other, waits) == [str(number) for number in range(10)]
    assert await _outputs(one, waits) == [str(number) for number in range(10)]
    assert sorted(set(hub.runs)) == sorted(hub.runs), "an activity ran twice"


async def _known(host: Host, instance_id: str) -> None:
    while await host.engine.record(instance_id) is None:  # noqa: ASYNC110 - storage alone knows
        await asyncio.sleep(0.02)


async def test_partitions_move_while_work_is_under_way_and_nothing_is_lost(hub: Hub) -> None:
    """A second host joins and leaves, again and again, while chains run."""
    first = await hub.host()
    instances: list[str] = []
    for round_ in range(3):
        instances += [await first.begin("chain", f"r{round_}-{number}") for number in range(12)]
        guest = await hub.host()
        instances += [await guest.begin("chain", f"g{round_}-{number}") for number in range(4)]
        await _until(lambda guest=guest: guest.partitions() == 2)  # type: ignore[misc]
        instances += [await guest.begin("chain", f"h{round_}-{number}") for number in range(4)]
        await guest.leave()
    assert await _outputs(first, instances) == ["3"] * len(instances)


async def test_what_a_dead_host_had_in_hand_is_finished_by_the_other(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is known to be gone, or its lease has run out."""
    one, other = await hub.host(), await hub.host()
    await _until(lambda: (one.partitions(), other.partitions()) == (2, 2))
    instances = [await one.begin("fan", f"fan-{number}") for number in range(8)]
    await one.die()
    monkeypatch.setattr(ownership_module, "is_gone", lambda owner: owner == "host-1")
    await _until(lambda: other.partitions() == 4)
    assert await _outputs(other, instances) == ["780"] * 8


async def test_a_result_that_is_faster_than_its_steps_history_is_not_thrown_away(hub: Hub, azurite: Azurite) -> None:
    """One host stores its histories late; the other is done with the activities long before."""
    account = StorageAccount.parse(azurite.connection_string)
    async with losing(account, azurite.connection_string, lambda *_: False, delay=_late_history) as through_the_proxy:
        slow = await hub.host(through_the_proxy)
        instance = "slow-fan"
        fast = await hub.host()
        await slow.begin("fan", instance)
        assert await _outputs(fast, [instance]) == ["780"]
        await slow.die()


def _late_history(_verb: str, path: str) -> float:
    return 0.3 if path.endswith("$batch") else 0.0
