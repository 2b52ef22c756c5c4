"""Sets right what the host before has left: timers are armed, open activities run again, rows say what histories say.

An instance that waits costs nothing here: a start reads the histories of those alone that have something to do at once,
or of which only the history tells. In journal mode the sentinels say which these are. In standard mode the queues bring
all but the moment of a timer, so a start looks at the timers of the whole table at once if many instances are alive.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from durable_devhost.clock import Clock, real_now
from durable_devhost.durable.damage import Damage, Suspect, at_start, confirm_damage, report_lines
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.ownership import Ownership
from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.durable.recall import living_instances, recall_activities, recall_messages
from durable_devhost.durable.sessions import is_over, record_after
from durable_devhost.model.history import InstanceRef, RuntimeStatus, TimerCreated, TimerFired
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.open_work import NOTHING

MOST_READ = 64
"""How many histories a start in standard mode reads; one of them costs a look at each row of the table."""

_LAST_COMMITS = timedelta(seconds=15)
_LONG_EPISODE = timedelta(seconds=60)
_READ_AT_ONCE = 16
_ALIVE = frozenset({RuntimeStatus.PENDING, RuntimeStatus.RUNNING, RuntimeStatus.SUSPENDED})
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Recovery:
    """What a host does once for the instances that are its own: at its start, and again where it gains a partition."""

    def __init__(
        self, *, hub: TaskHub, engine: DurableEngine, ownership: Ownership, clock: Clock, observer: Observer
    ) -> None:
        self._hub = hub
        self._engine = engine
        self._ownership = ownership
        self._clock = clock
        self._observer = observer
        self._suspects: list[Suspect] = []
        self._unclear: Sequence[InstanceRecord] = ()
        self._behind: set[str] = set()
        self._is_journal = hub.mode is StorageMode.JOURNAL
        self.rows_are_right = asyncio.Event()
        """Set when no row is behind its history any more because of a crash before the start."""

    async def recall(self) -> None:
        """In journal mode, take up the messages and timers that were open, and note which histories have to be read.

        To be called before the engine works and anybody calls it: what comes anew finds the messages in the mailboxes,
        and is none of what `recover` has to look at. Nothing is done in standard mode, where the queues bring it.
        """
        if self._is_journal:
            await self._persist(self._recall)

    async def recover(self) -> None:
        """Write rows that a crash kept from being written, arm the other timers, name damage.

        In journal mode open activities run again too.
        """
        await self._persist(self._recover)

    async def settle(self) -> None:
        """Name the instances that still wait for lost messages when all that was on the queues has been taken."""
        async with self._patience().attempt():
            self._tell(await confirm_damage(self._hub, self._suspects))

    def _patience(self) -> Patience:
        return Patience(self._observer, "The instances of the task hub")

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        patience, is_done = self._patience(), False
        while not is_done:
            async with patience.attempt():
                await work()
                is_done = True

    async def _recall(self) -> None:
        await recall_messages(self._hub, self._engine, self._observer)
        unclear = []
        async for record, work in living_instances(self._hub):
            if record.status is None:
                self._behind.add(record.instance_id)
            if work is None:
                unclear.append(record)
            elif self._ownership.owns(record.instance_id):
                self._arm(_ref(record), work.timers.values())
        self._unclear = unclear

    async def _recover(self) -> None:
        await self._correct_rows()
        self.rows_are_right.set()
        await self._look_at(self._unclear if self._is_journal else await self._to_be_read())
        self._unclear = ()
        self._engine.activities.forget_done()

    async def _to_be_read(self) -> Sequence[InstanceRecord]:
        """The living instances whose histories are to be read in standard mode; the timers of all others are armed.

        Of very many instances these are the ones that have ended after all, and those that have changed last.
        """
        brief = InstanceFilter(statuses=_ALIVE, with_input=False, with_output=False)
        latest = [each async for each in self._hub.instances.every(brief) if self._is_ours(each)]
        latest.sort(key=_last_change, reverse=True)
        if len(latest) <= MOST_READ:
            return latest
        ended = {each async for each in self._hub.histories.ended_since(_last_change(latest[-1]))}
        over = [each for each in latest if (each.instance_id, each.execution_id) in ended]
        alive = {key: each for each in latest if (key := (each.instance_id, each.execution_id)) not in ended}
        # A timer that was due before is on its queue. On a virtual clock it may be hidden there for days of real time.
        due_from = self._clock.now() if self._clock.kind == "system" else None
        async for instance_id, execution_id, timer in self._hub.histories.open_timers(due_from):
            if (instance_id, execution_id) in alive:
                self._arm(_ref(alive[instance_id, execution_id]), [timer])
        return [*over, *list(alive.values())[:MOST_READ]]

    async def _look_at(self, records: Sequence[InstanceRecord]) -> None:
        """Take up what is open of our living instances, and note what keeps one from going on."""
        ours = [each for each in records if self._is_ours(each)]
        found: list[Damage | Suspect | None] = []
        for start in range(0, len(ours), _READ_AT_ONCE):
            found += await asyncio.gather(*map(self._recover_instance, ours[start : start + _READ_AT_ONCE]))
        self._tell([each for each in found if isinstance(each, Damage)])
        self._suspects = [each for each in found if isinstance(each, Suspect) and self._is_doubtful(each)]

    def _is_ours(self, record: InstanceRecord) -> bool:
        """Whether there may be timers and activities; in journal mode also under an id that looks like an entity's."""
        is_orchestration = not EntityId.is_one(record.instance_id) or (
            self._is_journal and not (record.name or "").startswith("@")
        )
        return is_orchestration and self._ownership.owns(record.instance_id)

    def _is_doubtful(self, suspect: Suspect) -> bool:
        """Activities are never lost in journal mode, as they run again wherever the history shows them as open."""
        return not (self._is_journal and suspect.activities)

    async def _correct_rows(self) -> None:
        """A host that died between a history and its row has left the row behind: look at its last commits."""
        crashed_at, self._ownership.crashed_at = self._ownership.crashed_at, None
        behind = self._behind
        if crashed_at is not None:
            since = crashed_at + (self._clock.now() - real_now()) - _LAST_COMMITS
            behind = behind | await self._rows_behind(since)
        await asyncio.gather(*(self._engine.correct_row(each) for each in behind if self._ownership.owns(each)))
        self._behind = set()

    async def _rows_behind(self, since: datetime) -> set[str]:
        """The instances with a commit `since`, without those whose row is of their last episode for certain."""
        histories, first = self._hub.histories, since - _LONG_EPISODE
        found = {each async for each in histories.committed_since(since)}
        episodes = {instance_id: at async for instance_id, at in histories.episodes_since(first)} if found else {}
        if episodes:
            late = InstanceFilter(updated_from=first, with_input=False, with_output=False)
            async for row in self._hub.instances.every(late):
                if row.last_updated_time == episodes.get(row.instance_id):
                    found.discard(row.instance_id)
        return found

    def _tell(self, found: Sequence[Damage]) -> None:
        for text, instance_id in report_lines(found):
            self._observer.trouble(text, instance_id)

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
        target = InstanceRef(instance_id=record.instance_id, execution_id=stored.execution_id)
        self._arm(target, NOTHING.after(stored.events).timers.values())
        if self._is_journal:
            await recall_activities(self._hub, self._engine, record.instance_id, stored)
        return at_start(record, stored)

    def _arm(self, target: InstanceRef, timers: Iterable[TimerCreated]) -> None:
        for timer in timers:
            fire = TimerFired(timestamp=timer.timestamp, timer_id=timer.event_id, fire_at=timer.fire_at)
            self._engine.timers.arm(Message(event=fire, target=target, sender=target), timer.fire_at, None)


def _ref(record: InstanceRecord) -> InstanceRef:
    return InstanceRef(instance_id=record.instance_id, execution_id=record.execution_id)


def _last_change(record: InstanceRecord) -> datetime:
    return record.last_updated_time or record.created_time or _LONG_AGO
