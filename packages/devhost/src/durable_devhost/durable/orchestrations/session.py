"""One live orchestration: its generator, the host's view of it, and where its rows end.

A session is what makes the steady state cheap: no history is read and nothing is replayed as long as it lives. It holds
nothing that storage does not hold; when a commit fails it is thrown away and built again from the stored history.

A function that reads `context.is_replaying` must see what the real host shows, which replays from the top in every
episode. From its first question on, its session does the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from durable_devhost.durable.actions import Action
from durable_devhost.durable.decisions import (
    Completed,
    ContinuedAsNew,
    Decisions,
    InstanceMessage,
    TimerMessage,
    WorkItem,
)
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.failures import missing_details, missing_orchestrator
from durable_devhost.durable.orchestrations.decider import OrchestrationDecider
from durable_devhost.durable.orchestrations.generations import MAX_GENERATIONS, EndlessLoop, carried_over
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.orchestrations.reconcile import SeenEvents
from durable_devhost.durable.orchestrations.records import record_of, record_with
from durable_devhost.durable.orchestrations.replay import difference
from durable_devhost.durable.orchestrations.spans import with_span
from durable_devhost.durable.ports import App, Execution
from durable_devhost.durable.script import Script
from durable_devhost.model.history import (
    EventRaised,
    EventSent,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import Tail

_TICK = timedelta(microseconds=1)
NEW = Tail(fresh_from=0)
"""The tail of an instance that has no rows yet."""


class OrchestrationSession:
    """The live state of one instance; `catch_up` and `step` run user code, one after the other."""

    def __init__(
        self,
        started: ExecutionStarted,
        *,
        app: App,
        known: Sequence[str],
        scheduler: Callable[[], Scheduler],
        hub_name: str,
        history: Sequence[HistoryEvent] = (),
        etag: str | None = None,
        tail: Tail = NEW,
    ) -> None:
        self._app = app
        self._execution: Execution | None = None
        self._known = known
        self._make_scheduler = scheduler
        self._hub_name = hub_name
        self._unfed: list[HistoryEvent] = list(history)
        self._unapplied: list[HistoryEvent] = list(history)
        self._replays_always = False
        self._warnings: list[str] = []
        self._begin(started)
        self._log: list[HistoryEvent] = list(history)
        self._seen = SeenEvents(history)
        self._episodes = sum(isinstance(event, OrchestratorStarted) for event in history)
        self.etag = etag
        self.tail = tail
        self.failure_stack = ""
        self.record = record_of(started, history, hub_name)
        self.status_at_first = self.record.status
        self._is_record_known = False

    @property
    def instance(self) -> InstanceRef:
        """Which execution of which instance this is."""
        return self._started.instance

    @property
    def started(self) -> ExecutionStarted:
        """The event that began this execution."""
        return self._started

    @property
    def is_over(self) -> bool:
        """Whether the execution ended."""
        return self.record.status is not None and self.record.status.is_terminal

    async def replay_difference(self, now: datetime) -> str | None:
        """What the function does differently when the execution that has ended is replayed; runs user code.

        Nothing is tried where every episode was a replay anyway.
        """
        if self._replays_always or self._is_silent:
            return None
        execution = self._app.execution(self._started, is_quiet=True)
        if execution is None:
            return None
        try:
            return await difference(execution, self._started, self._log, self._make_scheduler(), now)
        finally:
            execution.close()

    def expected_record(self) -> InstanceRecord:
        """What the row should say after the stored history; `catch_up` comes first."""
        return replace(self.record, custom_status=self._decider.custom_status or "null")

    @property
    def last_time(self) -> datetime | None:
        """When the last episode took place, None before the first."""
        return self._log[-1].timestamp if self._log else None

    @property
    def _is_silent(self) -> bool:
        return isinstance(self._execution, _Silent)

    def take_warnings(self) -> list[str]:
        """What a person should know of the last steps, each told once."""
        warnings, self._warnings = self._warnings, []
        return warnings

    def close(self) -> None:
        """Let user code forget this execution."""
        if self._execution is not None:
            self._execution.close()

    def silence(self, custom_status: str | None) -> None:
        """Run no user code from here on: the instance is to be ended, and its function does not come back from a step.

        Comes before `catch_up`. The function would have set `custom_status`, and have taken the numbers of the history.
        """
        self.close()
        self._execution = _Silent(custom_status)
        self._scheduler.next_id = 1 + max((event.event_id for event in self._log), default=-1)

    def expects(self, task_id: int) -> bool:
        """Whether an activity, sub-orchestration or timer of this id is still open; `catch_up` comes first."""
        return self._decider.expects(task_id)

    def has_decided(self, task_id: int) -> bool:
        """Whether anything of this id was ever scheduled; `catch_up` comes first."""
        return task_id < self._scheduler.next_id

    def has_asked(self, request_id: str) -> bool:
        """Whether a request of this id was ever sent to an entity."""
        wanted = f'"{request_id}"'
        return any(isinstance(event, EventSent) and wanted in (event.input or "") for event in reversed(self._log))

    def has_seen(self, event: EventRaised) -> bool:
        """Whether this very event is in the history, of this generation or of the one before it."""
        return event in self._seen

    def has_answer(self, request_id: str) -> bool:
        """Whether an entity's answer to this request is in the history."""
        return self._seen.has_name(request_id)

    async def catch_up(self) -> None:
        """Replay what was read from storage: the function sees the whole history at once, then the host folds it."""
        if self._unapplied:
            self._decider.extend(await self._advance(self._unfed))
            self._unfed = []
            for event in self._unapplied:
                self._decider.apply(event)
            self._scheduler.warnings.clear()  # they were given when these calls were new
            self._unapplied = []

    async def step(
        self, received: Sequence[HistoryEvent], now: datetime, new_execution_id: Callable[[], str]
    ) -> Episode:
        """Run one episode over `received` and say what is to be stored and sent.

        The session counts it as done; if the commit fails the session must be thrown away.
        """
        if self._log and not self._is_silent and (self._replays_always or not self._decider.is_live):
            self._start_again_from_the_log()
        await self.catch_up()
        fresh: list[HistoryEvent] = [OrchestratorStarted(timestamp=now), *self._with_span(received, now)]
        decisions = await self._fold(fresh, now, new_execution_id)
        postings = self._postings(decisions)
        rows = [*(_as_played(event) for event in fresh), *decisions.events]
        first_row, restarted, generations = len(self._log), False, 0
        while isinstance(decisions.end, ContinuedAsNew):
            generations += 1
            end = self._with_carried(decisions.end, fresh if restarted else [*self._log, *fresh])
            if generations > MAX_GENERATIONS and end.carried:
                raise EndlessLoop(self._started.name)
            first_row, restarted = 0, True
            fresh = self._start_over(end, now, new_execution_id)
            decisions = await self._fold(fresh, now, new_execution_id)
            postings += self._postings(decisions)
            rows = [*(_as_played(event) for event in fresh), *decisions.events]
        if isinstance(decisions.end, Completed):
            postings += self._answer_parent(decisions.end, now)
        rows.append(OrchestratorCompleted(timestamp=now))
        self._unfed += [*decisions.events, rows[-1]]
        if restarted:
            self._log.clear()
            self._seen.add(received)
            self._seen.begin_generation()
        self._log += rows
        self._seen.add(rows)
        return Episode(
            instance_id=self.instance.instance_id,
            execution_id=self._execution_id,
            first_row=first_row,
            events=tuple(rows),
            etag=self.etag,
            tail=self.tail,
            postings=tuple(postings),
            record=self._note(rows, decisions.end, is_first=first_row == 0, restarted=restarted),
            is_new_record=first_row == 0 and not restarted,
        )

    def _with_carried(self, end: ContinuedAsNew, history: Sequence[HistoryEvent]) -> ContinuedAsNew:
        if not self._generation:
            return end
        carried = carried_over(end, self._started, self._make_scheduler(), self._generation, history)
        return replace(end, carried=carried)

    def _begin(self, started: ExecutionStarted) -> None:
        self._started = started
        self._execution_id = started.instance.execution_id or ""
        self.close()
        self._execution = self._app.execution(started)
        self._scheduler = self._make_scheduler()
        self._generation: tuple[Action, ...] = ()
        self._decider = OrchestrationDecider(started, self._scheduler)

    def _with_span(self, received: Sequence[HistoryEvent], now: datetime) -> Sequence[HistoryEvent]:
        self._started = with_span(self._started, now)
        return [with_span(event, now) if isinstance(event, ExecutionStarted) else event for event in received]

    def _start_again_from_the_log(self) -> None:
        """Forget the live state and replay, as production does at every episode."""
        status = self._decider.custom_status
        self._begin(self._started)
        self._decider.custom_status = status
        self._unfed, self._unapplied = list(self._log), list(self._log)

    async def _fold(
        self, fresh: Sequence[HistoryEvent], now: datetime, new_execution_id: Callable[[], str]
    ) -> Decisions:
        self._episodes += 1
        self._decider.extend(await self._advance([*self._unfed, *fresh]))
        self._unfed = []
        for event in fresh:
            self._decider.apply(event)
        decisions = self._decider.decide(now, new_execution_id)
        self._warnings += self._scheduler.warnings
        self._scheduler.warnings.clear()
        return decisions

    async def _advance(self, events: Sequence[HistoryEvent]) -> Script:
        if self._execution is None:
            name = self._started.name
            return Script(
                is_done=True,
                error=missing_orchestrator(name, self._known),
            )
        script = await self._execution.advance(events)
        self._replays_always |= script.has_read_is_replaying
        self._generation = script.generation or self._generation
        if script.error is not None:
            self.failure_stack = script.stack
        return script

    def _start_over(
        self, end: ContinuedAsNew, now: datetime, new_execution_id: Callable[[], str]
    ) -> list[HistoryEvent]:
        """A new generation: same name and parent, new execution id, the custom status carried over."""
        instance = InstanceRef(instance_id=self.instance.instance_id, execution_id=new_execution_id())
        started = replace(
            self._started, timestamp=now - _TICK, instance=instance, input=end.input, generation=None, is_played=False
        )
        status = self._decider.custom_status
        self._begin(started)
        self._episodes = 0
        self._decider.custom_status = status
        return [
            OrchestratorStarted(timestamp=now),
            started,
            *end.carried,
            OrchestratorCompleted(timestamp=now, is_played=True),
        ]

    def _postings(self, decisions: Decisions) -> list[Posting]:
        return [self._posting(outgoing) for outgoing in decisions.outbox]

    def _posting(self, outgoing: WorkItem | TimerMessage | InstanceMessage) -> Posting:
        match outgoing:
            case WorkItem(event=event):
                return Posting(message=self._message(event, self.instance, from_decision=True), is_work_item=True)
            case TimerMessage(event=event):
                return Posting(message=self._message(event, self.instance), due=event.fire_at)
            case InstanceMessage(target=target, event=event, from_decision=from_decision, due=due):
                return Posting(message=self._message(event, target, from_decision=from_decision), due=due)

    def _message(self, event: HistoryEvent, target: InstanceRef, *, from_decision: bool = False) -> Message:
        return Message(
            event=event,
            target=target,
            sender=self.instance,
            episode=self._episodes,
            from_decision=from_decision,
        )

    def _answer_parent(self, end: Completed, now: datetime) -> list[Posting]:
        parent = self._started.parent
        if parent is None:
            return []
        answer: HistoryEvent
        if end.status is RuntimeStatus.COMPLETED:
            answer = SubOrchestrationCompleted(timestamp=now, task_id=parent.task_id, result=end.result)
        else:
            error = (end.result or "").removeprefix(f"Orchestrator function '{self._started.name}' failed: ")
            details = f"Message: {error}, StackTrace: {self.failure_stack}"
            if self._execution is None:
                details = missing_details(end.result or "")
            answer = SubOrchestrationFailed(timestamp=now, task_id=parent.task_id, reason=end.result, details=details)
        return [Posting(message=self._message(answer, parent.instance))]

    def _note(
        self,
        rows: Sequence[HistoryEvent],
        end: Completed | ContinuedAsNew | None,
        *,
        is_first: bool,
        restarted: bool,
    ) -> InstanceRecord | None:
        """Bring the record up to date; None when a query would show nothing that is not in the row already."""
        before = self.record
        if restarted:
            before = replace(
                before,
                execution_id=self._execution_id,
                input=self._started.input,
                created_time=self._started.timestamp,
                status=RuntimeStatus.RUNNING,
                output=None,
            )
        self.record, old = (
            replace(
                record_with(before, rows, end),
                custom_status=self._decider.custom_status or "null",
                last_updated_time=rows[-1].timestamp,
            ),
            self.record,
        )
        shown = ("status", "custom_status", "output", "execution_id")
        changed = any(getattr(self.record, column) != getattr(old, column) for column in shown)
        if not (changed or is_first or not self._is_record_known):
            return None
        self._is_record_known = True
        return self.record


class _Silent:
    """An execution without a function, which asks for nothing. Fits `ports.Execution`."""

    def __init__(self, custom_status: str | None) -> None:
        self._custom_status = custom_status

    async def advance(self, _: Sequence[HistoryEvent]) -> Script:
        return Script(custom_status=self._custom_status)

    def close(self) -> None:
        pass


def _as_played(event: HistoryEvent) -> HistoryEvent:
    """Received events are stored as played, the markers of an episode as they are (recorded; protocol of IsPlayed)."""
    if isinstance(event, OrchestratorStarted | OrchestratorCompleted):
        return event
    return replace(event, is_played=True)
