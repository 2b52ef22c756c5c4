"""The engine on a real hub when the process that runs user code ends in the middle of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import commit as commit_module
from durable_devhost.durable import engine as engine_module
from durable_devhost.durable.recall import recall_messages
from durable_devhost.durable.script import Script
from durable_devhost.model.history import (
    HistoryEvent,
    RuntimeStatus,
    TaskCompleted,
)
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.queues import Received
from packages.devhost.tests.durable.unreliable_app import EngineBench, running_engine
from packages.devhost.tests.faults import Fault, FaultyTransport, NotingTransport
from packages.devhost.tests.local import LocalExecution
from packages.devhost.tests.lossy import losing

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),  # the SDK, of an early event
    pytest.mark.filterwarnings("ignore:.*not be repeated"),  # the SDK, once a process, of what is new in it
]


@pytest.fixture
async def hub(azurite: Azurite, mode: StorageMode) -> AsyncIterator[TaskHub]:
    """An empty hub of each mode."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield await _open(transport, mode)


async def _open(transport: Transport, mode: StorageMode = StorageMode.STANDARD) -> TaskHub:
    name = "Hub" + uuid4().hex[:20]
    return await TaskHub.open(transport, name, partition_count=1, clock=SystemClock(), mode=mode)


def _activity_then_event(context: Any) -> Any:
    """An activity, then an event."""
    first = yield context.call_activity("a", context.get_input())
    return [first, (yield context.wait_for_external_event("Go"))]


@pytest.mark.parametrize("lost_at", [(), (1,), (1, 2, 3), (2,), (3,), (2, 3, 5)])
async def test_a_batch_whose_execution_is_lost_is_repeated(hub: TaskHub, lost_at: tuple[int, ...]) -> None:
    """At any step: nothing is stored twice, nobody waits for ever, and no trouble is reported."""
    async with running_engine(hub, _activity_then_event, *lost_at) as bench:
        await bench.start_instance()
        await bench.raise_event("Go")
        await bench.observer.has_ended.wait()

        record = await bench.engine.record("i")
        assert record is not None
        assert (record.status, record.output) == (RuntimeStatus.COMPLETED, "[1,2]")
        assert sorted(await bench.event_names()) == sorted(
            ["ExecutionStarted", "TaskScheduled", "TaskCompleted", "EventRaised", "ExecutionCompleted"]
        )
        assert bench.observer.statuses == [RuntimeStatus.RUNNING, RuntimeStatus.COMPLETED]
        assert bench.observer.troubles == []


async def test_a_lost_replay_of_an_ended_instance_is_no_trouble(hub: TaskHub) -> None:
    """The replay only checks determinism. The one step before it is the whole instance."""

    def short(context: Any) -> Any:
        return context.get_input()

    async with running_engine(hub, short, 2) as bench:
        await bench.start_instance()
        await bench.raise_event("Other")  # drives the loop past the replay
        assert bench.app.steps == 2
        assert bench.app.executions[1].is_closed
        assert bench.observer.troubles == []


async def test_the_app_forgets_executions_that_the_engine_forgets(hub: TaskHub) -> None:
    """Also if the rows were changed by another host; the next message builds the session again."""
    async with running_engine(hub, _activity_then_event) as bench:
        await bench.start_instance()
        await bench.engine.forget("i")
        assert bench.app.executions[0].is_closed
        await bench.raise_event("Go")
        await bench.observer.has_ended.wait()
        assert bench.app.executions[1].is_closed
        assert (await bench.engine.record("i") or pytest.fail("no record")).output == "[1,2]"


async def test_a_start_does_not_wait_for_a_step_that_blocks(hub: TaskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does an event: the messages are stored, and a query shows Pending until the step ends."""
    monkeypatch.setattr(engine_module, "PATIENCE_S", 0.05)
    let_go = asyncio.Event()

    class Slow(LocalExecution):
        async def advance(self, events: Sequence[HistoryEvent]) -> Script:
            await let_go.wait()
            return await super().advance(events)

    async with running_engine(hub, _activity_then_event) as bench:
        bench.app.execution = lambda started, **_: Slow(_activity_then_event, started)  # type: ignore[method-assign]
        async with asyncio.timeout(5):
            await bench.start_instance()
            await bench.raise_event("Go")
        record = await bench.engine.record("i")
        assert record is not None
        assert (record.status, record.name) == (RuntimeStatus.PENDING, "play")
        let_go.set()
        await bench.observer.has_ended.wait()
        await bench.in_flight.quiet()
        ended = await bench.engine.record("i")
        assert ended is not None
        assert (ended.status, ended.output) == (RuntimeStatus.COMPLETED, "[1,2]")
    assert await hub.queues.receive_control(0, timedelta(seconds=1)) == []


def _block_second_step(bench: EngineBench) -> tuple[asyncio.Event, asyncio.Event]:
    """Have the step after the first activity block: set when it is there, and to be set for it to go on."""
    is_there, may_go_on = asyncio.Event(), asyncio.Event()

    class Slow(LocalExecution):
        async def advance(self, events: Sequence[HistoryEvent]) -> Script:
            if any(isinstance(event, TaskCompleted) for event in events):
                is_there.set()
                await may_go_on.wait()
            return await super().advance(events)

    bench.app.execution = lambda started, **_: Slow(_wait_for_three_events, started)  # type: ignore[method-assign]
    return is_there, may_go_on


async def test_an_event_for_a_busy_instance_does_not_wait_for_its_step(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is acknowledged once it is in the queue, which survives a crash; the next step takes it."""
    monkeypatch.setattr(engine_module, "PATIENCE_S", 60.0)
    async with running_engine(hub, _wait_for_three_events) as bench:
        is_there, may_go_on = _block_second_step(bench)
        await bench.start_instance()
        await is_there.wait()
        async with asyncio.timeout(5):
            for _ in range(3):
                await bench.raise_event("Go")
        may_go_on.set()
        await bench.observer.has_ended.wait()
        await bench.in_flight.quiet()
        assert (await bench.engine.record("i") or pytest.fail("no record")).output == "[1,2,2,2]"
    assert await hub.queues.receive_control(0, timedelta(seconds=1)) == []


async def test_an_event_that_the_queue_refuses_is_acknowledged_after_its_step(azurite: Azurite) -> None:
    """It is in the mailbox already; a refused caller would send it again, and it would be heard twice."""
    async with FaultyTransport(StorageAccount.parse(azurite.connection_string)) as transport:
        assert isinstance(transport, FaultyTransport)
        hub = await _open(transport)
        async with running_engine(hub, _wait_for_three_events) as bench:
            is_there, may_go_on = _block_second_step(bench)
            await bench.start_instance()
            await is_there.wait()
            transport.arm(Fault.PRECONDITION, 0, "queue POST")
            event = asyncio.create_task(bench.raise_event("Go"))
            await transport.has_struck.wait()
            may_go_on.set()
            await event
            await bench.in_flight.quiet()
            assert (await bench.event_names()).count("EventRaised") == 1


async def test_only_one_of_several_events_for_a_busy_instance_is_stored(azurite: Azurite) -> None:
    """The others wait for the next step, which takes them all; two calls for each would be wasted."""
    async with NotingTransport(StorageAccount.parse(azurite.connection_string)) as transport:
        hub = await _open(transport)
        async with running_engine(hub, _wait_for_three_events) as bench:
            is_there, may_go_on = _block_second_step(bench)
            await bench.start_instance()
            await is_there.wait()
            transport.notes.clear()
            events = [asyncio.create_task(bench.raise_event("Go")) for _ in range(3)]
            await asyncio.sleep(0)  # all are in the mailbox
            may_go_on.set()
            await asyncio.gather(*events)
            await bench.in_flight.quiet()
    assert sum(note.startswith("> queue POST") for note in transport.notes) == 1


async def test_an_event_does_not_wait_for_the_instance_row(azurite: Azurite) -> None:
    """The history is stored and a query sees it; the row comes a moment later."""

    def with_custom_status(context: Any) -> Any:
        yield context.wait_for_external_event("Go")
        context.set_custom_status("heard")
        yield context.wait_for_external_event("Stop")

    async with NotingTransport(StorageAccount.parse(azurite.connection_string)) as transport:
        assert isinstance(transport, NotingTransport)
        hub = await _open(transport)
        async with running_engine(hub, with_custom_status) as bench:
            await bench.start_instance()
            await bench.in_flight.quiet()
            transport.notes.clear()
            await bench.raise_event("Go")
            kinds = [(note[0], _KINDS.get(" ".join(note.split()[1:3]), "")) for note in transport.notes]
            record = await bench.engine.record("i")
            await bench.in_flight.quiet()
    assert kinds[:2] == [(">", "history"), ("<", "history")]
    assert ("<", "row") not in kinds
    assert record is not None
    assert record.custom_status == '"heard"'


async def test_a_queued_start_comes_back_after_a_crash(hub: TaskHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its message is in the control queue, hidden for as long as the host lives, or beside the history to be."""
    monkeypatch.setattr(engine_module, "PATIENCE_S", 0.05)
    monkeypatch.setattr(commit_module, "HOLD", timedelta(seconds=1))

    class Stuck(LocalExecution):
        async def advance(self, events: Sequence[HistoryEvent]) -> Script:
            await asyncio.Event().wait()
            raise AssertionError("never")

    async with running_engine(hub, _activity_then_event) as bench:
        bench.app.execution = lambda started, **_: Stuck(_activity_then_event, started)  # type: ignore[method-assign]
        await bench.start_instance()
    async with running_engine(hub, _activity_then_event) as bench:
        if hub.mode is StorageMode.JOURNAL:
            await recall_messages(hub, bench.engine, bench.observer)
        else:
            await _receive(hub, bench)
        await bench.raise_event("Go")
        await bench.observer.has_ended.wait()
        assert bench.observer.statuses[-1] is RuntimeStatus.COMPLETED


async def _receive(hub: TaskHub, bench: EngineBench) -> None:
    """Hand over the one message of the control queue when it is seen again, which storage alone knows."""
    async with asyncio.timeout(20):
        while not (found := await hub.queues.receive_control(0, timedelta(seconds=30))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    (item,) = found
    assert isinstance(item, Received)
    bench.engine.receive(item.message, item.receipt)


@pytest.mark.parametrize("lost", range(1, 5))
async def test_an_instance_goes_on_after_the_answer_to_a_commit_is_lost(azurite: Azurite, lost: int) -> None:
    """Its work items stay, its events count once, and its starter gets no conflict."""
    batches = 0

    def loses(_verb: str, path: str) -> bool:
        nonlocal batches
        batches += path.endswith("$batch")
        return path.endswith("$batch") and batches == lost

    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, loses) as through,
        Transport(StorageAccount.parse(through)) as transport,
    ):
        hub = await _open(transport)
        async with running_engine(hub, _wait_for_three_events) as bench:
            await bench.start_instance()
            for _ in range(3):
                await bench.raise_event("Go")
                await bench.in_flight.quiet()
            await bench.observer.has_ended.wait()
            record = await bench.engine.record("i")
            assert record is not None
            assert (record.status, record.output) == (RuntimeStatus.COMPLETED, "[1,2,2,2]")
            assert (await bench.event_names()).count("EventRaised") == 3
            assert batches >= 4


async def test_what_is_stored_is_carried_out_whatever_becomes_of_its_row(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In journal mode nothing else would bring the activity back before the next start."""
    async with running_engine(hub, _activity_then_event) as bench:
        write = bench.engine._rows.write

        async def break_once(*_: Any) -> None:
            monkeypatch.setattr(bench.engine._rows, "write", write)
            raise RuntimeError("no row today")

        monkeypatch.setattr(bench.engine._rows, "write", break_once)
        with pytest.raises(RuntimeError):
            await bench.start_instance()
        await bench.raise_event("Go")
        await bench.observer.has_ended.wait()
        assert (await bench.engine.record("i") or pytest.fail("no record")).output == "[1,2]"


def _wait_for_three_events(context: Any) -> Any:
    """An activity, then three events."""
    seen = [(yield context.call_activity("a", context.get_input()))]
    while len(seen) < 4:
        answer = yield context.wait_for_external_event("Go")
        seen.append(answer)
    return seen


async def test_each_kind_of_write_waits_for_the_one_before_it(azurite: Azurite) -> None:
    """Messages, history, row, deletes: at every instant another host can go on from the stored state."""

    def three(context: Any) -> Any:
        yield context.task_all([context.call_activity("a", number) for number in range(3)])
        yield context.call_sub_orchestrator("child", None, "its-id")

    async with NotingTransport(StorageAccount.parse(azurite.connection_string)) as transport:
        assert isinstance(transport, NotingTransport)
        hub = await _open(transport)
        async with running_engine(hub, three) as bench:
            transport.notes.clear()
            await bench.start_instance()
            while not any(note.startswith("< queue DELETE") for note in transport.notes):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await bench.in_flight.quiet()
    kinds = ((note[0], _KINDS.get(" ".join(note.split()[1:3]), "")) for note in transport.notes)
    order = [kind for kind in kinds if kind[1]]
    first, sent = order[: order.index(("<", "row")) + 1], [(">", "message")] * 3 + [("<", "message")] * 3
    assert first == [*sent, (">", "history"), ("<", "history"), (">", "row"), ("<", "row")]
    rest = order[len(first) :]
    assert rest.index((">", "delete")) > rest.index(("<", "history")) > rest.index((">", "history"))


_KINDS = {"queue POST": "message", "table POST": "history", "table PATCH": "row", "queue DELETE": "delete"}
