"""Decides what an orchestration does next: a fold over its history and its function's actions. Pure.

The durable extension runs the SDK's actions as a script inside a DurableTask orchestration: one action at a time, each
started only when the one before it is done in the *host's* eyes (`OutOfProcOrchestrationShim.cs`). Python usually
agrees with the host; where it does not (suspended instances, events that differ in case, unknown
activities), the host's view wins, and this module keeps that view:

* an action gets its id when it is started, children of a group in order, depth first;
* a started action is *pending* until its event is in the history: replay removes recorded ones, and those left at
  the end of an episode are new;
* the execution ends when the script is exhausted and nothing is open: a timer or activity that lost a race
  keeps the instance running, a cancelled timer does not;
* while suspended, events are kept for later, and only the end of the execution is written.

The same object serves a live session (`extend` and `apply` per episode) and a replay (once with everything).
"""

import json
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from durable_devhost.durable.actions import (
    Action,
    CallActivity,
    CallEntity,
    CallHttp,
    CallSubOrchestrator,
    ContinueAsNewWith,
    CreateTimer,
    SignalEntity,
    WaitForEvent,
    WhenAll,
    WhenAny,
)
from durable_devhost.durable.decisions import Completed, ContinuedAsNew, Decisions
from durable_devhost.durable.orchestrations.pending import (
    Mismatch,
    Pending,
    PendingActivity,
    PendingTimer,
    Scheduler,
)
from durable_devhost.durable.orchestrations.waits import EventWaits, Group, Leaf, Retried, Wait
from durable_devhost.durable.script import Script
from durable_devhost.model.history import (
    EventRaised,
    EventSent,
    ExecutionCompleted,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    HistoryEvent,
    OrchestratorStarted,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)

CUSTOM_STATUS_LIMIT_KB = 16
"""KB of UTF-16 that a custom status may have, rounded down (extension `DurableOrchestrationContext.cs`)."""


class OrchestrationDecider:
    """The host's view of one execution of one orchestration."""

    def __init__(self, started: ExecutionStarted, scheduler: Scheduler) -> None:
        self._started = started
        self._scheduler = scheduler
        self._now = started.timestamp
        self._running = False
        self._script: deque[Action] = deque()
        self._current: Wait | None = None
        self._final: Script | None = None
        self._pending: dict[int, Pending] = {}
        self._open: dict[int, Leaf | Retried] = {}
        self._timers: dict[int, tuple[int, Leaf]] = {}
        self._cancelled: set[int] = set()
        self._events = EventWaits()
        self._continue_with: str | None = None
        self._carried: list[EventRaised] = []
        self._suspended = False
        self._was_suspended = False
        self._was_refused = False
        self._has_retries = False
        self._put_aside: list[HistoryEvent] = []
        self._terminated: ExecutionTerminated | None = None
        self._failure: str | None = None
        self.custom_status: str | None = None
        """The custom status as JSON text, as of the last `extend`; None as long as it was never set."""

    @property
    def is_live(self) -> bool:
        """Whether continuing the fold decides the same as a replay from the start.

        It does while host and function agree about what is done. They differ after a suspension, for a name that the
        app lacks, for an event in another case, and if a cancelled timer ends a group in which a retry still runs
        (a replay treats the timer as cancelled from the start). The real host replays at every episode.
        """
        has_cut_retries = self._has_retries and bool(self._cancelled)
        return self._events.are_spelled_alike and not (self._was_suspended or self._was_refused or has_cut_retries)

    def expects(self, task_id: int) -> bool:
        """Whether an activity, sub-orchestration or timer of this id is still open."""
        return task_id in self._open

    def extend(self, script: Script) -> None:
        """Add the function's actions since the last call."""
        self._script += script.actions
        if script.custom_status is not None:
            self._show(script.custom_status)
        for ordinal in script.cancelled:
            self._cancel_timer(ordinal)
        if script.is_done:
            self._final = script
        self._go_on()

    def _show(self, custom_status: str) -> None:
        """Set the custom status; one that is too long fails the instance, and the one before it stays."""
        size = len(custom_status.encode("utf-16-le")) // 1024
        if size <= CUSTOM_STATUS_LIMIT_KB:
            self.custom_status = custom_status
            return
        self._failure = (
            f"The UTF-16 size of the JSON-serialized payload must not exceed {CUSTOM_STATUS_LIMIT_KB} KB. "
            f"The current payload size is {size:,} KB."
        )

    def apply(self, event: HistoryEvent) -> None:
        """Fold one event of the history, recorded or new, in its order."""
        match event:
            case OrchestratorStarted():
                self._now = event.timestamp
            case ExecutionStarted():
                self._running = True
            case ExecutionTerminated():
                self._terminated = event
            case ExecutionSuspended():
                self._suspended = self._was_suspended = True
            case ExecutionResumed():
                self._resume()
            case TaskScheduled() | TimerCreated() | SubOrchestrationCreated() | EventSent():
                self._recognise(event)
            case _ if self._suspended:
                self._put_aside.append(event)
            case _:
                self._complete(event)
        self._go_on()

    def decide(self, now: datetime, new_execution_id: Callable[[], str]) -> Decisions:
        """The new decisions since the last episode; all that is returned counts as recorded from here on.

        `now` is the time that new events carry; `new_execution_id` names the executions of new sub-orchestrations.
        """
        end = self._end()
        recorded = {} if self._suspended and self._terminated is None else self._pending
        effects = [pending.effect(task_id, now, new_execution_id) for task_id, pending in sorted(recorded.items())]
        recorded.clear()
        events: list[HistoryEvent] = [event for event, _ in effects]
        if isinstance(end, Completed):
            events.append(
                ExecutionCompleted(
                    event_id=self._scheduler.next_id, timestamp=now, status=end.status, result=end.result
                )
            )
        return Decisions(events=tuple(events), outbox=tuple(outgoing for _, outgoing in effects), end=end)

    def _go_on(self) -> None:
        """Start actions while the one before them is done."""
        while (
            self._running and self._failure is None and self._script and (self._current is None or self._current.done)
        ):
            self._current = self._start(self._script.popleft())

    def _start(self, action: Action) -> Wait:
        match action:
            case CallActivity() | CallSubOrchestrator():
                return self._call(action)
            case CreateTimer():
                return self._start_timer(action)
            case WaitForEvent(name=name):
                return self._events.wait(name)
            case CallHttp(request=request):
                return self._open_pending(PendingActivity.http(request, self._started))
            case CallEntity() | SignalEntity():
                return self._send(action)
            case ContinueAsNewWith(input=text):
                self._continue_with = text
                return Leaf(done=True)
            case WhenAny(actions=children):
                return Group(mode="any", children=[self._start(child) for child in children])
            case WhenAll(actions=children):
                return Group(mode="all", children=[self._start(child) for child in children])
            case _:
                assert_never(action)

    def _call(self, action: CallActivity | CallSubOrchestrator) -> Wait:
        waiting: Leaf | Retried = Retried(call=action) if action.retry else Leaf()
        self._has_retries |= isinstance(waiting, Retried)
        self._attempt(action, waiting)
        return waiting

    def _attempt(self, action: CallActivity | CallSubOrchestrator, waiting: Leaf | Retried) -> None:
        """Schedule one attempt. A refusal of the real host is silent: no event, and Python goes on waiting."""
        pending = self._scheduler.call(action, self._started)
        if pending is None:
            waiting.done = self._was_refused = True
        else:
            self._open_pending(pending, waiting)

    def _open_pending(self, pending: Pending, waiting: Leaf | Retried | None = None) -> Leaf | Retried:
        waiting = waiting or Leaf()
        task_id = self._scheduler.take_id()
        self._pending[task_id] = pending
        self._open[task_id] = waiting
        return waiting

    def _start_timer(self, action: CreateTimer) -> Leaf:
        leaf = Leaf(done=action.is_cancelled or action.ordinal in self._cancelled)
        task_id = self._scheduler.take_id()
        self._pending[task_id] = PendingTimer(fire_at=action.fire_at)
        if not leaf.done:
            self._open[task_id] = leaf
            self._timers[action.ordinal] = (task_id, leaf)
        return leaf

    def _cancel_timer(self, ordinal: int) -> None:
        """Cancel a timer; one that the host has not created yet is cancelled when it is."""
        self._cancelled.add(ordinal)
        if ordinal in self._timers:
            task_id, leaf = self._timers.pop(ordinal)
            leaf.done = True
            self._open.pop(task_id, None)

    def _send(self, action: CallEntity | SignalEntity) -> Leaf:
        if isinstance(problem := self._scheduler.send(action, self._started, self._now), str):
            if isinstance(action, SignalEntity):
                self._failure = problem
            return Leaf(done=True)
        self._pending[self._scheduler.take_id()] = problem
        return Leaf(done=True) if isinstance(action, SignalEntity) else self._events.wait(problem.request_id)

    def _recognise(self, event: TaskScheduled | TimerCreated | SubOrchestrationCreated | EventSent) -> None:
        """Remove a recorded decision from the pending ones; one that was never requested fails the instance."""
        pending = self._pending.pop(event.event_id, None)
        try:
            renamed = self._scheduler.match(pending, event)
        except Mismatch as mismatch:
            self._failure = str(mismatch)
            self._open.clear()
            return
        if renamed is not None:
            self._events.rename(*renamed)

    def _complete(self, event: HistoryEvent) -> None:
        match event:
            case TaskCompleted(task_id=task_id) | SubOrchestrationCompleted(task_id=task_id):
                self._finish(task_id)
            case TaskFailed(task_id=task_id) | SubOrchestrationFailed(task_id=task_id):
                self._fail(task_id)
            case TimerFired(timer_id=task_id):
                self._fire(task_id)
            case EventRaised():
                if self._continue_with is not None:
                    self._carried.append(event)
                self._events.arrive(event.name)

    def _finish(self, task_id: int) -> None:
        waiting = self._open.pop(task_id, None)
        if waiting is not None:
            waiting.done = True

    def _fail(self, task_id: int) -> None:
        waiting = self._open.pop(task_id, None)
        if isinstance(waiting, Retried):
            self._open_pending(self._scheduler.retry_timer(waiting, self._now), waiting)
        elif waiting is not None:
            waiting.done = True

    def _fire(self, timer_id: int) -> None:
        waiting = self._open.pop(timer_id, None)
        if isinstance(waiting, Retried) and not self._scheduler.is_exhausted(waiting):
            waiting.attempts += 1
            self._attempt(waiting.call, waiting)
        elif waiting is not None:
            waiting.done = True

    def _resume(self) -> None:
        self._suspended = False
        put_aside, self._put_aside = self._put_aside, []
        for event in put_aside:
            self._complete(event)
            self._go_on()

    def _end(self) -> Completed | ContinuedAsNew | None:
        if self._terminated is not None:
            return Completed(status=RuntimeStatus.TERMINATED, result=self._terminated.reason)
        if not self._running or self._open:
            return None
        if self._failure is not None:
            return self._failed(self._failure)
        if self._script or not (self._current is None or self._current.done):
            return None
        if self._final is None:
            return None
        if self._final.error is not None:
            return self._failed(self._final.error)
        if self._continue_with is not None:
            return ContinuedAsNew(
                input=json.dumps(self._continue_with, ensure_ascii=False), carried=tuple(self._carried)
            )
        return Completed(status=RuntimeStatus.COMPLETED, result=self._final.output)

    def _failed(self, error: str) -> Completed:
        text = f"Orchestrator function '{self._started.name}' failed: {error}"
        return Completed(status=RuntimeStatus.FAILED, result=text)
