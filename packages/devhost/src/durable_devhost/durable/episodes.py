"""What a batch of messages leads to: the session is found or built, and the instance takes one step. Nothing is stored.

What came too early is told apart, for it must come again: an answer that nobody expects yet, or a message for an
instance whose start is still on its way.
"""

from collections.abc import Callable, Sequence

from durable_devhost.clock import Clock
from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.entities.session import EntitySession, as_events
from durable_devhost.durable.episode import Episode
from durable_devhost.durable.live import LiveSessions
from durable_devhost.durable.mailboxes import Batch
from durable_devhost.durable.moment import moment
from durable_devhost.durable.orchestrations.reconcile import is_answer, reconcile
from durable_devhost.durable.orchestrations.session import OrchestrationSession
from durable_devhost.durable.ports import App, InstanceExists, Observer
from durable_devhost.durable.sessions import SessionBuilder, record_after, replacement, start_of
from durable_devhost.model.history import ExecutionStarted, HistoryEvent, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.taskhub.hub import TaskHub

_STRANGERS_TURNS = 5


class EpisodeDecider:
    """Runs user code over what arrived. The session counts its step as done; if that is not stored, forget it."""

    def __init__(
        self,
        *,
        hub: TaskHub,
        app: App,
        clock: Clock,
        observer: Observer,
        builder: SessionBuilder,
        live: LiveSessions,
        new_execution_id: Callable[[], str],
    ) -> None:
        self._hub = hub
        self._app = app
        self._clock = clock
        self._observer = observer
        self._builder = builder
        self._live = live
        self._new_execution_id = new_execution_id

    async def decide(self, instance_id: str, batch: Batch) -> tuple[Episode | None, list[Delivery]]:
        """The batch's episode, None where nothing changes, and the deliveries that must come again.

        Notes in the batch when its episode takes place. Raises what user code and storage raise, and ExecutionLost.
        """
        if not await self._is_entity(instance_id, batch):
            return await self._orchestration_episode(instance_id, batch)
        return await self._entity_episode(instance_id, batch), []

    async def expected_record(self, instance_id: str) -> InstanceRecord | None:
        """What the row of an instance should say, as its stored history has it; None where nothing is stored."""
        stored = await self._hub.history.read(instance_id)
        if not stored.events:
            return None
        if EntityId.is_one(instance_id) and not _is_orchestration(stored.events):
            return self._builder.entity(instance_id, stored).expected_record(stored.events)
        built = self._builder.orchestration(stored, ())
        if built is None:
            return record_after(stored.events, self._hub.names.hub)
        session, _ = built
        self._live.keep(instance_id, session)
        await session.catch_up()
        return session.expected_record()

    async def _is_entity(self, instance_id: str, batch: Batch) -> bool:
        """Whether an entity is meant: an orchestration may have an id that looks like an entity's."""
        if not EntityId.is_one(instance_id):
            return False
        session = self._live.session(instance_id)
        if session is not None:
            return isinstance(session, EntitySession)
        if _is_orchestration([delivery.message.event for delivery in batch.deliveries]):
            return False
        stored = await self._hub.history.read(instance_id)
        if _is_orchestration(stored.events):
            return False
        self._live.keep(instance_id, self._builder.entity(instance_id, stored))
        return True

    async def _orchestration_episode(self, instance_id: str, batch: Batch) -> tuple[Episode | None, list[Delivery]]:
        deliveries, early = await self._without_orphaned_starts(instance_id, batch.deliveries)
        if not deliveries:
            return None, early
        messages = [delivery.message for delivery in deliveries]
        session, is_new = self._live.session(instance_id), False
        if isinstance(session, OrchestrationSession) and (start := replacement(session.started, messages)) is not None:
            self._observer.trouble(_taken_over(session.started, start), instance_id)
            self._live.discard(instance_id)
            session = None
        if not isinstance(session, OrchestrationSession):
            stored = None
            if not any(delivery.is_new for delivery in deliveries):
                stored = await self._hub.history.read(instance_id)
            built = self._builder.orchestration(stored, messages)
            if built is None:
                is_unknown = stored is not None and not stored.events
                return None, early + (await self._strangers(instance_id, deliveries) if is_unknown else [])
            session, is_new = built
            self._live.keep(instance_id, session)
        execution_id = session.instance.execution_id or ""
        _refuse_other_starts(deliveries, instance_id, execution_id)
        if batch.ends(execution_id):
            row = await self._hub.instances.get(instance_id)
            session.silence(row.custom_status if row else None)
        await session.catch_up()
        found = reconcile(messages, execution_id, session, is_new=is_new)
        early += [deliveries[index] for index in found.early_indexes]
        if not found.events:
            return None, early
        batch.now = batch.now or moment(found.events, after=session.last_time, now=self._clock.now())
        return await session.step(found.events, batch.now, self._new_execution_id), early

    async def _without_orphaned_starts(
        self, instance_id: str, deliveries: Sequence[Delivery]
    ) -> tuple[list[Delivery], list[Delivery]]:
        """The deliveries that may be worked on, and those that must come again.

        A start that comes through a queue counts only with a row that names its execution, as on the real host: its
        sender may have died between the message and the row, and its caller may have started the instance anew. Without
        a row it waits five turns for it.
        """
        queued = [delivery for delivery in deliveries if delivery.dequeue_count and _is_a_callers_start(delivery)]
        if not queued:
            return list(deliveries), []
        row = await self._hub.instances.get(instance_id)
        orphaned = [
            delivery
            for delivery in queued
            if row is None or row.execution_id not in (None, delivery.message.target.execution_id)
        ]
        early = [each for each in orphaned if row is None and each.dequeue_count < _STRANGERS_TURNS]
        return [delivery for delivery in deliveries if delivery not in orphaned], early

    async def _strangers(self, instance_id: str, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those of a batch without a history that may only be early: the start can still be on its way.

        Answers get five turns, as on the real host; what clients say, as long as a row says that there was a start.
        """
        young = [delivery for delivery in deliveries if delivery.dequeue_count < _STRANGERS_TURNS]
        if all(is_answer(delivery.message) for delivery in young):
            return young
        row = await self._hub.instances.get(instance_id)
        is_pending = row is not None and row.status is RuntimeStatus.PENDING
        return [delivery for delivery in young if is_pending or is_answer(delivery.message)]

    async def _entity_episode(self, instance_id: str, batch: Batch) -> Episode | None:
        session = self._live.session(instance_id)
        assert isinstance(session, EntitySession)  # `_is_entity` has seen to it
        events = as_events([delivery.message.event for delivery in batch.deliveries])
        if not events:
            return None
        if (trouble := self._why_it_fails(session.entity.name)) is not None:
            self._observer.trouble(trouble, instance_id)
        batch.now = batch.now or self._clock.now()
        episode = await session.step(events, batch.now, self._new_execution_id, self._app)
        for reason in session.refusals:
            self._observer.trouble(f"A message to an entity was left out: {reason}", instance_id)
        return episode

    def _why_it_fails(self, entity: str) -> str | None:
        """Why each operation on an entity fails: it is disabled, or has left the app since the message was sent."""
        if self._app.has_entity(entity):
            return self._app.explain("entity", entity)
        return f"The app has no entity '{entity}' any more, so each of its operations fails."


def _is_orchestration(events: Sequence[HistoryEvent]) -> bool:
    """Whether a function of the app was started, and not an entity, whose name begins with an `@`."""
    started = start_of(events)
    return started is not None and not started.name.startswith("@")


def _taken_over(old: ExecutionStarted, new: ExecutionStarted) -> str:
    """What a person should know of two executions under one id."""
    whose = f", for which '{old.parent.instance.instance_id}' now waits for ever" if old.parent else ""
    caller = f", called by '{new.parent.instance.instance_id}'," if new.parent else ""
    return (
        f"'{new.name}'{caller} has the id of the running '{old.name}'{whose}, and replaces it, here as on Azure: give "
        "each sub-orchestration an instance_id of its own."
    )


def _is_a_callers_start(delivery: Delivery) -> bool:
    return isinstance(delivery.message.event, ExecutionStarted) and delivery.message.event.parent is None


def _refuse_other_starts(batch: Sequence[Delivery], instance_id: str, execution_id: str) -> None:
    """Of several starts of one id at the same moment one wins; the others are told so."""
    for delivery in batch:
        event = delivery.message.event
        if isinstance(event, ExecutionStarted) and event.instance.execution_id != execution_id:
            delivery.fail(InstanceExists(instance_id, RuntimeStatus.RUNNING))
