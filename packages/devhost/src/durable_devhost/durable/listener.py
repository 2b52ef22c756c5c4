"""Listens to the hub: owns the partitions, takes what comes through the queues, and sets right what a crash left.

What this host sends itself is handed over in memory, so the queues bring only what other processes sent, what a dead
host held, and work items that found no slot; polling is therefore slow, but eager after a start.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic

from durable_devhost.clock import Clock, real_now
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.holds import HOLD
from durable_devhost.durable.ports import Observer
from durable_devhost.durable.sessions import is_over, record_after
from durable_devhost.errors import SettingsError, StorageUnavailable
from durable_devhost.model.history import InstanceRef, RuntimeStatus, TimerCreated, TimerFired
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageFailure
from durable_devhost.taskhub.failures import CorruptHistory, LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.partitions import PartitionLease
from durable_devhost.taskhub.queues import Received, Undecodable

_EAGER_FOR_S = 12.0
_EAGER_S = 0.25
_RENEW_EVERY_S = 10.0
_APP_LEASE_TURNS = 3
_PATIENCE_S = 5.0
_SOON = timedelta(seconds=1)
_ALIVE = frozenset({RuntimeStatus.PENDING, RuntimeStatus.RUNNING, RuntimeStatus.SUSPENDED})


class HubListener:
    """Everything that comes from storage without being asked for."""

    def __init__(
        self,
        *,
        hub: TaskHub,
        engine: DurableEngine,
        clock: Clock,
        observer: Observer,
        worker_id: str,
        is_alone: bool,
        uses_app_lease: bool,
        longest_pause: timedelta,
    ) -> None:
        self._hub = hub
        self._engine = engine
        self._clock = clock
        self._observer = observer
        self._worker_id = worker_id
        self._is_alone = is_alone
        self._uses_app_lease = uses_app_lease
        self._longest_pause_s = longest_pause.total_seconds()
        self._leases: dict[int, PartitionLease] = {}
        self._started = monotonic()

    async def claim(self) -> None:
        """Take every partition that is free or was ours; all of them when the storage is ours alone."""
        if self._uses_app_lease:
            await self._take_app_lease()
        for lease in await self._hub.partitions.read():
            now = real_now()
            if lease.partition >= self._hub.partition_count:
                continue
            if lease.current_owner == self._worker_id or self._is_alone or lease.can_be_claimed(self._worker_id, now):
                self._leases[lease.partition] = await self._hub.partitions.claim(lease, self._worker_id, now)
        missing = self._hub.partition_count - len(self._leases)
        if missing:
            self._observer.trouble(
                f"{missing} partitions of the hub belong to another host; they are taken over when its lease runs out."
            )

    async def release(self) -> None:
        """Give the partitions up, so that the next host need not wait for the leases to run out.

        What storage says of it changes nothing: leases that cannot be given up run out.
        """
        for lease in self._leases.values():
            with suppress(LostRace, StorageFailure, StorageUnavailable):
                await self._hub.partitions.release(lease)
        self._leases.clear()
        if self._uses_app_lease:
            with suppress(StorageFailure, StorageUnavailable):
                await self._hub.app_lease.release()

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_leases())
            tasks.create_task(self._take_work_items())
            for partition in range(self._hub.partition_count):
                tasks.create_task(self._take_messages(partition))

    async def recover(self) -> None:
        """Arm the timers of all living instances, and write rows that a crash kept from being written."""
        wanted = InstanceFilter(statuses=_ALIVE)
        continuation: str | None = None
        while True:
            page = await self._hub.instances.query(wanted, page_size=1000, continuation=continuation)
            for record in page.records:
                if not EntityId.is_one(record.instance_id):
                    await self._recover_instance(record)
            continuation = page.continuation
            if continuation is None:
                return

    async def _recover_instance(self, record: InstanceRecord) -> None:
        try:
            stored = await self._hub.history.read(record.instance_id)
        except CorruptHistory as error:
            self._observer.trouble(str(error), record.instance_id)
            return
        if is_over(stored.events):
            ended = record_after(stored.events, self._hub.names.hub)
            if ended is not None and ended.execution_id == record.execution_id:
                await self._hub.instances.merge(ended)
            return
        fired = {event.timer_id for event in stored.events if isinstance(event, TimerFired)}
        target = InstanceRef(instance_id=record.instance_id, execution_id=stored.execution_id)
        for event in stored.events:
            if isinstance(event, TimerCreated) and event.event_id not in fired:
                fire = TimerFired(timestamp=event.timestamp, timer_id=event.event_id, fire_at=event.fire_at)
                self._engine.timers.arm(Message(event=fire, target=target, sender=target), event.fire_at, None)

    async def _take_app_lease(self) -> None:
        try:
            await self._hub.app_lease.acquire()
        except LostRace as error:
            raise SettingsError(
                f"{error} Give this app a hub of its own (extensions.durableTask.hubName in host.json), "
                "or stop the other app."
            ) from None

    async def _renew_app_lease(self) -> None:
        try:
            await self._hub.app_lease.renew()
        except LostRace:
            await self._take_app_lease()

    async def _keep_leases(self) -> None:
        for turn in itertools.count(1):
            await asyncio.sleep(_RENEW_EVERY_S)
            if self._uses_app_lease and turn % _APP_LEASE_TURNS == 0:
                await self._renew_app_lease()
            for partition, lease in list(self._leases.items()):
                try:
                    self._leases[partition] = await self._hub.partitions.renew(lease, real_now())
                except LostRace:
                    del self._leases[partition]
                    self._observer.trouble(f"Another host has taken partition {partition} of the hub.")
            if len(self._leases) < self._hub.partition_count:
                await self._claim_free()

    async def _claim_free(self) -> None:
        for lease in await self._hub.partitions.read():
            if lease.partition not in self._leases and lease.can_be_claimed(self._worker_id, real_now()):
                try:
                    self._leases[lease.partition] = await self._hub.partitions.claim(lease, self._worker_id, real_now())
                except LostRace:
                    continue

    async def _take_messages(self, partition: int) -> None:
        pause = _EAGER_S
        while True:
            found: list[Received | Undecodable] = []
            if partition in self._leases:
                async with self._patiently():
                    found = await self._hub.queues.receive_control(partition, HOLD)
                    for item in found:
                        await self._take(item)
            pause = 0.0 if found else self._next_pause(pause)
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def _patiently(self) -> AsyncIterator[None]:
        """Report what storage refuses, for example because somebody deleted a queue, and go on after a pause."""
        try:
            yield
        except (StorageFailure, LostRace) as error:
            self._observer.trouble(f"The task hub cannot be read: {error} It is tried again in {_PATIENCE_S:.0f} s.")
            await asyncio.sleep(_PATIENCE_S)

    async def _take(self, item: Received | Undecodable) -> None:
        if isinstance(item, Undecodable):
            await self._refuse(item)
            return
        event = item.message.event
        if isinstance(event, TimerFired) and (left := event.fire_at - self._clock.now()) > _SOON:
            receipt = await self._hub.queues.renew(item.receipt, left)
            self._engine.timers.arm(item.message, event.fire_at, receipt)
            return
        self._engine.receive(item.message, item.receipt)

    async def _refuse(self, item: Undecodable) -> None:
        again = await self._hub.queues.abandon(item)
        self._observer.trouble(
            f"A message on queue {item.receipt.queue} cannot be read: {item.reason}. It stays there and is tried again "
            f"in {again.total_seconds():.0f} s; delete it with any queue tool if it is not yours."
        )

    async def _take_work_items(self) -> None:
        pause = _EAGER_S
        activities, backlog = self._engine.activities, self._engine.has_backlog
        while True:
            await activities.has_room.wait()
            was_asked = backlog.is_set()
            backlog.clear()
            found: list[Received | Undecodable] = []
            async with self._patiently():
                found = await self._hub.queues.receive_work_items(HOLD, max(1, min(32, activities.room())))
                for item in found:
                    if isinstance(item, Undecodable):
                        await self._refuse(item)
                    elif (hold := self._engine.holds.take(item.receipt)) is not None:
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
        if monotonic() - self._started < _EAGER_FOR_S:
            return min(_EAGER_S, self._longest_pause_s)
        return min(max(pause, _EAGER_S) * 2, self._longest_pause_s)
