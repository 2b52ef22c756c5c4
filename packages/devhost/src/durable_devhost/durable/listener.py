"""Listens to the hub: takes what comes through the queues, and sets right what a crash left.

What this host sends itself is handed over in memory, so the queues bring only what other processes sent, what a dead
host held, and work items that found no slot; polling is therefore slow, but eager after a start, after a partition was
gained, and as long as other hosts share the hub.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

from durable_devhost.clock import Clock, real_now
from durable_devhost.durable.damage import Damage, Suspect, at_start, settled, told
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.holds import HOLD
from durable_devhost.durable.ownership import Ownership
from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.durable.recall import living, recall_activities, recall_messages
from durable_devhost.durable.sessions import is_over, record_after
from durable_devhost.model.history import InstanceRef, RuntimeStatus, TimerCreated, TimerFired
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import NotFound
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.queues import Received, Undecodable

_EAGER_FOR_S = 12.0
_EAGER_S = 0.25
_SHARED_S = 1.0
_LAST_COMMITS = timedelta(seconds=15)
_SOON = timedelta(seconds=1)
_READ_AT_ONCE = 16
_ALIVE = frozenset({RuntimeStatus.PENDING, RuntimeStatus.RUNNING, RuntimeStatus.SUSPENDED})


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
        self._suspects: list[Suspect] = []
        self._living: Sequence[InstanceRecord] = ()
        self._behind: set[str] = set()
        self._is_journal = hub.mode is StorageMode.JOURNAL
        self.rows_are_right = asyncio.Event()
        """Set when no row is behind its history any more because of a crash before the start."""
        ownership.is_drained = engine.is_idle
        ownership.lost = engine.forget_partition
        ownership.gained = self._gain
        ownership.regained = self._regain

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

    async def recall(self) -> None:
        """In journal mode, take up the messages that were on their way, and note which instances are alive.

        To be called before the engine works and anybody calls it: what comes anew finds the messages in the mailboxes,
        and is none of what `recover` has to look at. Nothing is done in standard mode, where the queues bring it.
        """
        if self._is_journal:
            await self._persist(self._recall)

    async def recover(self) -> None:
        """Arm the timers of all our living instances, write rows that a crash kept from being written, name damage.

        In journal mode open activities run again too.
        """
        await self._persist(self._recover)

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        patience, is_done = Patience(self._observer, "The instances of the task hub"), False
        while not is_done:
            async with patience.trying():
                await work()
                is_done = True

    async def _recall(self) -> None:
        await recall_messages(self._hub, self._engine, self._observer)
        self._living = [record async for record in living(self._hub)]
        self._behind |= {record.instance_id for record in self._living if record.status is None}

    async def _recover(self) -> None:
        await self._correct_rows()
        self.rows_are_right.set()
        alive = self._living
        if not self._is_journal:
            alive = [record async for record in self._hub.instances.every(InstanceFilter(statuses=_ALIVE))]
        await self._look_at(alive)
        self._living = ()
        self._engine.activities.forget_done()

    async def _look_at(self, records: Sequence[InstanceRecord]) -> None:
        """Take up what is open of our living instances, and note what keeps one from going on."""
        ours = [each for each in records if self._is_orchestration(each) and self._ownership.owns(each.instance_id)]
        found: list[Damage | Suspect | None] = []
        for start in range(0, len(ours), _READ_AT_ONCE):
            found += await asyncio.gather(*map(self._recover_instance, ours[start : start + _READ_AT_ONCE]))
        self._tell([each for each in found if isinstance(each, Damage)])
        self._suspects = [each for each in found if isinstance(each, Suspect) and self._is_doubtful(each)]

    def _is_orchestration(self, record: InstanceRecord) -> bool:
        """Whether there may be timers and activities; in journal mode also under an id that looks like an entity's."""
        return not EntityId.is_one(record.instance_id) or (self._is_journal and not (record.name or "").startswith("@"))

    def _is_doubtful(self, suspect: Suspect) -> bool:
        """Activities are never lost in journal mode, as they run again wherever the history shows them as open."""
        return not (self._is_journal and suspect.activities)

    async def _correct_rows(self) -> None:
        """A host that died between a history and its row has left the row behind: look at its last commits."""
        crashed_at, self._ownership.crashed_at = self._ownership.crashed_at, None
        behind = self._behind
        if crashed_at is not None:
            since = crashed_at + (self._clock.now() - real_now()) - _LAST_COMMITS
            behind = behind | {each async for each in self._hub.history.committed_since(since)}
        await asyncio.gather(*(self._engine.correct_row(each) for each in behind if self._ownership.owns(each)))
        self._behind = set()

    def _tell(self, found: Sequence[Damage]) -> None:
        for text, instance_id in told(found):
            self._observer.trouble(text, instance_id)

    async def _settle_suspicions(self) -> None:
        """Name the instances that still wait for lost messages when all that was on the queues has been taken."""
        await asyncio.sleep(_EAGER_FOR_S)
        patience = Patience(self._observer, "The instances of the task hub")
        async with patience.trying():
            self._tell(await settled(self._hub, self._suspects))

    async def _recover_instance(self, record: InstanceRecord) -> Damage | Suspect | None:
        stored: StoredHistory | CorruptHistory
        try:
            stored = await self._hub.history.read(record.instance_id)
        except CorruptHistory as error:
            return at_start(record, error)
        if is_over(stored.events):
            ended = record_after(stored.events, self._hub.names.hub)
            if ended is not None and ended.execution_id == record.execution_id:
                await self._hub.instances.merge(ended)
            return None
        fired = {event.timer_id for event in stored.events if isinstance(event, TimerFired)}
        target = InstanceRef(instance_id=record.instance_id, execution_id=stored.execution_id)
        for event in stored.events:
            if isinstance(event, TimerCreated) and event.event_id not in fired:
                fire = TimerFired(timestamp=event.timestamp, timer_id=event.event_id, fire_at=event.fire_at)
                self._engine.timers.arm(Message(event=fire, target=target, sender=target), event.fire_at, None)
        if self._is_journal:
            await recall_activities(self._hub, self._engine, record.instance_id, stored)
        return at_start(record, stored)

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
            await self.recall()
            await self.recover()

    async def _take_messages(self, partition: int) -> None:
        pause = _EAGER_S
        queue = self._hub.names.control(partition)
        patience = Patience(self._observer, f"The control queue {queue}")
        while True:
            found: list[Received | Undecodable] = []
            if self._ownership.listens(partition):
                async with patience.trying(), self._making(queue):
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
            async with patience.trying(), self._making(queue):
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
