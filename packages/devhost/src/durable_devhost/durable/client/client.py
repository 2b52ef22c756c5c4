"""The durable client: all that callers from outside may do with orchestrations and entities. It knows no HTTP.

Whatever changes an instance goes through the engine, so a call returns when its effect is stored and a status query
sees it. Times are the given clock's; ids are random.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from durable_devhost.clock import Clock
from durable_devhost.durable.client.entities import state_of
from durable_devhost.durable.client.errors import (
    DisabledOrchestrator,
    InstanceEnded,
    NotFound,
    UnknownEntity,
    WrongState,
)
from durable_devhost.durable.client.ports import Hub
from durable_devhost.durable.client.rewind import rewind
from durable_devhost.durable.client.status import json_or_text
from durable_devhost.durable.damage import is_ended, terminated_record
from durable_devhost.durable.entities.messages import REQUEST_EVENT, EntityId, RequestMessage
from durable_devhost.durable.failures import missing_entity, missing_orchestrator
from durable_devhost.durable.ports import Catalog, Engine
from durable_devhost.json_text import compact
from durable_devhost.model.history import (
    TERMINAL,
    EventRaised,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
)
from durable_devhost.model.instances import InstanceFilter, InstancePage, InstanceRecord
from durable_devhost.model.messages import Message, new_guid
from durable_devhost.model.traces import Trace
from durable_devhost.taskhub.failures import CorruptHistory

PAGE_SIZE = 100
"""How many instances a page holds where the caller does not say."""

_LONGEST_START = timedelta(minutes=1)


class DurableClient:
    """Orchestrations and entities of one hub. Refusals are `ClientError`s, and `InstanceExists` for a start."""

    def __init__(
        self,
        *,
        engine: Engine,
        hub: Hub,
        app: Catalog,
        clock: Clock,
        default_version: str | None = None,
        is_traced: bool = False,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._app = app
        self._clock = clock
        self._default_version = default_version
        self._is_traced = is_traced

    async def start(
        self,
        name: str,
        *,
        instance_id: str | None = None,
        input_text: str | None = None,
        version: str | None = None,
        caller: Trace | None = None,
    ) -> str:
        """Start an orchestration and return its id, a GUID without dashes unless one is given.

        `input_text` is stored as it is. Neither the name nor the id is checked: an unknown name ends as a failed
        instance. Where instances are traced, this one is part of the `caller`'s trace, or of one of its own. Raises
        InstanceExists while an instance of that id is alive, and DisabledOrchestrator.
        """
        if self._app.is_off(name):
            raise DisabledOrchestrator(missing_orchestrator(name, self._app.known_orchestrators()))
        chosen = instance_id or _undashed_guid()
        started = self._started(chosen, new_guid(), name, input_text, version, caller)
        await self._engine.start(started, is_new=not instance_id)
        return chosen

    async def restart(self, instance_id: str, *, new_id: bool = True) -> str:
        """Start an orchestration over, with the name and input of an existing instance, and return its id.

        Without `new_id` the old instance is replaced. Raises NotFound, and InstanceExists while it is alive.
        """
        record = await self.status(instance_id)
        chosen = _undashed_guid() if new_id else instance_id
        started = self._started(chosen, _undashed_guid(), record.name or "", _again(record.input), None)
        await self._engine.start(started, is_new=new_id)
        return chosen

    async def status(self, instance_id: str) -> InstanceRecord:
        """An instance as of its last commit; raises NotFound."""
        record = await self._engine.record(instance_id)
        if record is None:
            raise NotFound(instance_id)
        return record

    async def require_alive(self, instance_id: str) -> InstanceRecord:
        """An instance that can still receive something; raises NotFound and Gone."""
        record = await self.status(instance_id)
        if record.status is not None and record.status.is_terminal:
            raise InstanceEnded(instance_id, record.status)
        return record

    async def history(self, instance_id: str) -> Sequence[HistoryEvent]:
        """The stored events of an instance's current execution; none before its first commit."""
        return (await self._hub.history.read(instance_id)).events

    async def instances(
        self, wanted: InstanceFilter, *, page_size: int = PAGE_SIZE, continuation: str | None = None
    ) -> InstancePage:
        """One page of instances, entities among them, ordered by id."""
        return await self._hub.instances.query(wanted, page_size=page_size, continuation=continuation)

    async def raise_event(self, instance_id: str, name: str, input_text: str) -> None:
        """Send an external event, `input_text` being JSON text; raises NotFound and Gone."""
        await self.require_alive(instance_id)
        await self._post(instance_id, EventRaised(timestamp=self._clock.now(), name=name, input=input_text))

    async def terminate(self, instance_id: str, reason: str | None) -> None:
        """End an instance, whatever it waits for; raises NotFound and Gone.

        Where its history is missing or cannot be read, its row alone says that it is over, as with the real host.
        """
        terminated = ExecutionTerminated(timestamp=self._clock.now(), reason=reason)
        try:
            await self.require_alive(instance_id)
            await self._post(instance_id, terminated)
            record = await self.status(instance_id)
        except CorruptHistory:
            record = InstanceRecord(instance_id=instance_id)
        if not is_ended(record) and await self._is_damaged(instance_id):
            await self._hub.instances.merge(terminated_record(instance_id, terminated))
            await self._engine.forget(instance_id)

    async def suspend(self, instance_id: str, reason: str | None) -> None:
        """Pause an instance; raises NotFound, Gone, and WrongState when it is suspended already."""
        record = await self.require_alive(instance_id)
        if record.status is RuntimeStatus.SUSPENDED:
            raise WrongState(_cannot("suspend", record))
        await self._post(instance_id, ExecutionSuspended(timestamp=self._clock.now(), reason=reason))

    async def resume(self, instance_id: str, reason: str | None) -> None:
        """Let a suspended instance go on; raises NotFound, Gone, and WrongState when it is not suspended."""
        record = await self.require_alive(instance_id)
        if record.status is not RuntimeStatus.SUSPENDED:
            raise WrongState(_cannot("resume", record))
        await self._post(instance_id, ExecutionResumed(timestamp=self._clock.now(), reason=reason))

    async def rewind(self, instance_id: str, reason: str | None) -> None:
        """Run a failed instance again from its last success; raises NotFound, and WrongState when it has not failed."""
        record = await self.status(instance_id)
        if record.status is not RuntimeStatus.FAILED:
            raise WrongState(
                f"This orchestration has status {record.status}, "
                'but only orchestrations in the "Failed" state can be rewound.'
            )
        await rewind(self._engine, self._hub, instance_id, reason, self._clock.now())

    async def purge(self, instance_id: str) -> None:
        """Delete all traces of an ended instance or of an entity; raises NotFound, and WrongState while it is alive.

        One whose history is missing or cannot be read is not alive, as it can never go on.
        """
        if not await self._can_be_purged(instance_id):
            record = await self.status(instance_id)
            raise WrongState(
                "Only orchestrations in a terminal state can be purged, "
                f"but the orchestration with instance ID {instance_id} has status {record.status}"
            )
        await self._delete(instance_id)

    async def purge_all(self, wanted: InstanceFilter) -> int:
        """Delete all ended instances that `wanted` describes and return their number; live ones are passed over."""
        statuses = (wanted.statuses & TERMINAL) if wanted.statuses else TERMINAL
        if not statuses:
            return 0
        deleted = 0
        async for record in self._hub.instances.every(replace(wanted, statuses=statuses, with_input=False)):
            await self._delete(record.instance_id)
            deleted += 1
        return deleted

    async def signal(self, entity: EntityId, operation: str, input_text: str | None = None) -> None:
        """Send an operation to an entity without waiting for it; `input_text` is JSON text, None for no input.

        Raises UnknownEntity.
        """
        if not self._app.has_entity(entity.name):
            raise UnknownEntity(
                missing_entity(entity.name, self._app.known_entities(), self._app.known_orchestrators())
            )
        request = RequestMessage.from_client(op=operation, input=input_text, id=new_guid())
        event = EventRaised(timestamp=self._clock.now(), name=REQUEST_EVENT, input=request.to_json_text())
        await self._post(entity.scheduler_id, event)

    async def entity_state(self, entity: EntityId) -> str:
        """The state of an entity as JSON text, `null` for a deleted one; raises NotFound when there never was one."""
        state = state_of(await self.status(entity.scheduler_id))
        if state is None:
            raise NotFound(entity.scheduler_id)
        return state

    def _started(
        self,
        instance_id: str,
        execution_id: str,
        name: str,
        input_text: str | None,
        version: str | None,
        caller: Trace | None = None,
    ) -> ExecutionStarted:
        trace = caller or Trace(trace_id=_undashed_guid(), span_id="")
        return ExecutionStarted(
            timestamp=self._clock.now(),
            instance=InstanceRef(instance_id=instance_id, execution_id=execution_id),
            name=name,
            input=input_text,
            version=version or self._default_version,
            parent_trace_context=trace.span(_undashed_guid()[:16]).to_history() if self._is_traced else None,
        )

    async def _post(self, instance_id: str, event: HistoryEvent) -> None:
        target = InstanceRef(instance_id=instance_id, execution_id=None)
        await self._engine.post(Message(event=event, target=target))

    async def _can_be_purged(self, instance_id: str) -> bool:
        try:
            record = await self.status(instance_id)
        except CorruptHistory:
            return True  # it has no row, and what there is of it cannot be read
        if is_ended(record) or EntityId.is_one(instance_id):
            return True
        return not self._may_be_starting(record) and await self._is_damaged(instance_id)

    def _may_be_starting(self, record: InstanceRecord) -> bool:
        """Whether the message that starts the instance may still be on its way: then there is no history yet."""
        age = self._clock.now() - record.created_time if record.created_time else _LONGEST_START
        return record.status is RuntimeStatus.PENDING and age < _LONGEST_START

    async def _is_damaged(self, instance_id: str) -> bool:
        """Whether the instance has no history that it could go on from."""
        try:
            return not (await self._hub.history.read(instance_id)).events
        except CorruptHistory:
            return True

    async def _delete(self, instance_id: str) -> None:
        await self._hub.purge(instance_id)
        await self._engine.forget(instance_id)


def _cannot(verb: str, record: InstanceRecord) -> str:
    return (
        f"Cannot {verb} the orchestration instance {record.instance_id} "
        f"because instance is in the {record.status} state."
    )


def _again(text: str | None) -> str:
    """A stored input as restart writes it: parsed and serialised again, `null` for none (recorded)."""
    return compact(json_or_text(text))


def _undashed_guid() -> str:
    return new_guid().replace("-", "")
