"""The durable engine: a mailbox for each instance, and for each turn of a mailbox decide, commit, act.

Messages reach a mailbox from four sides: local client calls, local activity results, the timer heap, and the control
queues (after a crash, from other processes). One task at a time works on an instance, so nothing here is locked. A
session is only a cache: whenever a commit fails it is dropped and built again from storage.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from durable_devhost.clock import Clock
from durable_devhost.durable.activities import ActivityRunner
from durable_devhost.durable.commit import Committed, commit
from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.entities.session import EntitySession, as_events
from durable_devhost.durable.episode import Episode
from durable_devhost.durable.holds import HOLD, Holds
from durable_devhost.durable.orchestrations.reconcile import accepted
from durable_devhost.durable.orchestrations.session import OrchestrationSession, record_of
from durable_devhost.durable.ports import App, ExecutionLost, InstanceExists, Observer
from durable_devhost.durable.sessions import SessionBuilder, record_after
from durable_devhost.durable.timers import TimerHeap
from durable_devhost.durable.troubles import describe
from durable_devhost.errors import StorageUnavailable
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import ExecutionStarted, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageFailure
from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub

MAX_SESSIONS = 10_000
"""Live sessions kept in memory, about 12 KiB each; the least recently used one goes first."""

PATIENCE_S = 1.0
"""How long a caller waits for an effect; what takes longer is a step of user code that blocks, or a debugger."""

_MAX_ATTEMPTS = 5
_LONGEST_PAUSE_S = 60


@dataclass(slots=True)
class _Mailbox:
    items: deque[Delivery] = field(default_factory=deque)
    is_worked_on: bool = False


@dataclass(slots=True)
class _Live:
    """A session and the record as of its last commit, which is what callers may see."""

    session: OrchestrationSession | EntitySession
    record: InstanceRecord | None


class DurableEngine:
    """Runs the orchestrations and entities of one hub. Fits `ports.Engine`; `run` owns every task."""

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
    ) -> None:
        self._hub = hub
        self._app = app
        self._clock = clock
        self._in_flight = in_flight
        self._observer = observer
        self._builder = builder
        self._new_execution_id = new_execution_id
        self._slots = asyncio.Semaphore(orchestration_slots)
        self._mailboxes: dict[str, _Mailbox] = {}
        self._live: OrderedDict[str, _Live] = OrderedDict()
        self._tasks: asyncio.TaskGroup | None = None
        self.holds = Holds(hub.queues)
        self.timers = TimerHeap(clock, self._fire)
        self.activities = ActivityRunner(
            app=app, clock=clock, in_flight=in_flight, slots=activity_slots, answer=self.deliver
        )
        self.has_backlog = asyncio.Event()
        """Set when work items were left visible on the queue because all slots are taken."""

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self.holds.run())
            tasks.create_task(self.timers.run())
            tasks.create_task(self.activities.run())
            for instance_id, mailbox in self._mailboxes.items():
                self._wake(instance_id, mailbox)

    async def start(self, started: ExecutionStarted, *, is_new: bool = False) -> None:
        """Start an orchestration and return when its first episode, or at least its start, is stored.

        Raises InstanceExists.
        """
        instance_id = started.instance.instance_id
        generation = 0
        if not is_new and (old := await self.record(instance_id)) is not None:
            if old.status is not None and not old.status.is_terminal:
                raise InstanceExists(instance_id, old.status)
            generation = (old.generation or 0) + 1
        message = Message(event=replace(started, generation=generation), target=started.instance)
        try:
            await self._deliver_and_wait(message, is_new=is_new or generation == 0)
        except LostRace:
            if not is_new:
                raise InstanceExists(instance_id, RuntimeStatus.RUNNING) from None
            await self.start(started)

    async def post(self, message: Message) -> None:
        """Deliver an event and return when its effect, or at least it itself, is stored.

        One for an instance that is gone has no effect.
        """
        await self._deliver_and_wait(message, is_new=False)

    async def record(self, instance_id: str) -> InstanceRecord | None:
        """The instance's row as of its last commit."""
        live = self._live.get(instance_id)
        if live is not None and live.record is not None:
            return live.record
        record = await self._hub.instances.get(instance_id)
        if record is None:
            stored = await self._hub.history.read(instance_id)
            record = record_after(stored.events, self._hub.names.hub)
        return record

    async def forget(self, instance_id: str) -> None:
        """Drop what is in memory of an instance."""
        self._discard(instance_id)

    def deliver(self, delivery: Delivery) -> None:
        """Put a message into its instance's mailbox."""
        instance_id = delivery.message.target.instance_id
        mailbox = self._mailboxes.setdefault(instance_id, _Mailbox())
        mailbox.items.append(delivery)
        self._wake(instance_id, mailbox)

    def receive(self, message: Message, receipt: Receipt) -> None:
        """Take a control-queue message that was just hidden for us; one that we hold already is not taken twice."""
        hold = self.holds.take(receipt)
        if hold is not None:
            self.deliver(Delivery(message=message, hold=hold, token=self._enter(message)))

    async def _deliver_and_wait(self, message: Message, *, is_new: bool) -> None:
        stored = asyncio.get_running_loop().create_future()
        delivery = Delivery(message=message, token=self._enter(message), stored=stored, is_new=is_new)
        self.deliver(delivery)
        done, _ = await asyncio.wait((stored,), timeout=PATIENCE_S)
        await (stored if done else self._put_by(delivery))

    async def _put_by(self, delivery: Delivery) -> None:
        """Store a message whose episode takes long, so that its caller need not wait for it, as on the real host.

        From then on it is like one that came through the queue: a crash brings it back.
        """
        message = delivery.message
        if isinstance(message.event, ExecutionStarted):
            pending = replace(record_of(message.event, (), self._hub.names.hub), status=RuntimeStatus.PENDING)
            with suppress(LostRace):  # there is a row already, of an older execution or of this one's first commit
                await self._hub.instances.insert(pending)
        hold = self.holds.take(await self._hub.queues.send_control(message, visible_after=HOLD))
        if delivery.stored is not None and delivery.stored.done():
            await self.holds.finish(hold)
            await delivery.stored
            return
        delivery.hold, delivery.stored = hold, None

    def _fire(self, message: Message, receipt: Receipt | None) -> None:
        hold = self.holds.take(receipt) if receipt is not None else None
        self.deliver(Delivery(message=message, hold=hold, token=self._enter(message)))

    def _enter(self, message: Message) -> int:
        return self._in_flight.enter(f"{message.event_name} for {message.target.instance_id}")

    def _wake(self, instance_id: str, mailbox: _Mailbox) -> None:
        if self._tasks is not None and not mailbox.is_worked_on:
            mailbox.is_worked_on = True
            self._tasks.create_task(self._empty(instance_id, mailbox))

    async def _empty(self, instance_id: str, mailbox: _Mailbox) -> None:
        while mailbox.items:
            async with self._slots:
                batch = list(mailbox.items)
                mailbox.items.clear()
                try:
                    await self._turn(instance_id, batch)
                except LostRace as error:
                    self._again(instance_id, mailbox, batch, error)
                except ExecutionLost:
                    self._discard(instance_id)
                    mailbox.items.extendleft(reversed(batch))
                except Exception as error:  # noqa: BLE001 - the top of the loop: one instance must not stop the others
                    self._give_back(instance_id, batch, error)
        mailbox.is_worked_on = False
        self._mailboxes.pop(instance_id, None)

    async def _turn(self, instance_id: str, batch: Sequence[Delivery]) -> None:
        """One turn of a mailbox: everything that is in it makes one episode."""
        if EntityId.is_one(instance_id):
            episode = await self._entity_episode(instance_id, batch)
        else:
            episode = await self._orchestration_episode(instance_id, batch)
        if episode is not None:
            committed = await commit(self._hub, self._clock, episode, work_items_to_hold=self.activities.room())
            self._stored(instance_id, episode, committed)
            self._act(committed)
        await self._settle(batch)

    async def _orchestration_episode(self, instance_id: str, batch: Sequence[Delivery]) -> Episode | None:
        messages = [delivery.message for delivery in batch]
        live = self._live.get(instance_id)
        is_new = False
        if live is not None and isinstance(live.session, OrchestrationSession):
            session = live.session
        else:
            stored = None
            if not any(delivery.is_new for delivery in batch):
                stored = await self._hub.history.read(instance_id)
            built = self._builder.orchestration(stored, messages)
            if built is None:
                return None
            session, is_new = built
            self._keep(instance_id, session)
        execution_id = session.instance.execution_id or ""
        _refuse_other_starts(batch, instance_id, execution_id)
        await session.catch_up()
        events = accepted(messages, execution_id, session.expects, is_new=is_new)
        if not events:
            return None
        return await session.step(events, self._clock.now(), self._new_execution_id)

    async def _entity_episode(self, instance_id: str, batch: Sequence[Delivery]) -> Episode | None:
        live = self._live.get(instance_id)
        if live is not None and isinstance(live.session, EntitySession):
            session = live.session
        else:
            session = self._builder.entity(instance_id, await self._hub.history.read(instance_id))
            self._keep(instance_id, session)
        if not self._app.has_entity(session.entity.name):
            self._observer.trouble(
                f"The app has no entity '{session.entity.name}'; its messages are dropped.", instance_id
            )
            return None
        events = as_events([delivery.message.event for delivery in batch])
        if not events:
            return None
        episode = await session.step(events, self._clock.now(), self._new_execution_id, self._app)
        for reason in session.refused:
            self._observer.trouble(f"A message to an entity was left out: {reason}", instance_id)
        return episode

    def _keep(self, instance_id: str, session: OrchestrationSession | EntitySession) -> None:
        self._live[instance_id] = _Live(session=session, record=None)
        self._live.move_to_end(instance_id)
        while len(self._live) > MAX_SESSIONS:
            oldest = next(iter(self._live))
            if oldest in self._mailboxes:
                self._live.move_to_end(oldest)
                break
            self._discard(oldest)

    def _discard(self, instance_id: str) -> None:
        live = self._live.pop(instance_id, None)
        if live is not None and isinstance(live.session, OrchestrationSession):
            live.session.close()

    def _stored(self, instance_id: str, episode: Episode, committed: Committed) -> None:
        live = self._live.get(instance_id)
        if live is None:
            return
        session = live.session
        session.etag, session.tail = committed.appended.etag, committed.appended.tail
        before, live.record = live.record, session.record
        if isinstance(session, OrchestrationSession):
            for warning in session.take_warnings():
                self._observer.trouble(warning, instance_id)
        if episode.record is not None and isinstance(session, OrchestrationSession):
            status = session.record.status
            if status is not None and status is not (before.status if before else session.status_at_first):
                failed = status is RuntimeStatus.FAILED
                self._observer.orchestration(
                    session.started.name,
                    instance_id,
                    status,
                    session.record.output if failed else None,
                    session.failure_stack if failed else "",
                )
        if session.is_over:
            self._discard(instance_id)
            if isinstance(session, OrchestrationSession) and self._tasks is not None:
                self._tasks.create_task(self._replay(session))

    async def _replay(self, session: OrchestrationSession) -> None:
        """Replay an ended instance once, as the real host would have all along; see `durable.replay`."""
        name, instance_id = session.started.name, session.instance.instance_id
        try:
            found = await session.replay_difference(self._clock.now())
        except ExecutionLost:
            return  # the worker ended meanwhile: it was only a hint
        if found is not None:
            self._observer.trouble(
                f"Orchestrator '{name}' is not deterministic: {found}. On Azure this instance could have failed. "
                "Its code must not depend on time, chance, I/O or anything but its input and what it waits for.",
                instance_id,
            )

    def _act(self, committed: Committed) -> None:
        """Carry out what is stored now."""
        for sent in committed.sent:
            message = sent.posting.message
            if sent.posting.due is not None:
                self.timers.arm(message, sent.posting.due, sent.receipt)
            elif not sent.is_held:
                self.has_backlog.set()
            elif sent.posting.is_work_item:
                self.activities.hand_over(message, self.holds.take(sent.receipt))
            else:
                self.receive(message, sent.receipt)

    async def _settle(self, batch: Sequence[Delivery]) -> None:
        """The effect of these messages is stored: tell those who wait, and delete what triggered them."""
        for delivery in batch:
            delivery.succeed()
        try:
            await asyncio.gather(*(self.holds.finish(delivery.hold) for delivery in batch))
        except (StorageFailure, StorageUnavailable) as error:
            self._observer.trouble(f"A message that is dealt with could not be deleted and comes again: {error}")
        for delivery in batch:
            self._in_flight.leave(delivery.token)

    def _again(self, instance_id: str, mailbox: _Mailbox, batch: list[Delivery], error: LostRace) -> None:
        """Another worker was faster, or an id is in use: read what it stored and decide again."""
        self._discard(instance_id)
        retried = []
        for delivery in batch:
            delivery.attempts += 1
            if delivery.is_new or delivery.attempts >= _MAX_ATTEMPTS:
                delivery.fail(error)
                self.holds.drop(delivery.hold)
                self._in_flight.leave(delivery.token)
            else:
                retried.append(delivery)
        mailbox.items.extendleft(reversed(retried))

    def _give_back(self, instance_id: str, batch: Sequence[Delivery], error: Exception) -> None:
        """Something else went wrong: nothing was stored, so the messages come again after a pause."""
        self._discard(instance_id)
        self._observer.trouble(describe(error), instance_id)
        for delivery in batch:
            delivery.attempts += 1
            self._in_flight.leave(delivery.token)
            if delivery.stored is not None:
                delivery.fail(error)
            elif self._tasks is not None:
                self._tasks.create_task(self._later(delivery))

    async def _later(self, delivery: Delivery) -> None:
        await asyncio.sleep(min(2**delivery.attempts, _LONGEST_PAUSE_S))
        delivery.token = self._enter(delivery.message)
        self.deliver(delivery)


def _refuse_other_starts(batch: Sequence[Delivery], instance_id: str, execution_id: str) -> None:
    """Of several starts of one id at the same moment one wins; the others are told so."""
    for delivery in batch:
        event = delivery.message.event
        if isinstance(event, ExecutionStarted) and event.instance.execution_id != execution_id:
            delivery.fail(InstanceExists(instance_id, RuntimeStatus.RUNNING))
