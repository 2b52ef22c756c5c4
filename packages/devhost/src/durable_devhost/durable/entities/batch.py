"""Decides what an entity does: chooses operations from the events that came, and settles their results. Pure.

The engine takes three steps: `plan_batch`, then one call of the entity function with `entity_payload` if the plan has
operations, then `apply_result`. Until the commit is stored nothing has happened: after a failure the same events are
planned again. The algorithm is that of the extension's `EntityMiddleware` and `TaskEntityShim.cs`.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from durable_devhost.durable.decisions import InstanceMessage
from durable_devhost.durable.entities.messages import (
    CONTINUE_EVENT,
    RELEASE_EVENT,
    REORDER_WINDOW,
    REQUEST_EVENT,
    CorruptRequest,
    EntityId,
    RequestMessage,
    ResponseMessage,
    SendLabels,
    request_event_name,
    request_guid,
)
from durable_devhost.durable.entities.results import BrokenResult, EntitySignal, entity_payload, read_result
from durable_devhost.durable.entities.scheduler import CorruptState, SchedulerState, entity_state
from durable_devhost.durable.entities.sorter import Sorter
from durable_devhost.model.history import EventRaised, InstanceRef

__all__ = [
    "BATCH_LIMIT",
    "BrokenResult",
    "CorruptState",
    "EntityCommit",
    "EntityPlan",
    "Refusal",
    "SchedulerState",
    "apply_result",
    "entity_payload",
    "entity_state",
    "plan_batch",
]

BATCH_LIMIT = 5000
"""How many operations one call runs (`maxEntityOperationBatchSize`)."""

_EARLY = timedelta(milliseconds=100)
_LONGEST_SUSPENSION = timedelta(seconds=10)
_LOCKED = "Lock Acquisition Completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An event that no entity can read, and why; it is left out of the batch and must be reported."""

    event: EventRaised
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPlan:
    """One batch: `state` is the scheduler's state after it, without the results.

    `operations` go to the entity function in one call; without any there is none. `lock_request` is taken after them.
    `reschedule` are requests that came too early, with the time of their next delivery. `continue_later` says
    that the batch was full. `refusals` are events left out.
    """

    state: SchedulerState
    operations: tuple[RequestMessage, ...] = ()
    lock_request: RequestMessage | None = None
    reschedule: tuple[tuple[datetime, RequestMessage], ...] = ()
    continue_later: bool = False
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityCommit:
    """The result of a batch: the state to store, messages in the order of their sending, and the custom status.

    The stored rows do not hold the messages. They must be sent before the state is stored, as the real host does:
    sending twice after a crash is harmless, a lost message is not.
    """

    state: SchedulerState
    outgoing: tuple[InstanceMessage, ...]
    custom_status: str


def plan_batch(
    state: SchedulerState,
    events: Sequence[EventRaised],
    *,
    now: datetime,
    execution_started_at: datetime,
    batch_limit: int = BATCH_LIMIT,
    reorder_window: timedelta = REORDER_WINDOW,
) -> EntityPlan:
    """Add `events` and choose the operations to run, as far as a lock or the limit allows.

    `execution_started_at` is the time of the ExecutionStarted event: a suspension older than ten seconds is over.
    """
    intake = _Intake(state, now, reorder_window)
    for event in events:
        intake.take(event)
    suspended = intake.suspended and execution_started_at >= now - _LONGEST_SUSPENSION
    plan = EntityPlan(
        state=replace(
            state,
            queue=(*intake.from_lock_holder, *intake.queue),
            locked_by=intake.locked_by,
            suspended=suspended,
            sorter=replace(state.sorter, received=intake.sorter.received, receive_horizon=intake.sorter.horizon),
        ),
        reschedule=tuple(intake.early),
        refusals=tuple(intake.refusals),
    )
    return plan if suspended else _choose(plan, batch_limit)


def apply_result(
    plan: EntityPlan,
    result_text: str | None,
    *,
    entity_id: EntityId,
    execution_id: str,
    now: datetime,
    reorder_window: timedelta = REORDER_WINDOW,
) -> EntityCommit:
    """Settle the function's result: the new state, the answers, locks and the messages to itself.

    `result_text` is ignored if the plan has no operations. `execution_id` is the entity's current execution
    and makes the ids of its own signals unique. Raises BrokenResult.
    """
    settlement = _Settlement(entity_id, execution_id, now)
    state = plan.state
    for due, request in plan.reschedule:
        settlement.send_request(entity_id, request, due)
    if plan.operations:
        result = read_result(result_text, len(plan.operations))
        state = replace(state, exists=result.exists, state=result.state)
        for request, response in zip(plan.operations, result.responses, strict=True):
            if not request.signal:
                settlement.answer(request, response)
        state = settlement.send_signals(state, result.signals, reorder_window)
    if plan.lock_request is not None:
        state = replace(state, locked_by=plan.lock_request.parent)
        settlement.pass_lock_on(plan.lock_request)
    if plan.continue_later:
        state = replace(state, suspended=True)
        settlement.send(InstanceRef(instance_id=entity_id.scheduler_id, execution_id=None), CONTINUE_EVENT, "null")
    return EntityCommit(state=state, outgoing=tuple(settlement.outgoing), custom_status=state.custom_status)


def _choose(plan: EntityPlan, batch_limit: int) -> EntityPlan:
    """Take operations off the queue up to the limit, a lock request, or one that has to wait for the lock."""
    queue = deque(plan.state.queue)
    operations: list[RequestMessage] = []
    lock_request: RequestMessage | None = None
    is_full = False
    while queue and lock_request is None and plan.state.locked_by in (None, queue[0].parent):
        if is_full := len(operations) == batch_limit:
            break
        request = queue.popleft()
        if request.is_lock_request:
            lock_request = request
        else:
            operations.append(request)
    return replace(
        plan,
        state=replace(plan.state, queue=tuple(queue)),
        operations=tuple(operations),
        lock_request=lock_request,
        continue_later=is_full,
    )


class _Intake:
    """The events of one batch on their way into the queue."""

    def __init__(self, state: SchedulerState, now: datetime, window: timedelta) -> None:
        self.sorter = Sorter(state.sorter, window)
        self.queue = list(state.queue)
        self.locked_by = state.locked_by
        self.suspended = state.suspended
        self.from_lock_holder: list[RequestMessage] = []
        self.early: list[tuple[datetime, RequestMessage]] = []
        self.refusals: list[Refusal] = []
        self._now = now

    def take(self, event: EventRaised) -> None:
        """Requests have names with `op…`, releases `release`; any other name is the entity's own `continue`."""
        try:
            if event.name.startswith(REQUEST_EVENT):
                self._take_request(RequestMessage.from_json_text(event.input))
            elif event.name == RELEASE_EVENT:
                self._release(event.input)
            else:
                self.suspended = False
        except CorruptRequest as error:
            self.refusals.append(Refusal(event=event, reason=str(error)))

    def _take_request(self, request: RequestMessage) -> None:
        if request.due is None:
            delivered = self.sorter.receive(request)
        elif request.due - self._now > _EARLY:
            self.early.append((request.deliver_at(self._now) or request.due, request))
            return
        else:
            delivered = [request]
        for item in delivered:
            holds_lock = self.locked_by is not None and self.locked_by == item.parent
            (self.from_lock_holder if holds_lock else self.queue).append(item)

    def _release(self, text: str | None) -> None:
        try:
            holder = json.loads(text or "")["parent"]
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptRequest(f"it is no release of a lock: {type(error).__name__} {error}") from error
        if holder == self.locked_by:
            self.locked_by = None


class _Settlement:
    """The messages that a batch sends."""

    def __init__(self, entity_id: EntityId, execution_id: str, now: datetime) -> None:
        self.outgoing: list[InstanceMessage] = []
        self._self = entity_id
        self._id_source = f"{entity_id.scheduler_id}_{execution_id}"
        self._now = now

    def send(self, target: InstanceRef, name: str, text: str, due: datetime | None = None) -> None:
        """Send an event."""
        event = EventRaised(timestamp=self._now, name=name, input=text)
        self.outgoing.append(InstanceMessage(target=target, event=event, due=due))

    def send_request(self, entity: EntityId, request: RequestMessage, due: datetime | None = None) -> None:
        """Send a request to an entity; the name of one that is due later says so."""
        target = InstanceRef(instance_id=entity.scheduler_id, execution_id=None)
        self.send(target, request_event_name(due), replace(request, is_typed=True).to_json_text(), due)

    def answer(self, request: RequestMessage, response: ResponseMessage) -> None:
        """Answer the caller; a call without a caller gets no answer."""
        if request.parent is not None:
            target = InstanceRef(instance_id=request.parent, execution_id=request.parent_execution)
            self.send(target, request.id, response.to_json_text())

    def pass_lock_on(self, request: RequestMessage) -> None:
        """This entity is locked: ask the next one of the set, or tell the orchestration that it has all of them."""
        lockset, position = request.lockset or (), request.position + 1
        if position < len(lockset):
            self.send_request(lockset[position], replace(request, position=position))
        else:
            self.answer(request, ResponseMessage(result=_LOCKED))

    def send_signals(self, state: SchedulerState, signals: Sequence[EntitySignal], window: timedelta) -> SchedulerState:
        """Send the signals that the operations asked for, and note their labels in the state."""
        if not signals:
            return state
        labels = SendLabels(window, last_sent=state.sorter.last_sent, horizon=state.sorter.send_horizon)
        for number, signal in enumerate(signals):
            timestamp, predecessor = labels.label(signal.target.scheduler_id, self._now)
            request = RequestMessage(
                op=signal.name,
                signal=True,
                input=signal.input,
                id=request_guid(self._id_source, self._now, number),
                parent=self._self.scheduler_id,
                timestamp=timestamp,
                predecessor=predecessor,
            )
            self.send_request(signal.target, request.sent_at(self._now))
        sorter = replace(state.sorter, last_sent=labels.last_sent, send_horizon=labels.horizon)
        return replace(state, sorter=sorter)
