"""Listens to the hub: takes what comes through the queues, and sees to it that what a crash left is set right.

What this host sends itself is handed over in memory, so the queues bring only what other processes sent, what a dead
host held, and work items that found no slot; polling is therefore slow, but eager after a start, after a partition was
gained, and as long as other hosts share the hub.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

from durable_devhost.clock import Clock
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.holds import HOLD
from durable_devhost.durable.ownership import Ownership
from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.durable.recovery import Recovery
from durable_devhost.model.history import TimerFired
from durable_devhost.storage.account import NotFound
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.queues import Received, Undecodable

_EAGER_FOR_S = 12.0
_EAGER_S = 0.25
_SHARED_S = 1.0
_SOON = timedelta(seconds=1)


class HubListener:
    """Everything that comes from storage without being asked for. `run` may be cancelled at any time."""

    def __init__(
        self,
        *,
        hub: TaskHub,
        engine: DurableEngine,
        ownership: Ownership,
        clock: Clock,
        observer: Observer,
        longest_pause: timedelta,
    ) -> None:
        self._hub = hub
        self._engine = engine
        self._ownership = ownership
        self._clock = clock
        self._observer = observer
        self._longest_pause_s = longest_pause.total_seconds()
        self._eager_until = monotonic() + _EAGER_FOR_S
        self._has_gained = asyncio.Event()
        self._is_journal = hub.mode is StorageMode.JOURNAL
        self.recovery = Recovery(hub=hub, engine=engine, ownership=ownership, clock=clock, observer=observer)
        ownership.is_drained = engine.is_idle
        ownership.on_lost = engine.forget_partition
        ownership.on_gained = self._gain
        ownership.on_regained = self._regain

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ownership.run())
            if not self._is_journal:  # there are no work items then
                tasks.create_task(self._take_work_items())
            tasks.create_task(self._recover_what_is_gained())
            tasks.create_task(self._settle_suspicions())
            for partition in range(self._hub.partition_count):
                tasks.create_task(self._take_messages(partition))

    async def _settle_suspicions(self) -> None:
        await asyncio.sleep(_EAGER_FOR_S)
        await self.recovery.settle()

    def _gain(self, _partition: int) -> None:
        self._eager_until = monotonic() + _EAGER_FOR_S
        self._has_gained.set()

    def _regain(self, partition: int) -> None:
        """Nobody else had the partition: in journal mode all of it is still in memory, or was put on the queue."""
        if self._is_journal:
            self._eager_until = monotonic() + _EAGER_FOR_S
        else:
            self._gain(partition)

    async def _recover_what_is_gained(self) -> None:
        while True:
            await self._has_gained.wait()
            self._has_gained.clear()
            await self.recovery.recall()
            await self.recovery.recover()

    async def _take_messages(self, partition: int) -> None:
        pause = _EAGER_S
        queue = self._hub.names.control(partition)
        patience = Patience(self._observer, f"The control queue {queue}")
        while True:
            found: list[Received | Undecodable] = []
            if self._ownership.listens(partition):
                async with patience.attempt(), self._making(queue):
                    found = await self._hub.queues.receive_control(partition, HOLD)
                    for item in found:
                        await self._take(item)
            pause = 0.0 if found else self._next_pause(pause)
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def _making(self, queue: str) -> AsyncIterator[None]:
        """Around a receive: a queue that somebody has deleted is made again."""
        try:
            yield
        except NotFound:
            await self._hub.queues.make_again(queue)
            self._observer.trouble(
                f"The queue {queue} was gone, and is made again. The messages that were in it are lost; "
                "`durable-devhost doctor` finds the instances that wait for one of them."
            )

    async def _take(self, item: Received | Undecodable) -> None:
        if isinstance(item, Undecodable):
            await self._refuse(item)
            return
        event = item.message.event
        if isinstance(event, TimerFired) and (left := event.fire_at - self._clock.now()) > _SOON:
            receipt = await self._hub.queues.renew(item.receipt, left)
            self._engine.timers.arm(item.message, event.fire_at, receipt)
            return
        self._engine.receive(item.message, item.receipt, item.dequeue_count)

    async def _refuse(self, item: Undecodable) -> None:
        again = await self._hub.queues.abandon(item)
        self._observer.trouble(
            f"A message on queue {item.receipt.queue} cannot be read: {item.reason}. It stays there and is tried again "
            f"in {again.total_seconds():.0f} s; delete it with any queue tool if it is not yours."
        )

    async def _take_work_items(self) -> None:
        pause = _EAGER_S
        activities, backlog = self._engine.activities, self._engine.has_backlog
        queue = self._hub.names.work_items
        patience = Patience(self._observer, f"The queue {queue}")
        while True:
            await activities.has_room.wait()
            was_asked = backlog.is_set()
            backlog.clear()
            found: list[Received | Undecodable] = []
            async with patience.attempt(), self._making(queue):
                found = await self._hub.queues.receive_work_items(HOLD, max(1, min(32, activities.room())))
                for item in found:
                    if isinstance(item, Undecodable):
                        await self._refuse(item)
                    elif (hold := self._engine.holds.take(item.receipt, item.message)) is not None:
                        activities.hand_over(item.message, hold)
            if found:
                backlog.set() if was_asked else None
                pause = _EAGER_S
                continue
            pause = self._next_pause(pause)
            try:
                await asyncio.wait_for(backlog.wait(), pause)
            except TimeoutError:
                continue

    def _next_pause(self, pause: float) -> float:
        if monotonic() < self._eager_until:
            return min(_EAGER_S, self._longest_pause_s)
        longest = min(_SHARED_S, self._longest_pause_s) if self._ownership.is_shared else self._longest_pause_s
        return min(max(pause, _EAGER_S) * 2, longest)
