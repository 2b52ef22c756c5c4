"""The durable engine: for each batch of an instance's mailbox decide, commit, act.

Messages reach a mailbox from four sides: local client calls, local activity results, the timer heap, and the control
queues (after a crash, from other processes). One task at a time works on an instance, so nothing here is locked. A
session is only a cache: whenever a commit fails it is dropped and built again from storage. What belongs to a partition
of another host goes to that partition's control queue.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from durable_devhost.clock import Clock
from durable_devhost.durable.activities import ActivityRunner
from durable_devhost.durable.commit import QueueOutbox
from durable_devhost.durable.delivery import Delivery, Token
from durable_devhost.durable.due_rows import DueRows
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.episode import Episode
from durable_devhost.durable.episodes import EpisodeDecider
from durable_devhost.durable.forwarding import Forwarder
from durable_devhost.durable.holds import Holds
from durable_devhost.durable.journal import JournalOutbox
from durable_devhost.durable.live import LiveSessions
from durable_devhost.durable.mailboxes import Batch, Mailboxes
from durable_devhost.durable.outbox import Committed, Outbox
from durable_devhost.durable.ports import App, ExecutionLost, InstanceExists, Observer
from durable_devhost.durable.replays import Replays
from durable_devhost.durable.sessions import SessionBuilder, record_after
from durable_devhost.durable.settling import DeliverySettler
from durable_devhost.durable.timers import TimerHeap
from durable_devhost.durable.troubles import describe
from durable_devhost.errors import StorageUnavailable
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import TERMINAL, EventRaised, ExecutionStarted, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageFailure
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Pending

PATIENCE_S = 1.0
"""How long a caller waits for an effect; what takes longer is a step of user code that blocks, or a debugger."""

_MAX_LOST_RACES = 5
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_TELL_EVERY = 5


class DurableEngine:
    """Runs the orchestrations and entities of the partitions that are ours. Fits `ports.Engine`; `run` owns every task.

    `owns` tells whether an instance may be worked on here, `takes` whether new messages for it may be. They differ
    while a partition is on its way to another host.
    """

    def __init__(
        self,
        *,
        hub: TaskHub,
        app: App,
        clock: Clock,
        in_flight: InFlight,
        observer: Observer,
        builder: SessionBuilder,
        activity_slots: int,
        orchestration_slots: int,
        new_execution_id: Callable[[], str],
        owns: Callable[[str], bool] = lambda _: True,
        takes: Callable[[str], bool] = lambda _: True,
        seen: Callable[[Episode], None] = lambda _: None,
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._in_flight = in_flight
        self._observer = observer
        self._owns = owns
        self._takes = takes
        self._seen = seen
        self._mailboxes = Mailboxes(self._work, slots=orchestration_slots)
        self._replays = Replays(clock=clock, in_flight=in_flight, observer=observer)
        self._live = LiveSessions(observer=observer, replays=self._replays, busy=self._mailboxes)
        self._decider = EpisodeDecider(
            hub=hub, app=app, clock=clock, observer=observer, builder=builder, live=self._live,
            new_execution_id=new_execution_id,
        )  # fmt: skip
        self._rows = DueRows(hub, observer)
        self.holds = Holds(hub.queues, observer)
        self._outbox: Outbox = (
            JournalOutbox(hub, clock, self.holds, observer)
            if hub.mode is StorageMode.JOURNAL
            else QueueOutbox(hub, clock, self.holds, room=lambda: self.activities.room(), is_ours=owns)
        )
        self._settling = DeliverySettler(self._outbox, in_flight)
        self._forwarder = Forwarder(hub, self.holds, self._outbox, in_flight)
        self.timers = TimerHeap(clock, self._fire)
        self.activities = ActivityRunner(
            app=app, clock=clock, in_flight=in_flight, slots=activity_slots, answer=self._mailboxes.put
        )
        self.has_backlog = asyncio.Event()
        """Set when work items were left visible on the queue because all slots are taken."""

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            storing = (self._rows, self.holds, self._outbox, self._settling)
            for part in (self._mailboxes, *storing, self._replays, self.timers, self.activities):
                tasks.create_task(part.run())

    async def start(self, started: ExecutionStarted, *, is_new: bool = False) -> None:
        """Start an orchestration and return when its first episode, or at least its start, is stored.

        Raises InstanceExists.
        """
        for _ in range(_MAX_LOST_RACES):
            with suppress(LostRace):  # look again who was faster
                await self._start(started, is_new=is_new)
                return
            is_new = False
        raise StorageUnavailable(f"Instance '{started.instance.instance_id}' could not be started. Try again.")

    async def _start(self, started: ExecutionStarted, *, is_new: bool) -> None:
        instance_id = started.instance.instance_id
        old = None if is_new else await self.record(instance_id)
        if old is not None and old.execution_id == started.instance.execution_id:
            return  # an attempt before this one was stored
        if old is not None and old.status is not None and not old.status.is_terminal:
            raise InstanceExists(instance_id, old.status)
        generation = (old.generation or 0) + 1 if old is not None else 0
        message = Message(event=replace(started, generation=generation), target=started.instance)
        if not self._takes(instance_id):
            await self._forwarder.send(message)
            return
        await self._deliver_and_wait(message, is_new=is_new or generation == 0)

    async def post(self, message: Message) -> None:
        """Deliver an event and return when its effect, or at least it itself, is stored.

        One for an instance that is gone has no effect. An external event for an instance that is at work, while nobody
        else waits for it, is stored itself, at once: as on the real host, whoever sends one after the other need not
        wait for each to be heard.
        """
        if self._takes(message.target.instance_id):
            await self._deliver_and_wait(message, is_new=False)
        else:
            await self._forwarder.send(message)

    async def record(self, instance_id: str) -> InstanceRecord | None:
        """The instance's row as of its last commit."""
        if self._owns(instance_id) and (live := self._live.record(instance_id)) is not None:
            return live
        record = await self._hub.instances.get(instance_id)
        if record is None:
            stored = await self._hub.history.read(instance_id)
            record = record_after(stored.events, self._hub.names.hub)
        return record

    async def forget(self, instance_id: str) -> None:
        """Drop what is in memory of an instance."""
        self._rows.forget(instance_id)
        self._outbox.forget(instance_id)
        self._live.discard(instance_id)

    async def correct_row(self, instance_id: str) -> None:
        """Let the row of an instance say what its history says."""
        await self._mailboxes.ask(instance_id)

    def forget_partition(self, partition: int) -> None:
        """Drop what is in memory of a partition that is another host's from now on."""

        def is_of_it(instance_id: str) -> bool:
            return self._hub.queues.partition_of(instance_id) == partition

        self._live.discard_where(is_of_it)
        self.timers.disarm(is_of_it)
        for instance_id in [each for each in self._rows if is_of_it(each)]:
            self._rows.forget(instance_id)

    def is_idle(self, partition: int) -> bool:
        """Whether no work of a partition is in hand."""
        return not any(self._hub.queues.partition_of(each) == partition for each in (*self._mailboxes, *self._rows))

    def recall(self, pending: Pending) -> None:
        """Take a message that a host before us has left beside a history, now or when it is due."""
        if not self._outbox.adopt(pending.entry):
            return
        if pending.due is not None:
            self.timers.arm(pending.message, pending.due, pending.entry)
        else:
            self._fire(pending.message, pending.entry)

    def run_again(self, work_item: Message) -> None:
        """Run an activity that the history shows as open, unless it is at it."""
        if not self.activities.has(work_item):
            self.activities.hand_over(work_item, None)

    def receive(self, message: Message, token: Token, dequeue_count: int = 1) -> None:
        """Take a stored message that is ours to work on; one that we hold already is not taken twice."""
        hold = self._outbox.take(token, message)
        if hold is not None:
            self._mailboxes.put(
                Delivery(message=message, hold=hold, token=self._enter(message), dequeue_count=dequeue_count)
            )

    async def _deliver_and_wait(self, message: Message, *, is_new: bool) -> None:
        stored = asyncio.get_running_loop().create_future()
        stored.add_done_callback(_take_note)
        delivery = Delivery(message=message, token=self._enter(message), stored=stored, is_new=is_new)
        # Of several who wait at the same time, one episode takes all: storing each would cost two calls for nothing.
        is_alone = _is_external_event(message) and self._mailboxes.works_unwatched(message.target.instance_id)
        self._mailboxes.put(delivery)
        done, _ = await asyncio.wait((stored,), timeout=0 if is_alone else PATIENCE_S)
        await (stored if done else self._store_for_later(delivery))

    async def _store_for_later(self, delivery: Delivery) -> None:
        """Store a message whose episode takes long, so that its caller need not wait for it, as on the real host.

        From then on it is like one that came through the queue: a crash brings it back. Where storage does not take it
        its caller waits for the effect after all, for the message is in the mailbox.
        """
        try:
            await self._outbox.store(delivery)
        except (StorageFailure, StorageUnavailable):
            if delivery.stored is not None:
                await delivery.stored
            return
        stored, delivery.stored = delivery.stored, None
        if stored is None or not stored.done():
            return
        failure = stored.exception()
        if failure is None or isinstance(failure, InstanceExists):
            await self._outbox.finish(delivery.hold)
            await stored
        else:  # its attempt has failed meanwhile; being stored, it has another
            self._mailboxes.put(
                Delivery(message=delivery.message, hold=delivery.hold, token=self._enter(delivery.message))
            )

    def _fire(self, message: Message, token: Token | None) -> None:
        hold = self._outbox.take(token, message)
        self._mailboxes.put(Delivery(message=message, hold=hold, token=self._enter(message)))

    def _enter(self, message: Message) -> int:
        return self._in_flight.enter(f"{message.event_name} for {message.target.instance_id}")

    async def _work(self, instance_id: str, batch: Batch) -> float | None:
        """One attempt at a batch; fits `mailboxes.Work`."""
        if batch.is_resting:
            batch.is_resting = False
            for delivery in batch.deliveries:
                delivery.token = self._enter(delivery.message)
        try:
            if self._owns(instance_id):
                await self._turn(instance_id, batch)
            while batch.deliveries:
                await self._forwarder.pass_on(batch.deliveries[0])
                del batch.deliveries[0]
        except ExecutionLost:
            self._live.discard(instance_id)
            batch.is_lost = True
            return 0.0
        except LostRace as error:
            return self._again(instance_id, batch, error)
        except Exception as error:  # noqa: BLE001 - the top of the loop: one instance must not stop the others
            return self._later(instance_id, batch, error)
        return None

    async def _turn(self, instance_id: str, batch: Batch) -> None:
        """Everything in the batch makes one episode, but for what came too early for it."""
        if not batch.deliveries:
            await self._correct_row(instance_id)
            return
        episode, early = await self._decider.decide(instance_id, batch)
        if episode is not None:
            committed = await self._outbox.commit(episode, [each for each in batch.deliveries if each not in early])
            self._seen(episode)
            try:
                await self._show(episode, committed, batch, early)
            except Exception:
                self._act(committed)  # it is stored: whatever goes wrong with a row, it has to be carried out
                raise
            self._act(committed)
        await self._settling.settle([delivery for delivery in batch.deliveries if delivery not in early])
        batch.deliveries = early
        while early:
            await self._forwarder.put_off(early[-1])
            early.pop()

    async def _show(self, episode: Episode, committed: Committed, batch: Batch, early: Sequence[Delivery]) -> None:
        """Let callers see a stored episode, in the row too; who raised an event need not wait for the row.

        Of an instance that has ended nothing is left but the row, so that is written first.
        """
        if episode.record is not None and episode.record.status in TERMINAL:
            await self._rows.write(episode, committed.appended)
            self._live.note_commit(episode, committed.appended)
            return
        self._live.note_commit(episode, committed.appended)
        for delivery in batch.deliveries:
            if delivery not in early and _is_external_event(delivery.message):
                delivery.succeed()
        await self._rows.write(episode, committed.appended)

    async def _correct_row(self, instance_id: str) -> None:
        if self._live.record(instance_id) is not None:
            return  # an episode was faster, and has written it
        right, row = await self._decider.expected_record(instance_id), await self._hub.instances.get(instance_id)
        if right is None:
            return
        if row is None or row.status is not RuntimeStatus.PENDING or row.execution_id == right.execution_id:
            await self._rows.correct(right)  # any other pending row is that of a start which is still to come

    def _act(self, committed: Committed) -> None:
        """Carry out what is stored now."""
        for sent in committed.sent:
            message = sent.posting.message
            if sent.posting.is_work_item:
                if sent.is_held:
                    self.activities.hand_over(message, self._outbox.take(sent.token, message))
                else:
                    self.has_backlog.set()
            elif sent.is_held:
                if sent.posting.due is not None:
                    self.timers.arm(message, sent.posting.due, sent.token)
                elif sent.token is not None:
                    self.receive(message, sent.token)

    def _again(self, instance_id: str, batch: Batch, error: LostRace) -> float | None:
        """Another worker was faster, or an id is in use: read what it stored and decide again."""
        self._live.discard(instance_id)
        kept = []
        for delivery in batch.deliveries:
            is_stored = delivery.hold is not None
            if not is_stored and (delivery.is_new or (delivery.stored and batch.attempts >= _MAX_LOST_RACES)):
                delivery.fail(error)
                self._in_flight.leave(delivery.token)
            else:
                delivery.is_new = False
                kept.append(delivery)
        batch.deliveries = kept
        if not kept:
            return None
        return 0.0 if batch.attempts < _MAX_LOST_RACES else _pause_after(batch.attempts - _MAX_LOST_RACES)

    def _later(self, instance_id: str, batch: Batch, error: Exception) -> float | None:
        """Something else went wrong: nothing was stored, so the batch comes again after a pause.

        Who waits for an effect is told that there is none, unless the message is stored and comes to its effect later.
        The batch is not in flight meanwhile, for a pause may be long and a stop or a jump in time need not wait for it.
        """
        self._live.discard(instance_id)
        if batch.attempts == 1 or batch.attempts % _TELL_EVERY == 0:
            self._observer.trouble(describe(error), instance_id)
        kept = []
        for delivery in batch.deliveries:
            self._in_flight.leave(delivery.token)
            if delivery.stored is not None and delivery.hold is None:
                delivery.fail(error)
            else:
                delivery.succeed()
                kept.append(delivery)
        batch.deliveries, batch.is_resting = kept, True
        return _pause_after(batch.attempts) if kept else None


def _is_external_event(message: Message) -> bool:
    """Whether this is an event for an orchestration, and no request to an entity."""
    return isinstance(message.event, EventRaised) and not EntityId.is_one(message.target.instance_id)


def _take_note(stored: "asyncio.Future[None]") -> None:
    """Whoever waited may have been told of another failure meanwhile; then nobody asks for this one."""
    if not stored.cancelled():
        stored.exception()


def _pause_after(attempts: int) -> float:
    return float(min(_FIRST_PAUSE_S * 2 ** min(attempts, 10), _LONGEST_PAUSE_S))
