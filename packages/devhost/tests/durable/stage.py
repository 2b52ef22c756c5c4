"""Plays one orchestrator on a session without storage: events in, rows and postings out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.orchestrations.session import OrchestrationSession
from durable_devhost.model.history import (
    EventRaised,
    ExecutionCompleted,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    HistoryEvent,
    InstanceRef,
    ParentRef,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from durable_devhost.model.wire import SPEC_OF
from packages.devhost.tests.local import LocalExecution, run_now

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PARENT = ParentRef(name="parent", instance=InstanceRef(instance_id="boss", execution_id="e-boss"), task_id=3)


class Functions:
    """An app with the activities `a` and `b`, the orchestrators `child` and `play`, and the entity `counter`.

    `play` runs the function that is given, if one is; `executions` are all that were made of it.
    """

    def __init__(self, play: Callable[..., Any] | None = None) -> None:
        self._play = play
        self.executions: list[LocalExecution] = []

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> LocalExecution | None:
        if self._play is None:
            return None
        self.executions.append(LocalExecution(self._play, started))
        return self.executions[-1]

    def has_activity(self, name: str) -> bool:
        return name.casefold() in ("a", "b")

    def has_orchestrator(self, name: str) -> bool:
        return name.casefold() in ("child", "play")

    def has_entity(self, name: str) -> bool:
        return name.casefold() == "counter"

    def explain(self, kind: Literal["activity", "orchestrator", "entity"], name: str) -> str | None:
        has = {"activity": self.has_activity, "orchestrator": self.has_orchestrator, "entity": self.has_entity}
        return None if has[kind](name) else f"There is no {kind} {name}."

    def is_off(self, orchestrator: str) -> bool:
        return False

    def known_orchestrators(self) -> Sequence[str]:
        return ["child", "play"]

    def known_entities(self) -> Sequence[str]:
        return ["Counter"]


class Stage:
    """One execution of `function`; every event that is given to it carries the stage's time, a second later each."""

    def __init__(
        self,
        function: Callable[..., Any] | None,
        argument: str | None = None,
        *,
        parent: ParentRef | None = None,
        default_version: str | None = None,
        store_inputs: bool = False,
    ) -> None:
        self.app = Functions(function)
        self._default_version = default_version
        self._store_inputs = store_inputs
        self._numbers = count()
        self.now = START
        self.started = ExecutionStarted(
            timestamp=START,
            instance=InstanceRef(instance_id="i1", execution_id="e0"),
            name="play",
            input=argument,
            parent=parent,
            generation=0,
        )
        self.rows: list[HistoryEvent] = []
        self.session = self.session_of([])

    def session_of(self, rows: Sequence[HistoryEvent]) -> OrchestrationSession:
        """A session as it would be built from these stored rows."""
        started = next((row for row in rows if isinstance(row, ExecutionStarted)), self.started)
        return OrchestrationSession(
            started,
            app=self.app,  # type: ignore[arg-type]  # what a session asks of an app
            known=("child", "play"),
            scheduler=lambda: Scheduler(
                self.app,  # type: ignore[arg-type]  # as above
                default_version=self._default_version,
                store_inputs=self._store_inputs,
            ),
            hub_name="Hub",
            history=list(rows),
        )

    def step(self, *events: HistoryEvent) -> Episode:
        """One episode: on the live session, and on one rebuilt from the rows, which must decide the same."""
        self.now += timedelta(seconds=1)
        received = [replace(event, timestamp=self.now) for event in events]
        first = next(self._numbers) * 100
        rebuilt = self.session_of(self.rows) if self.rows else None
        episode = run_now(self.session.step(received, self.now, _ids(first)))
        if rebuilt is not None:
            again = run_now(rebuilt.step(received, self.now, _ids(first)))
            assert [*map(event_text, again.events)] == [*map(event_text, episode.events)]
            assert [*map(posting_text, again.postings)] == [*map(posting_text, episode.postings)]
            assert rebuilt.record.status == self.session.record.status
            assert rebuilt.record.output == self.session.record.output
        self.rows[episode.first_row :] = episode.events
        return episode

    def begin(self) -> Episode:
        """The first episode."""
        return self.step(self.started)

    def restart(self) -> None:
        """Go on with a session built from the rows, as after a crash."""
        self.session = self.session_of(self.rows)


def event_text(event: HistoryEvent) -> str:
    """An event as text, without the labels of an entity request: until one is recorded a replay may label it anew."""
    return _LABELS.sub("", repr(event))


def posting_text(posting: Posting) -> str:
    """A posting as text, without the random id of its message and the labels of a request."""
    return _LABELS.sub("", repr(replace(posting, message=replace(posting.message, activity_id=""))))


_LABELS = re.compile(r'"(id|Timestamp|Predecessor)":"[^"]*"')


def kinds(episode: Episode) -> list[str]:
    """What an episode wrote, by the names of the events."""
    return [SPEC_OF[type(event)].name for event in episode.events]


def completed(task_id: int, result: str | None = "1") -> TaskCompleted:
    """An activity returned `result`."""
    return TaskCompleted(timestamp=START, task_id=task_id, result=result)


def failed(task_id: int) -> TaskFailed:
    """An activity raised."""
    return TaskFailed(timestamp=START, task_id=task_id, reason="it failed", details="{}")


def child_completed(task_id: int, result: str = "2") -> SubOrchestrationCompleted:
    """A sub-orchestration returned."""
    return SubOrchestrationCompleted(timestamp=START, task_id=task_id, result=result)


def child_failed(task_id: int) -> SubOrchestrationFailed:
    """A sub-orchestration failed."""
    return SubOrchestrationFailed(timestamp=START, task_id=task_id, reason="the child failed", details="why")


def fired(timer_id: int, fire_at: datetime = START) -> TimerFired:
    """A timer became due."""
    return TimerFired(timestamp=START, timer_id=timer_id, fire_at=fire_at)


def raised(name: str, text: str | None = "true") -> EventRaised:
    """An external event with this JSON text."""
    return EventRaised(timestamp=START, name=name, input=text)


def suspended() -> ExecutionSuspended:
    """Somebody paused the instance."""
    return ExecutionSuspended(timestamp=START, reason="pause")


def resumed() -> ExecutionResumed:
    """Somebody let it go on."""
    return ExecutionResumed(timestamp=START, reason="go")


def terminated() -> ExecutionTerminated:
    """Somebody ended it."""
    return ExecutionTerminated(timestamp=START, reason="enough")


def _ids(first: int) -> Callable[[], str]:
    numbers = count(first)
    return lambda: f"e-{next(numbers)}"


def end_of(episode: Episode) -> ExecutionCompleted:
    """The end that the episode wrote."""
    return next(event for event in episode.events if isinstance(event, ExecutionCompleted))


def has_ended(episode: Episode) -> bool:
    """Whether the episode wrote an end."""
    return any(isinstance(event, ExecutionCompleted) for event in episode.events)
