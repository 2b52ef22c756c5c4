"""The Instances rows that storage refused at first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable.due_rows import DueRows
from durable_devhost.durable.episode import Episode
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.storage.account import StorageAccount
from durable_devhost.taskhub.history import Appended, Tail
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.recording_observer import RecordingObserver
from packages.devhost.tests.faults import Fault, FaultyTransport

NOW = datetime(2026, 1, 1, tzinfo=UTC)
APPENDED = Appended(etag="e", row_count=1, tail=Tail(), urls={})


class DueRowsBench:
    """Rows over a hub whose storage can be made to refuse one call."""

    def __init__(self, hub: TaskHub, transport: FaultyTransport) -> None:
        self.hub = hub
        self.transport = transport
        self.rows = DueRows(hub, RecordingObserver())

    async def write(self, status: RuntimeStatus | None, instance_id: str = "i", **changes: Any) -> None:
        """Write the row of an episode that led to `status`."""
        record = InstanceRecord(instance_id=instance_id, execution_id="e", name="o", status=status) if status else None
        episode = Episode(instance_id=instance_id, execution_id="e", first_row=0, events=(), etag=None, tail=Tail())
        await self.rows.write(replace(episode, record=record, **changes), APPENDED)

    async def status(self, instance_id: str = "i") -> RuntimeStatus | None:
        """What a query shows."""
        record = await self.hub.instances.get(instance_id)
        return record.status if record else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the second attempts happen until the status is the expected one."""
        running = asyncio.create_task(self.rows.run())
        yield
        running.cancel()


@pytest.fixture
async def bench(azurite: Azurite) -> AsyncIterator[DueRowsBench]:
    """With an empty hub."""
    async with FaultyTransport(StorageAccount.parse(azurite.connection_string)) as transport:
        assert isinstance(transport, FaultyTransport)
        hub = await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=1, clock=SystemClock())
        yield DueRowsBench(hub, transport)


async def _wait_for_status(bench: DueRowsBench, status: RuntimeStatus, instance_id: str = "i") -> None:
    async with asyncio.timeout(10):
        while await bench.status(instance_id) is not status:  # noqa: ASYNC110 - storage alone knows
            await asyncio.sleep(0.02)


async def test_a_refused_row_is_written_later(bench: DueRowsBench) -> None:
    """No episode follows the last one, so the row must not wait for one."""
    bench.transport.arm(Fault.FORBIDDEN, 0)
    await bench.write(RuntimeStatus.COMPLETED)
    assert await bench.status() is None
    async with bench.running():
        await _wait_for_status(bench, RuntimeStatus.COMPLETED)


async def test_only_the_newest_row_is_written(bench: DueRowsBench) -> None:
    """Also if it comes while the older one is due; an episode without changes writes nothing."""
    bench.transport.arm(Fault.FORBIDDEN, 0)
    await bench.write(RuntimeStatus.RUNNING)
    await bench.write(RuntimeStatus.COMPLETED)
    await bench.write(None)
    async with bench.running():
        await _wait_for_status(bench, RuntimeStatus.COMPLETED)


async def test_the_row_of_a_purged_instance_is_not_written(bench: DueRowsBench) -> None:
    """It would bring the instance back."""
    bench.transport.arm(Fault.FORBIDDEN, 0)
    await bench.write(RuntimeStatus.RUNNING)
    bench.rows.forget("i")
    bench.transport.arm(Fault.FORBIDDEN, 0)
    await bench.write(RuntimeStatus.RUNNING, "other")
    async with bench.running():
        await _wait_for_status(bench, RuntimeStatus.RUNNING, "other")
    assert await bench.status() is None


async def test_a_new_instance_replaces_the_row_of_the_old_one(bench: DueRowsBench) -> None:
    """No value of the old one stays, such as its output."""
    await bench.hub.instances.merge(InstanceRecord(instance_id="i", name="o", output="old"))
    await bench.write(RuntimeStatus.RUNNING, is_new_record=True, etag="old")
    record = await bench.hub.instances.get("i")
    assert record is not None
    assert (record.status, record.output) == (RuntimeStatus.RUNNING, None)
