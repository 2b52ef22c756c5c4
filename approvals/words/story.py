"""A record's entry in words: what was done, the details, and whether it is good or bad for the proposal."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, assert_never

from approvals.policy.rights import OWN_POLICY
from approvals.record.documents import Attachment
from approvals.record.entries import (
    AskedPerson,
    Attached,
    ChangesRequested,
    Checked,
    Commented,
    CommentsSent,
    Decided,
    Delegated,
    Ended,
    Entry,
    Escalated,
    Reassigned,
    Reminded,
    Resubmitted,
    StageClosed,
    StageOpened,
    Submitted,
    Withdrawn,
)
from approvals.reserved_names import NOBODY
from approvals.words.wording import people, size

Mood = Literal["good", "bad", "ask", "late", "plain"]
"""What a reader should notice first."""

EntryText = tuple[str, tuple[str, ...]]
"""What was done, to be written after the person's name; and the details, some of which may be empty."""

When = Callable[[datetime], str]
"""Puts a point in time into words."""

_BY_ITSELF = ("clock", "workflow")
_WAYS = {"link": "by link", "queue": "by queue", "event": "by event", "system": "on behalf of, through an API key"}


def doer(by: str, via: str) -> str:
    """Return the person who did something; empty for the clock and the workflow."""
    return "" if via in _BY_ITSELF else by


def identification(via: str) -> str:
    """Return how we know the person; empty if they were signed in, or if it was nobody."""
    return _WAYS.get(via, "")


def mood_of(entry: Entry) -> Mood:
    """Return whether an entry is good news or bad, asks somebody, or says that somebody is late."""
    match entry:
        case Decided(effect="approve") | StageClosed(outcome="approved") | Ended(outcome="approved"):
            return "good"
        case Decided() | StageClosed() | Withdrawn() | Ended(outcome="rejected" | "expired" | "failed"):
            return "bad"
        case Escalated() | Reminded() | ChangesRequested():
            return "late"
        case StageOpened():
            return "ask"
        case _:
            return "plain"


def tell(entry: Entry, by: str, when: When) -> EntryText:
    """Return an entry in words; `by` is who did it."""
    match entry:
        case Submitted():
            return _submitted(entry)
        case Checked():
            stages = " → ".join(str(each.get("name")) for each in entry.stages)
            early = len(entry.void or ())
            asked = f"{early} early yes{'' if early == 1 else 'es'} came before that: asked again" if early else ""
            return "the checks are done", (", ".join(entry.findings), f"stages: {stages}", asked)
        case StageOpened():
            return _stage_opened(entry, when)
        case Decided():
            return _decided(entry)
        case StageClosed():
            # An expired stage says so itself; an approved one that nobody answered would look like somebody's yes.
            silent = entry.decided_by == NOBODY and entry.outcome != "expired"
            return f"{entry.stage}: {entry.outcome}", ("nobody answered in time" if silent else "",)
        case Commented():
            return "adds a note after the end" if entry.after_end else "comments", (_quoted(entry.comment),)
        case CommentsSent():
            number = len(entry.comments)
            return f"{number} comment{' is' if number == 1 else 's are'} sent on", ()
        case Delegated():
            what = f"takes the task back from {entry.owner}" if entry.to == by else f"lets {entry.to} answer"
            return what, (_quoted(entry.comment),)
        case Reassigned():
            return f"gives the task of {entry.owner} to {entry.to}", (_quoted(entry.comment),)
        case Reminded():
            return f"{entry.stage}: reminds {people(entry.people)}", ()
        case Escalated():
            missing = f"no answer from {people(entry.missing)}" if entry.missing else ""
            return f"{entry.stage}: escalated to {_people_asked(entry.asked)}", (missing, _until(entry.deadline, when))
        case ChangesRequested():
            behalf = _behalf(entry.on_behalf_of)
            return "asks for changes", (behalf, _quoted(entry.comment), _until(entry.until, when))
        case Resubmitted():
            changed = f"changed: {', '.join(entry.changed)}" if entry.changed else ""
            void = _void(entry) if entry.document_changed else ""
            return "hands it in again", (changed, void, _quoted(entry.comment))
        case Attached():
            void = _void(entry) if (entry.round or 1) > 1 else ""
            return f"{'replaces' if entry.replaced else 'adds'} {_file(entry.attachment)}", (void,)
        case Withdrawn():
            return "withdraws it", (_quoted(entry.reason),)
        case Ended():
            return _ended(entry)
        case never:
            assert_never(never)


def _void(entry: Attached | Resubmitted) -> str:
    kept = "the policy keeps answers over this change"
    return kept if entry.answers_kept else "the document has changed: earlier approvals are void"


def _submitted(entry: Submitted) -> EntryText:
    version = f", version {entry.policy['version']}" if entry.policy.get("version") else ""
    name = "a policy of its own" if entry.policy_name == OWN_POLICY else f"the policy {entry.policy_name}"
    return "hands it in", (f"under {name}{version}", people(tuple(_file(each) for each in entry.attachments)))


def _stage_opened(entry: StageOpened, when: When) -> EntryText:
    early = len(entry.early)
    counted = f"{early} early answer{'s count' if early > 1 else ' counts'}" if early else ""
    return f"{entry.stage}: asks {_people_asked(entry.asked)}", (_until(entry.deadline, when), counted)


def _decided(entry: Decided) -> EntryText:
    word = {"approve": "approves", "approved": "approves", "reject": "rejects", "rejected": "rejects"}.get(
        entry.decision, f"answers “{entry.decision}”"
    )
    early = "" if entry.stage else "before being asked"
    where = f" in {entry.stage}" if entry.stage else ""
    return f"{word}{where}", (early, _behalf(entry.on_behalf_of), _quoted(entry.comment))


def _ended(entry: Ended) -> EntryText:
    if entry.outcome == "withdrawn":
        return "the end: withdrawn", ()
    own = "" if entry.word in ("", entry.outcome, "approve", "reject") else f"answered {entry.word}"
    decided = "" if entry.decided_by in ("", NOBODY) else f"decided by {entry.decided_by}"
    return f"the end: {entry.outcome}", (decided, own, entry.reason or "")


def _people_asked(asked: tuple[AskedPerson, ...]) -> str:
    return people(tuple(_person(each) for each in asked))


def _person(asked: AskedPerson) -> str:
    return f"{asked.person} (for {asked.on_behalf_of})" if asked.on_behalf_of else asked.person


def _behalf(giver: str | None) -> str:
    return f"for {giver}" if giver else ""


def _quoted(text: str) -> str:
    return f"“{text.strip()}”" if text.strip() else ""


def _file(attachment: Attachment) -> str:
    return f"{attachment.name} ({size(attachment.size)})"


def _until(end: datetime, when: When) -> str:
    return f"until {when(end)}"
