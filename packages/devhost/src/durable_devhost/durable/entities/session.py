"""One live entity: its scheduler's state and next row. Entities always continue as new, so three rows are enough."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from durable_devhost.durable.decisions import InstanceMessage
from durable_devhost.durable.entities.batch import (
    BATCH_LIMIT,
    EntityPlan,
    SchedulerState,
    apply_result,
    entity_payload,
    plan_batch,
)
from durable_devhost.durable.entities.messages import REORDER_WINDOW, EntityId
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.ports import App, Failed
from durable_devhost.model.history import (
    EventRaised,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import StoredHistory

_TICK = timedelta(microseconds=1)


class EntityFailed(Exception):
    """The entity function as a whole failed; the batch has to be tried again."""

    def __init__(self, outcome: Failed) -> None:
        super().__init__(outcome.message)
        self.stack = outcome.stack


class EntitySession:
    """The live state of one entity; storage holds all of it too."""

    def __init__(
        self,
        instance_id: str,
        stored: StoredHistory,
        *,
        hub_name: str,
        batch_limit: int = BATCH_LIMIT,
        reorder_window: timedelta = REORDER_WINDOW,
    ) -> None:
        started = next((event for event in stored.events if isinstance(event, ExecutionStarted)), None)
        self.entity = EntityId.parse(instance_id)
        self.etag = stored.etag
        self.tail = stored.tail
        self._instance_id = instance_id
        self._hub_name = hub_name
        self._batch_limit = batch_limit
        self._reorder_window = reorder_window
        self._started_at = started.timestamp if started else None
        self._execution_id = started.instance.execution_id if started else None
        self._state = SchedulerState.from_json_text(started.input if started else None)
        self.record: InstanceRecord | None = None
        self.refusals: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Entities never end."""
        return False

    def expected_record(self, stored: Sequence[HistoryEvent]) -> InstanceRecord:
        """What the entity's row should say after its `stored` rows."""
        return self._record(stored, self._state.custom_status)

    async def step(
        self, events: Sequence[EventRaised], now: datetime, new_execution_id: Callable[[], str], app: App
    ) -> Episode:
        """Run one batch of operations and return what is to be stored; raises EntityFailed, BrokenResult.

        The session counts the batch as done; if the commit fails the session must be dropped.
        """
        plan = plan_batch(
            self._state,
            events,
            now=now,
            execution_started_at=self._started_at or now,
            batch_limit=self._batch_limit,
            reorder_window=self._reorder_window,
        )
        self.refusals = tuple(refusal.reason for refusal in plan.refusals)
        execution_id = new_execution_id()
        commit = apply_result(
            plan,
            await self._run(plan, app),
            entity_id=self.entity,
            execution_id=self._execution_id or execution_id,
            now=now,
            reorder_window=self._reorder_window,
        )
        postings = tuple(self._posting(outgoing) for outgoing in commit.outgoing)
        self._state, self._started_at, self._execution_id = commit.state, now - _TICK, execution_id
        rows = self._rows(now)
        self.record = self._record(rows, commit.custom_status)
        return Episode(
            instance_id=self._instance_id,
            execution_id=execution_id,
            first_row=0,
            events=rows,
            etag=self.etag,
            tail=self.tail,
            postings=postings,
            record=self.record,
        )

    async def _run(self, plan: EntityPlan, app: App) -> str | None:
        if not plan.operations:
            return None
        payload = entity_payload(self.entity, plan.state, plan.operations)
        outcome = await app.run_entity(self.entity.name, payload, self._instance_id)
        if isinstance(outcome, Failed):
            raise EntityFailed(outcome)
        return outcome.text

    def _posting(self, outgoing: InstanceMessage) -> Posting:
        sender = InstanceRef(instance_id=self._instance_id, execution_id=self._execution_id)
        message = Message(event=outgoing.event, target=outgoing.target, sender=sender, episode=1)
        return Posting(message=message, due=outgoing.due)

    def _rows(self, now: datetime) -> tuple[HistoryEvent, ...]:
        """Recorded: the start carries the state, the OrchestratorCompleted behind it is marked as played."""
        started = ExecutionStarted(
            timestamp=now - _TICK,
            instance=InstanceRef(instance_id=self._instance_id, execution_id=self._execution_id),
            name=self._instance_id,
            version="",
            input=self._state.to_json_text(),
            is_played=True,
        )
        return (OrchestratorStarted(timestamp=now), started, OrchestratorCompleted(timestamp=now, is_played=True))

    def _record(self, rows: Sequence[HistoryEvent], custom_status: str) -> InstanceRecord:
        started = next(row for row in rows if isinstance(row, ExecutionStarted))
        return InstanceRecord(
            instance_id=self._instance_id,
            execution_id=self._execution_id,
            name=started.name,
            version="",
            status=RuntimeStatus.RUNNING,
            input=started.input,
            custom_status=custom_status,
            created_time=started.timestamp,
            last_updated_time=rows[-1].timestamp,
            task_hub_name=self._hub_name,
            tags="null",
        )


def as_events(events: Sequence[HistoryEvent]) -> list[EventRaised]:
    """The entity's messages in a batch; any other means nothing to an entity."""
    return [replace(event, is_played=False) for event in events if isinstance(event, EventRaised)]
