"""The pages of operations: what needs somebody, and one workflow with its history in words and its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.operations import Act, Overview, PutAsideMessage, Run, UnsentLetter
from approvals.record.verdict import STATE_NAMES, Verdict
from approvals.visible import one_line, visible
from approvals.words.histories import HistoryLine
from approvals.words.wording import ago
from pages.rendering import Page
from pages.shell import Shell, render_in_shell, state_of

ADDRESS = "/api/ui/operations"

_LONGEST_BODY = 2_000
"""Characters of a message that are shown."""

_MOST_EVENTS = 500
"""Of a history, the latest; the API has all."""

_DONE = {
    "woken": "The sweep woke it.",
    "started": "The sweep started it again.",
    "failed": "The sweep recorded the proposal as failed.",
    "left": "The sweep left it as it is.",
    "notMended": "The sweep could not mend it.",
    "later": "The next sweep looks at it.",
}
_RUNS = {"sweep": "Sweep, once a minute", "purge": "Purge, once a night"}
_FIELDS = {
    "records": "records",
    "found": "looked at",
    "woken": "woken",
    "started": "started",
    "failed": "failed",
    "left": "left",
    "notMended": "not mended",
    "purged": "purged",
    "remaining": "remaining",
    "days": "days kept",
    "error": "error",
}
ACTS: Mapping[Act, str] = {
    Act.WAKE: "Wake",
    Act.RESUME: "Resume",
    Act.REWIND: "Rewind",
    Act.TERMINATE: "Terminate",
    Act.PURGE: "Purge",
}
"""The buttons."""

_FITTING: Mapping[str, tuple[Act, ...]] = {
    "Pending": (Act.TERMINATE,),
    "Running": (Act.WAKE, Act.TERMINATE),
    "ContinuedAsNew": (Act.WAKE, Act.TERMINATE),
    "Suspended": (Act.RESUME, Act.TERMINATE),
    "Failed": (Act.REWIND, Act.PURGE),
    "Terminated": (Act.PURGE,),
    "Completed": (Act.PURGE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActResult:
    """What came of something that was asked for."""

    good: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One durable instance."""

    id: str
    name: str
    status: str
    created: datetime
    updated: datetime
    reason: str
    history: Sequence[HistoryLine]


def operations_page(shell: Shell, view: Overview, told: ActResult | None = None) -> Page:
    """Return the page; each kind of trouble has its number on top."""
    return render_in_shell(
        "operations.html",
        shell,
        state=_state(view),
        told=told,
        numbers=[
            ("stuck", "Stuck", view.stuck_count),
            ("failed", "Failed", f"{len(view.failed)}+" if view.more_failed else len(view.failed)),
            ("messages", "Put aside", len(view.messages)),
            ("letters", "Letters not sent", len(view.letters)),
        ],
        stuck=[
            {"id": each.proposal_id, "reason": each.reason, "done": _DONE.get(each.done, "")} for each in view.stuck
        ],
        stuck_count=view.stuck_count,
        failed=[
            {**each.to_dict(), "reason": one_line(each.reason), "since": ago(each.updated_at, view.now)}
            for each in view.failed
        ],
        more_failed=view.more_failed,
        messages=[_message(each, view.now) for each in view.messages],
        letters=[_letter(each, view.now) for each in view.letters],
        runs=[_run(name, view) for name in _RUNS],
        acts=[{**each.to_dict(), "at": each.at, "target": one_line(each.target)} for each in view.acts],
        now=view.now,
    )


def workflow_page(
    shell: Shell, given: str, workflow: Workflow | None, verdict: Verdict | None, told: ActResult | None = None
) -> Page:
    """Return the page of one id: its workflow, and whether its record is what was written; either may be missing."""
    return render_in_shell(
        "workflow.html",
        shell,
        told=told,
        given=one_line(given),
        workflow=workflow,
        created=workflow.created if workflow else None,
        updated=workflow.updated if workflow else None,
        lines=[
            {"at": each.at, "sentence": each.sentence, "bad": each.bad}
            for each in (workflow.history[-_MOST_EVENTS:] if workflow else ())
        ],
        acts=[(act.value, ACTS[act]) for act in (_FITTING.get(workflow.status, ()) if workflow else ())],
        verdict=verdict,
        saying=STATE_NAMES[verdict.state] if verdict else "",
    )


def _state(view: Overview) -> str:
    """Return what changes when something new needs somebody, and not with each run of the sweep."""
    failed = [(each.instance_id, each.status) for each in view.failed]
    messages = [(each.id, each.result) for each in view.messages]
    return state_of(view.stuck, view.stuck_count, failed, messages, view.letters, view.acts)


def _message(message: PutAsideMessage, now: datetime) -> dict[str, Any]:
    return {
        "id": message.id,
        "reason": visible(message.reason),
        "body": visible(message.body)[:_LONGEST_BODY],
        "cut": len(message.body) > _LONGEST_BODY or not message.whole,
        "whole": message.whole,
        "since": ago(message.at, now),
        "result": visible(message.result),
        "by": one_line(message.by),
    }


def _letter(letter: UnsentLetter, now: datetime) -> dict[str, Any]:
    return {
        "id": letter.proposal_id,
        "key": letter.key,
        "what": _what(letter.key),
        "state": letter.state.value,
        "reason": one_line(letter.reason),
        "since": ago(letter.at, now),
    }


def _what(key: str) -> str:
    """Return what kind of letter a key names, and of which entry."""
    number, _, rest = key.partition("-")
    return f"“{rest.partition('-')[0]}”, entry {number}"


def _run(name: str, view: Overview) -> dict[str, Any]:
    run = next((each for each in view.runs if each.name == name), None)
    return {
        "name": _RUNS[name],
        "ran": ago(run.at, view.now) if run else "has not run yet",
        "said": _said(run) if run else "",
    }


def _said(run: Run) -> str:
    return ", ".join(f"{label}: {run.line[name]}" for name, label in _FIELDS.items() if name in run.line)
