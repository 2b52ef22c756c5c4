"""The history of a durable instance in words: what happened, one line each, oldest first.

The events are those of the durable extension's HTTP API (`showHistory=true`); their names are DurableTask.Core's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.instants import read_instant
from approvals.visible import one_line
from approvals.words.wording import moment

_LONGEST = 400
"""Characters of a reason."""

_ENDS = {
    "Completed": "The workflow ended",
    "Failed": "The workflow failed",
    "Terminated": "The workflow was terminated",
    "ContinuedAsNew": "The workflow continued in a new execution",
}
_PLAIN = {
    "ExecutionTerminated": "The workflow was terminated",
    "ExecutionSuspended": "The workflow was suspended",
    "ExecutionResumed": "The workflow was resumed",
    "ExecutionRewound": "The workflow was rewound",
    "ContinueAsNew": "The workflow continued in a new execution",
    "TimerFired": "A timer fired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One event in words."""

    at: datetime | None
    sentence: str
    bad: bool = False
    """Whether something failed."""


def history_in_words(events: Iterable[Mapping[str, Any]]) -> tuple[HistoryLine, ...]:
    """Return a line for each event that matters to a person; an unknown one is shown by its name."""
    return tuple(
        HistoryLine(at=_instant(event.get("Timestamp")), sentence=sentence, bad=_is_bad(event))
        for event in events
        if (sentence := _sentence(event))
    )


def reason_of(output: object) -> str:
    """Return the reason that an instance's output gives for its failure, in one line; empty if it gives none."""
    text = output if isinstance(output, str) else "" if output is None else str(output)
    return one_line(text)[:_LONGEST]


def _sentence(event: Mapping[str, Any]) -> str:
    kind, name = str(event.get("EventType", "")), one_line(str(event.get("FunctionName") or event.get("Name") or ""))
    match kind:
        case "OrchestratorStarted" | "OrchestratorCompleted" | "TaskScheduled" | "SubOrchestrationInstanceCreated":
            return ""  # bookkeeping, or repeated by a later event
        case "ExecutionStarted":
            return f"{name or 'The workflow'} started."
        case "TaskCompleted" | "SubOrchestrationInstanceCompleted":
            return f"{name or 'A step'} was done."
        case "TaskFailed" | "SubOrchestrationInstanceFailed":
            return _with_reason(f"{name or 'A step'} failed", event)
        case "TimerCreated":
            until = _instant(event.get("FireAt"))
            return f"It waits until {moment(until)}." if until else "It waits for a timer."
        case "EventRaised":
            return f"The event {name} arrived." if name else "An event arrived."
        case "EventSent":
            return "It called an entity." if name == "op" else "It sent an event."
        case "ExecutionCompleted":
            status = str(event.get("OrchestrationStatus", ""))
            end = _ENDS.get(status, "The workflow ended")
            return _with_reason(end, event) if status == "Failed" else f"{end}."
        case "ExecutionTerminated" | "ExecutionSuspended" | "ExecutionResumed":
            return _with_reason(_PLAIN[kind], event)
        case _:
            return f"{_PLAIN.get(kind, one_line(kind) or 'Something happened')}."


def _with_reason(sentence: str, event: Mapping[str, Any]) -> str:
    said = next((reason for name in ("Reason", "Result", "Input") if (reason := reason_of(event.get(name)))), "")
    return f"{sentence}: {said.rstrip('.')}." if said else f"{sentence}."


def _is_bad(event: Mapping[str, Any]) -> bool:
    kind = str(event.get("EventType", ""))
    return "Failed" in kind or kind == "ExecutionTerminated" or event.get("OrchestrationStatus") == "Failed"


def _instant(text: object) -> datetime | None:
    try:
        return read_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None
