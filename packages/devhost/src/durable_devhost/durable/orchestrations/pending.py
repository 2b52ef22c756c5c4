"""Decisions that are taken but not yet in the history, and how each becomes an event and a message.

`Scheduler` numbers them, refuses what the real host refuses, and recognises them again in a recorded history
(DurableTask.Core `TaskOrchestrationContext.cs`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from durable_devhost.durable.actions import CallActivity, CallEntity, CallSubOrchestrator, SignalEntity
from durable_devhost.durable.decisions import InstanceMessage, Outgoing, TimerMessage, WorkItem
from durable_devhost.durable.entities.messages import EntityId, RequestMessage, SendLabels, request_guid
from durable_devhost.durable.failures import missing_entity
from durable_devhost.durable.orchestrations.spans import trace_context_for
from durable_devhost.durable.orchestrations.waits import Retried
from durable_devhost.durable.ports import Catalog
from durable_devhost.json_text import compact
from durable_devhost.model.history import (
    EventRaised,
    EventSent,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    ParentRef,
    SubOrchestrationCreated,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)

HTTP_ACTIVITY = "BuiltIn::HttpActivity"
"""The name under which `call_http` is scheduled (extension `TaskHttpActivityShim.cs`)."""

_HTTP_TYPE = (
    "Microsoft.Azure.WebJobs.Extensions.DurableTask.DurableHttpRequest, Microsoft.Azure.WebJobs.Extensions.DurableTask"
)
_TICK = timedelta(microseconds=1)

Effect = tuple[HistoryEvent, Outgoing]


class Mismatch(Exception):
    """The recorded history holds a decision that the orchestrator's code did not take this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingActivity:
    """An activity to schedule; `argument` is the JSON array that the work item carries as its input."""

    name: str
    argument: str
    store_input: bool = False
    caller: ExecutionStarted | None = None

    @classmethod
    def http(cls, request: Mapping[str, Any], caller: ExecutionStarted) -> "PendingActivity":
        """The built-in activity behind `call_http`; Python's JSON leaves the asynchronous pattern off."""
        argument = {
            "$type": _HTTP_TYPE,
            **{key: request.get(key) for key in ("method", "uri", "headers", "content", "tokenSource")},
            "asynchronousPatternEnabled": False,
            "retryOptions": None,
            "timeout": None,
        }
        return cls(name=HTTP_ACTIVITY, argument=compact([argument]), caller=caller)

    def effect(self, task_id: int, now: datetime, _new_id: Callable[[], str]) -> Effect:
        """The row, without its input unless host.json stores inputs, and the work item with it."""
        item = TaskScheduled(
            event_id=task_id,
            timestamp=now,
            name=self.name,
            input=self.argument,
            parent_trace_context=trace_context_for(self.caller, task_id),
        )
        return (item if self.store_input else replace(item, input=None)), WorkItem(event=item)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingTimer:
    """A timer to arm."""

    fire_at: datetime

    def effect(self, task_id: int, now: datetime, _new_id: Callable[[], str]) -> Effect:
        """The row and the message; the fired event is as old as its creation, as recorded."""
        fired = TimerFired(timestamp=now + _TICK, timer_id=task_id, fire_at=self.fire_at)
        return TimerCreated(event_id=task_id, timestamp=now, fire_at=self.fire_at), TimerMessage(event=fired)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSubOrchestration:
    """A sub-orchestration to start; without an id its own is made of the parent's execution id and the task id."""

    parent: ExecutionStarted
    name: str
    version: str | None
    input: str
    instance_id: str | None
    store_input: bool = False

    def effect(self, task_id: int, now: datetime, new_id: Callable[[], str]) -> Effect:
        """The row and the child's start message."""
        child_id = self.instance_id or f"{self.parent.instance.execution_id}:{task_id}"
        child = InstanceRef(instance_id=child_id, execution_id=new_id())
        row = SubOrchestrationCreated(
            event_id=task_id,
            timestamp=now,
            name=self.name,
            instance_id=child_id,
            version=self.version,
            input=self.input if self.store_input else None,
        )
        start = ExecutionStarted(
            timestamp=now,
            instance=child,
            name=self.name,
            version=self.version,
            input=self.input,
            parent=ParentRef(
                name=self.parent.name,
                instance=self.parent.instance,
                task_id=task_id,
                version=self.parent.version,
            ),
            parent_trace_context=trace_context_for(self.parent, task_id),
        )
        return row, InstanceMessage(target=child, event=start, from_decision=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request to an entity, already labelled for its order; only the clock time of the sending is missing."""

    entity: str
    request: RequestMessage

    @property
    def request_id(self) -> str:
        """The GUID under which the entity answers."""
        return self.request.id

    def effect(self, task_id: int, now: datetime, _new_id: Callable[[], str]) -> Effect:
        """The row and the message, which hold the same text."""
        text = self.request.sent_at(now).to_json_text()
        row = EventSent(event_id=task_id, timestamp=now, instance_id=self.entity, name="op", input=text)
        raised = EventRaised(timestamp=now, name="op", input=text)
        target = InstanceRef(instance_id=self.entity, execution_id=None)
        return row, InstanceMessage(target=target, event=raised)


Pending = PendingActivity | PendingTimer | PendingSubOrchestration | PendingRequest


class Scheduler:
    """Numbers decisions, checks them as the real host does, and recognises recorded ones."""

    def __init__(self, catalog: Catalog, *, default_version: str | None = None, store_inputs: bool = False) -> None:
        self._catalog = catalog
        self._default_version = default_version
        self._store_inputs = store_inputs
        self._labels = SendLabels()
        self._guids = 0
        self.warnings: list[str] = []
        """What a person should know of the calls so far: names that nothing runs for."""
        self.next_id = 0
        """The id that the next decision will get."""

    def take_id(self) -> int:
        """The id of one more decision."""
        self.next_id += 1
        return self.next_id - 1

    def call(self, action: CallActivity | CallSubOrchestrator, started: ExecutionStarted) -> Pending | None:
        """One attempt of a call; None where the real host refuses it silently and the instance waits for ever."""
        kind: Literal["activity", "orchestrator"] = "activity" if isinstance(action, CallActivity) else "orchestrator"
        self._check(kind, action.name)
        if isinstance(action, CallActivity):
            if not self._catalog.has_activity(action.name):
                return None
            argument = compact([action.input])
            return PendingActivity(name=action.name, argument=argument, store_input=self._store_inputs, caller=started)
        if not self._catalog.has_orchestrator(action.name) or _is_forbidden(action.instance_id, started):
            return None
        return PendingSubOrchestration(
            parent=started,
            name=action.name,
            version=action.version or self._default_version,
            input=compact(action.input),
            instance_id=action.instance_id,
            store_input=self._store_inputs,
        )

    def send(self, action: CallEntity | SignalEntity, started: ExecutionStarted, now: datetime) -> PendingRequest | str:
        """A request to an entity, or the text of the error where there is no such entity."""
        entity = EntityId.parse(action.entity)
        if not self._catalog.has_entity(entity.name):
            self._check("entity", entity.name)
            return missing_entity(entity.name, self._catalog.known_entities(), self._catalog.known_orchestrators())
        guid = request_guid(started.instance.instance_id, now, self._guids)
        self._guids += 1
        timestamp, predecessor = self._labels.label(entity.scheduler_id, now)
        request = RequestMessage(
            op=action.operation,
            signal=isinstance(action, SignalEntity),
            input=compact(action.input),
            id=guid,
            parent=started.instance.instance_id,
            parent_execution=started.instance.execution_id,
            timestamp=timestamp,
            predecessor=predecessor,
            is_typed=True,
        )
        return PendingRequest(entity=entity.scheduler_id, request=request)

    def _check(self, kind: Literal["activity", "orchestrator", "entity"], name: str) -> None:
        if (warning := self._catalog.explain(kind, name)) is not None:
            self.warnings.append(warning)

    def retry_timer(self, waiting: Retried, now: datetime) -> PendingTimer:
        """The pause after a failed attempt; after the last one the extra timer, which is due at once."""
        policy = waiting.call.retry
        assert policy is not None  # only calls with a policy are Retried
        pause = timedelta() if self.is_exhausted(waiting) else timedelta(milliseconds=policy.first_interval_ms)
        return PendingTimer(fire_at=now + pause)

    def is_exhausted(self, waiting: Retried) -> bool:
        """Whether the last attempt was made."""
        policy = waiting.call.retry
        assert policy is not None  # only calls with a policy are Retried
        return waiting.attempts >= policy.max_attempts

    def match(
        self,
        pending: Pending | None,
        event: TaskScheduled | TimerCreated | SubOrchestrationCreated | EventSent,
    ) -> tuple[str, str] | None:
        """Check that `event` records `pending`; an entity request returns (derived id, recorded id) when they differ.

        Raises Mismatch when the orchestrator's code no longer takes this decision.
        """
        match event, pending:
            case TaskScheduled(), PendingActivity() if _same(event.name, pending.name):
                return None
            case SubOrchestrationCreated(), PendingSubOrchestration() if _same(event.name, pending.name):
                return None
            case TimerCreated(), PendingTimer():
                return None
            case EventSent(), PendingRequest():
                return self._match_request(pending, event)
        raise Mismatch(
            "Non-Deterministic workflow detected: a previous execution of this orchestration recorded "
            f"{_describe(event)}, but the current replay execution hasn't scheduled it. Was the orchestrator's code "
            "changed while this instance was running, or does it depend on time, chance or I/O?"
        )

    def _match_request(self, pending: PendingRequest, event: EventSent) -> tuple[str, str] | None:
        recorded = RequestMessage.from_json_text(event.input or "{}")
        self._labels.observe(event.instance_id, recorded.timestamp)
        return None if recorded.id == pending.request_id else (pending.request_id, recorded.id)


def _is_forbidden(instance_id: str | None, started: ExecutionStarted) -> bool:
    """Ids that a sub-orchestration may not have: an entity's, its parent's, its grandparent's."""
    if instance_id is None:
        return False
    taken = {started.instance.instance_id.casefold()}
    if started.parent is not None:
        taken.add(started.parent.instance.instance_id.casefold())
    return instance_id.startswith("@") or instance_id.casefold() in taken


def _describe(event: TaskScheduled | TimerCreated | SubOrchestrationCreated | EventSent) -> str:
    match event:
        case TaskScheduled(name=name):
            return f"an activity task with sequence ID {event.event_id} and name '{name}'"
        case SubOrchestrationCreated(name=name):
            return f"a sub-orchestration task with sequence ID {event.event_id} and name '{name}'"
        case TimerCreated():
            return f"a timer task with sequence ID {event.event_id}"
        case EventSent(instance_id=target):
            return f"an event with sequence ID {event.event_id} to '{target}'"


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
