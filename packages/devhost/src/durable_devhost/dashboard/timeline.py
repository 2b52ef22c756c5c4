"""A history as bars over time: what an instance did, and how long each of it took. Pure.

Times are those of the history: with a virtual clock they are virtual.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from durable_devhost.dotnet.texts import without_exception_json
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
    ParentRef,
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

_NO_INPUTS: Mapping[int, str] = MappingProxyType({})


class Kind(StrEnum):
    """What a bar stands for."""

    ORCHESTRATION = "orchestration"
    ACTIVITY = "activity"
    CHILD = "sub-orchestration"
    TIMER = "timer"
    ENTITY = "entity"
    EVENT = "event"
    PAUSE = "suspended"


class State(StrEnum):
    """How far it has come."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "not waited for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One thing that took time. An event has the same start and end; what is open has None for its end.

    `child` is the id of a sub-orchestration, `due` the time of a timer, `attempt` counts the tries of one activity or
    sub-orchestration whose tries before have failed.
    """

    kind: Kind
    name: str
    start: datetime
    end: datetime | None = None
    state: State = State.OPEN
    input: str | None = None
    output: str | None = None
    error: str = ""
    child: str = ""
    due: datetime | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One execution; `episodes` is how often the orchestrator was gone through, from its first step on."""

    bars: tuple[Bar, ...] = ()
    parent: ParentRef | None = None
    episodes: int = 0


def timeline(events: Sequence[HistoryEvent], inputs: Mapping[int, str] = _NO_INPUTS) -> Timeline:
    """The bars of a history, the whole execution first, then in the order in which they began.

    `inputs` are those of tasks by their number: most histories do not have them.
    """
    read = _Reading(inputs)
    for event in events:
        read.take(event)
    bars = sorted(read.bars, key=lambda bar: (bar.start, bar.kind is not Kind.ORCHESTRATION))
    started = next((event for event in events if isinstance(event, ExecutionStarted)), None)
    return Timeline(
        bars=tuple(_closed(_number_tries(bars))),
        parent=started.parent if started else None,
        episodes=sum(isinstance(event, OrchestratorStarted) for event in events),
    )


class _Reading:
    """The bars so far, and which of them is meant by the number that a result names."""

    def __init__(self, inputs: Mapping[int, str]) -> None:
        self.bars: list[Bar] = []
        self._inputs = inputs
        self._open: dict[object, int] = {}

    def take(self, event: HistoryEvent) -> None:
        """Begin a bar, or end the one that an event is the result of."""
        at = event.timestamp
        match event:
            case ExecutionStarted(name=name, input=given):
                self._begin(Kind.ORCHESTRATION, Bar(kind=Kind.ORCHESTRATION, name=name, start=at, input=given))
            case TaskScheduled(name=name):
                self._begin(event.event_id, Bar(kind=Kind.ACTIVITY, name=name, start=at, input=self._input(event)))
            case SubOrchestrationCreated(name=name, instance_id=child):
                begun = Bar(kind=Kind.CHILD, name=name, start=at, input=self._input(event), child=child)
                self._begin(event.event_id, begun)
            case TimerCreated(fire_at=due):
                self._begin(event.event_id, Bar(kind=Kind.TIMER, name="timer", start=at, due=due))
            case EventSent():
                self._send(event)
            case ExecutionSuspended(reason=reason):
                self._begin(Kind.PAUSE, Bar(kind=Kind.PAUSE, name="suspended", start=at, input=reason))
            case _:
                self._finish(event)

    def _input(self, event: TaskScheduled | SubOrchestrationCreated) -> str | None:
        return self._inputs.get(event.event_id) if event.input is None else event.input

    def _finish(self, event: HistoryEvent) -> None:
        at = event.timestamp
        match event:
            case (
                TaskCompleted(task_id=number, result=result) | SubOrchestrationCompleted(task_id=number, result=result)
            ):
                self._end(number, at, State.DONE, output=result)
            case TaskFailed() | SubOrchestrationFailed():
                self._end(event.task_id, at, State.FAILED, error=_error(event.reason, event.details))
            case TimerFired(timer_id=number, fire_at=due):
                self._end(number, max(at, due), State.DONE)  # its own time is when the timer was set
            case ExecutionResumed():
                self._end(Kind.PAUSE, at, State.DONE)
            case ExecutionTerminated(reason=reason):
                self._end(Kind.ORCHESTRATION, at, State.FAILED, error=f"Terminated: {reason or 'no reason given'}")
            case ExecutionCompleted(status=status, result=result):
                failed = status in (RuntimeStatus.FAILED, RuntimeStatus.TERMINATED)
                told: dict[str, Any] = {"error": without_exception_json(result or "")} if failed else {"output": result}
                self._end(Kind.ORCHESTRATION, at, State.FAILED if failed else State.DONE, **told)
            case EventRaised():
                self._hear(event)

    def _hear(self, event: EventRaised) -> None:
        """An answer of an entity ends its request; any other event stands for itself."""
        at, answer = event.timestamp, _object(event.input)
        result, failed = answer.get("result"), "exceptionType" in answer
        told: dict[str, Any] = {"error": str(result)} if failed else {"output": result}
        if not self._end(("request", event.name), at, State.FAILED if failed else State.DONE, **told):
            heard = Bar(kind=Kind.EVENT, name=event.name, start=at, end=at, state=State.DONE, input=event.input)
            self.bars.append(heard)

    def _send(self, event: EventSent) -> None:
        """A request to an entity is answered by an event that has the request's id for a name."""
        asked = _object(event.input)
        operation = str(asked.get("op") or event.name)
        bar = Bar(
            kind=Kind.ENTITY if event.instance_id.startswith("@") else Kind.EVENT,
            name=f"{event.instance_id} {operation}",
            start=event.timestamp,
            input=str(asked["input"]) if asked.get("input") is not None else None,
        )
        if asked.get("id") and not asked.get("signal"):
            self._begin(("request", asked["id"]), bar)
        else:
            self.bars.append(replace(bar, end=event.timestamp, state=State.DONE))

    def _begin(self, key: object, bar: Bar) -> None:
        self._open[key] = len(self.bars)
        self.bars.append(bar)

    def _end(self, key: object, at: datetime, state: State, **result: Any) -> bool:
        index = self._open.pop(key, None)
        if index is not None:
            self.bars[index] = replace(self.bars[index], end=at, state=state, **result)
        return index is not None


def _number_tries(bars: Iterable[Bar]) -> list[Bar]:
    """Number the tries: one that begins after another of its name and input has failed is the next."""
    failed: dict[tuple[Kind, str, str | None], list[Bar]] = {}
    counted: list[Bar] = []
    for bar in bars:
        if bar.kind in (Kind.ACTIVITY, Kind.CHILD):
            before = failed.setdefault((bar.kind, bar.name, bar.input), [])
            bar = replace(bar, attempt=1 + sum(each.end is not None and each.end <= bar.start for each in before))
            if bar.state is State.FAILED:
                before.append(bar)
        counted.append(bar)
    return counted


def _closed(bars: Sequence[Bar]) -> list[Bar]:
    """What is still open when the execution has ended was not waited for."""
    run = next((bar for bar in bars if bar.kind is Kind.ORCHESTRATION), None)
    if run is None or run.end is None:
        return list(bars)
    return [replace(bar, end=run.end, state=State.CANCELLED) if bar.end is None else bar for bar in bars]


def _error(reason: str | None, details: str | None) -> str:
    """What failed, with the user's traceback where the details hold one (a .NET exception as JSON)."""
    found: Any = _object(details)
    while isinstance(found, dict) and found:
        if stack := found.get("RemoteStackTrace"):
            return f"{found.get('RemoteMessage') or reason or ''}\n{stack}".strip()
        found = found.get("InnerException")
    return reason or details or ""


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
