"""The storage calls of a workload without an engine: what nothing on the same storage can beat.

The calls, their contents, and which of them wait for which, are those of `durable_devhost.durable` in standard mode: a
work item is stored before the history that expects it, the Instances row comes at the start and at the end, and a work
item is deleted beside the next step. devhost's own client sends them, with its encodings.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from durable_devhost.clock import SystemClock, real_now
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    TaskCompleted,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.queues import Receipt
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.history import StoredHistory, Tail
from durable_devhost.taskhub.hub import TaskHub

STEPS = 5
"""The activities of a chain."""

_ROWS_OF_ANSWERS = 97
"""How many results fit into one batch of history rows, beside those that begin and end an episode."""

_HOLD = timedelta(seconds=60)


@dataclass
class Run:
    """One instance and where its history ends."""

    instance: InstanceRef = field(
        default_factory=lambda: InstanceRef(instance_id=uuid4().hex, execution_id=uuid4().hex)
    )
    etag: str | None = None
    rows: int = 0
    tail: Tail = StoredHistory().tail

    @property
    def started(self) -> ExecutionStarted:
        """The event that begins it."""
        return ExecutionStarted(timestamp=real_now(), instance=self.instance, name="chain", input="0")


def scheduled(number: int) -> TaskScheduled:
    """The row of an activity that was scheduled."""
    return TaskScheduled(timestamp=real_now(), event_id=number, name="add_one")


class Client:
    """The four kinds of storage call that an orchestration makes, by devhost's own client of storage."""

    def __init__(self, hub: TaskHub) -> None:
        self._hub = hub

    async def send(self, run: Run, number: int) -> Receipt:
        """Store the work item of an activity."""
        event = replace(scheduled(number), input=f'["{number}"]')
        message = Message(event=event, target=run.instance, sender=run.instance, episode=1, from_decision=True)
        return await self._hub.queues.send_work_item(message, visible_after=_HOLD)

    async def delete(self, receipt: Receipt) -> None:
        """Delete a work item."""
        await self._hub.queues.delete(receipt)

    async def append(self, run: Run, events: list[HistoryEvent]) -> None:
        """Commit history rows under the sentinel's etag."""
        instance = run.instance
        appended = await self._hub.history.append(
            instance.instance_id,
            instance.execution_id or "",
            first_row=run.rows,
            events=events,
            etag=run.etag,
            tail=run.tail,
        )
        run.etag, run.rows, run.tail = appended.etag, appended.row_count, appended.tail

    async def show(self, run: Run, status: RuntimeStatus) -> None:
        """Write the Instances row, of an instance that is new the first time."""
        now = real_now()
        record = InstanceRecord(
            instance_id=run.instance.instance_id,
            execution_id=run.instance.execution_id,
            name="chain",
            status=status,
            input="0",
            output=None if status is RuntimeStatus.RUNNING else "5",
            custom_status="null",
            created_time=now,
            last_updated_time=now,
            generation=0,
            tags="null",
        )
        await self._hub.instances.merge(record)


def episode(*middle: HistoryEvent) -> list[HistoryEvent]:
    """The rows of one episode around what it received and decided."""
    now = real_now()
    return [OrchestratorStarted(timestamp=now), *middle, OrchestratorCompleted(timestamp=now)]


def completed(number: int) -> TaskCompleted:
    """The row of an activity that has returned."""
    return TaskCompleted(timestamp=real_now(), task_id=number, result=str(number + 1))


def ended(steps: int) -> ExecutionCompleted:
    """The row of an orchestration that has returned."""
    return ExecutionCompleted(timestamp=real_now(), event_id=steps, status=RuntimeStatus.COMPLETED, result=str(steps))


async def chain(client: Client, steps: int = STEPS) -> None:
    """The calls of a chain of activities, 3 for each and 3 more; those of a loop are the same."""
    run = Run()
    receipt = await client.send(run, 0)
    await client.append(run, episode(run.started, scheduled(0)))
    await client.show(run, RuntimeStatus.RUNNING)
    deleting: asyncio.Future[None] | None = None
    for number in range(1, steps):
        following = await client.send(run, number)
        await client.append(run, episode(completed(number - 1), scheduled(number)))
        if deleting is not None:
            await deleting
        deleting, receipt = asyncio.ensure_future(client.delete(receipt)), following
    await client.append(run, episode(completed(steps - 1), ended(steps)))
    await client.show(run, RuntimeStatus.COMPLETED)
    await asyncio.gather(client.delete(receipt), *([deleting] if deleting is not None else []))


async def fan_out(client: Client, width: int) -> None:
    """The calls of `width` activities at once, their results stored in as few commits as their rows allow."""
    run = Run()
    receipts = await asyncio.gather(*(client.send(run, number) for number in range(width)))
    await client.append(run, episode(run.started, *map(scheduled, range(width))))
    await client.show(run, RuntimeStatus.RUNNING)
    deleting: list[asyncio.Future[None]] = []
    for first in range(0, width, _ROWS_OF_ANSWERS):
        group = range(first, min(first + _ROWS_OF_ANSWERS, width))
        last = [ended(width)] if group.stop == width else []
        await client.append(run, episode(*map(completed, group), *last))
        deleting += [asyncio.ensure_future(client.delete(receipts[number])) for number in group]
    await client.show(run, RuntimeStatus.COMPLETED)
    await asyncio.gather(*deleting)


async def seconds(workload: Coroutine[Any, Any, None]) -> float:
    """How long a workload takes."""
    began = time.perf_counter()
    await workload
    return time.perf_counter() - began


async def many_chains(client: Client, count: int) -> None:
    """Chains that begin at the same time."""
    await asyncio.gather(*(chain(client) for _ in range(count)))


@asynccontextmanager
async def connected(connection_string: str) -> AsyncIterator[Client]:
    """A client on a hub of its own in the storage behind a connection string."""
    async with Transport(StorageAccount.parse(connection_string)) as transport:
        yield Client(await TaskHub.open(transport, "Floor", partition_count=4, clock=SystemClock()))
