"""An instance whose function never comes back from its step can be ended all the same."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable import engine as engine_module
from durable_devhost.durable.ports import ExecutionLost
from durable_devhost.durable.script import Script
from durable_devhost.model.history import (
    EventRaised,
    ExecutionCompleted,
    ExecutionSuspended,
    ExecutionTerminated,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
)
from durable_devhost.model.messages import Message
from packages.devhost.tests.durable import hosts
from packages.devhost.tests.durable.hosts import Host, Hub
from packages.devhost.tests.local import LocalExecution

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")
LossRule = Callable[[Sequence[HistoryEvent]], bool]


class EndlessApp:
    """Makes executions that are lost with their worker at each step that `is_lost` names; `steps` counts all steps."""

    def __init__(self, is_lost: LossRule) -> None:
        self._is_lost = is_lost
        self.steps = 0

    def execution(self, started: Any, **_: Any) -> LocalExecution:
        """An execution of the function that waits for two answers."""
        endless = self

        class EndlessExecution(LocalExecution):
            async def advance(self, events: Sequence[HistoryEvent]) -> Script:
                endless.steps += 1
                await asyncio.sleep(0.01)
                if endless._is_lost(events):
                    raise ExecutionLost
                return await super().advance(events)

        return EndlessExecution(hosts.stages, started)


@pytest.fixture
async def hub(azurite: Azurite) -> AsyncIterator[Hub]:
    """A hub of its own."""
    async with AsyncExitStack() as stack:
        yield Hub(azurite.connection_string, stack)


async def _post(host: Host, event: HistoryEvent) -> None:
    await host.engine.post(Message(event=event, target=InstanceRef(instance_id="i", execution_id=None)))


async def _terminate(host: Host) -> None:
    async with asyncio.timeout(20):
        await _post(host, ExecutionTerminated(timestamp=SystemClock().now(), reason="enough"))
        await host.observer.has_ended.wait()


def _install(endless: EndlessApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE_S", 0.05)
    monkeypatch.setattr(hosts.App, "execution", lambda _, started, **more: endless.execution(started, **more))


async def test_terminate_wins_over_a_first_step_that_never_ends(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance ends with the reason, its function is not run again."""
    endless = EndlessApp(lambda _: True)
    host = await hub.host()
    _install(endless, monkeypatch)
    await host.start_instance("stages", "i")
    await _terminate(host)
    record = await host.engine.record("i")
    assert record is not None
    assert (record.status, record.output, record.custom_status) == (RuntimeStatus.TERMINATED, "enough", "null")
    steps = endless.steps
    await host.engine.record("i")
    await asyncio.sleep(0)
    assert endless.steps == steps, "it is not replayed either"


@pytest.mark.parametrize("between", [[], [ExecutionSuspended]])
async def test_terminate_wins_over_a_later_step_that_never_ends(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, between: list[type[HistoryEvent]]
) -> None:
    """What is stored stays, the custom status with it, and the end has a number of its own."""
    endless = EndlessApp(lambda events: any(isinstance(event, EventRaised) for event in events))
    host = await hub.host()
    _install(endless, monkeypatch)
    await host.start_instance("stages", "i")
    await host.raise_answer("i", "1")
    for kind in between:
        await _post(host, kind(timestamp=SystemClock().now()))
    await _terminate(host)
    record = await host.engine.record("i")
    assert record is not None
    assert (record.status, record.output, record.custom_status) == (RuntimeStatus.TERMINATED, "enough", "1")
    events = (await host.hub.history.read("i")).events
    assert isinstance(events[-2], ExecutionCompleted)
    assert [type(event).__name__ for event in events].count("ExecutionTerminated") == 1
