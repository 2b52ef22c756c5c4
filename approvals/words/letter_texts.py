"""The text of a letter: the subject, the first sentences, a quoted comment, and the cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from approvals.names import among, same
from approvals.policy.faults import KNOWN_WORDS
from approvals.record.entries import (
    Attached,
    ChangesRequested,
    Checked,
    Commented,
    CommentsSent,
    Decided,
    Delegated,
    Ended,
    Ending,
    Escalated,
    Reassigned,
    Reminded,
    Resubmitted,
    StageClosed,
    StageOpened,
    Submitted,
    Withdrawn,
)
from approvals.reserved_names import A_SYSTEM, GREENLIGHT, NOBODY
from approvals.rules.state import Review
from approvals.rules.verdict import silent_stages
from approvals.visible import one_line
from approvals.words.notices import Notice, NoticeKind
from approvals.words.wording import comment_of, moment, money, people, stage_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The part of a letter that depends on its kind."""

    subject: str
    lead: str
    """One or two sentences that address the reader as `you`."""
    quoted: str | None = None
    """A person's comment about it; None if there is none."""
    quoted_from: str | None = None


_ENDS: Mapping[Ending, tuple[str, str]] = {
    "approved": ("Approved", "was approved"),
    "rejected": ("Rejected", "was rejected"),
    "withdrawn": ("Withdrawn", "was withdrawn"),
    "expired": ("Expired", "has expired"),
    "failed": ("Failed", "has failed"),
}


def words_for(notice: Notice) -> Words:
    """Return the text of a notice."""
    subject, lead = _say(notice)
    quoted, quoted_from = _quoted(notice)
    return Words(
        subject=one_line(f"{subject}: {notice.review.title}"),
        lead=f"{lead}{_behalf(notice)}",
        quoted=quoted or None,
        quoted_from=quoted_from if quoted else None,
    )


def _quoted(notice: Notice) -> tuple[str, str | None]:
    """Return the comment of one or several people, and their names."""
    if notice.comments:
        names = tuple(dict.fromkeys(each.by for each in notice.comments))
        texts = [f"{each.by}: {each.comment}" if len(names) > 1 else each.comment for each in notice.comments]
        return "\n\n".join(texts), people(names)
    said = notice.quoted_entry if notice.kind is not NoticeKind.ASKED or notice.is_asked_again else None
    return (comment_of(said), said.by) if said else ("", None)


def cost(review: Review) -> str:
    """Return a proposal's cost, and its value in the policy's currency if that is another one."""
    policy, price = review.policy, money(review.cost, review.currency)
    if policy.rates is None or review.currency not in policy.rates.worth or review.currency == policy.currency:
        return price
    worth = money(policy.worth(review.cost, review.currency), policy.currency)
    return f"{price}, which is {worth} at the rates of {policy.rates.date}"


def _say(notice: Notice) -> tuple[str, str]:
    """Return the beginning of the subject, and the lead."""
    entry, by, review = notice.entry, notice.entry.by, notice.review
    match entry:
        case StageOpened():
            return _request_text(notice) if notice.to_answer else _revised(notice)
        case Reminded():
            who = f"{by} reminds you: your" if by != GREENLIGHT else "Your"
            return "Reminder", f"{who} answer in {_stage(review)} is still needed."
        case Escalated():
            return _escalated(notice, entry)
        case Delegated() | Reassigned():
            return _handed_over(notice, entry)
        case ChangesRequested():
            then = f"The deadline is paused. Please submit it again by {moment(entry.until)}."
            return "Changes requested", f"{by} asks you to change this proposal. {then}"
        case Resubmitted():
            return "Revised", f"{by} has submitted this proposal again. {_void(entry.document_changed)}"
        case Attached():
            what = "replaced" if entry.replaced else "added"
            return "Document changed", f"{by} has {what} {entry.attachment.name}. {_void(True)}"
        case Withdrawn():
            return "Withdrawn", f"{by} has withdrawn this proposal. You do not need to do anything."
        case Ended():
            return _ended(notice, entry)
        case Commented() | CommentsSent():
            names = tuple(dict.fromkeys(each.by for each in notice.comments))
            return "Comment", f"{people(names)} {'has' if len(names) == 1 else 'have'} commented on this proposal."
        case Submitted() | Checked() | Decided() | StageClosed():
            raise ValueError(f"there is no letter about an entry of the kind {entry.kind}")
        case never:
            assert_never(never)


def _request_text(notice: Notice) -> tuple[str, str]:
    review = notice.review
    if notice.is_asked_again:
        lead = f"{review.author} has revised this proposal. Please read it again and answer in {_stage(review)}."
        return "Please decide again", lead
    if _yes_was_early(notice):
        found = f"Their result: {', '.join(review.findings)}"
        lead = f"You agreed before the automatic checks had ended. {found}. Please read it again and answer in"
        return "Please decide again", f"{lead} {_stage(review)}."
    return "Please decide", f"{review.author} has submitted this proposal. Your answer is needed in {_stage(review)}."


def _yes_was_early(notice: Notice) -> bool:
    """Say whether this person agreed to the document before its checks had found something."""
    review = notice.review
    in_force = {each.number for each in review.answers}
    return any(
        same(each.person, notice.person) and each.document == review.document and each.number not in in_force
        for each in review.decisions
        if each.effect == "approve"
    )


def _revised(notice: Notice) -> tuple[str, str]:
    """Return the text for people who are not asked now: the document has changed."""
    review = notice.review
    changes = tuple(each.change for each in review.revisions if each.round == review.round)
    keeps = any(each.document != review.document for each in review.answers)
    kept = "Answers that the policy keeps still count. You will be asked again if your answer is needed."
    return "Document changed", f"{review.author} has {people(changes)}. {kept if keeps else _void(True)}"


def _escalated(notice: Notice, entry: Escalated) -> tuple[str, str]:
    review = notice.review
    if notice.to_answer:
        needed = f" {entry.needed} of the people asked must agree." if (entry.needed or 1) > 1 else ""
        if among(notice.person, entry.missing):
            asked = people(tuple(each.person for each in entry.asked if not among(each.person, entry.missing)))
            lead = f"The deadline of {_stage(review)} has passed. Your answer is still needed."
            lead = f"{lead} Now {asked} may answer too."
            return "Still needed", f"{lead}{needed}"
        missing = people(entry.missing)
        lead = f"{missing} did not answer in time, so you are asked to decide in {_stage(review)}."
        return "Escalated to you", f"{lead}{needed}"
    asked = people(tuple(each.person for each in review.waiting_for))
    return "Escalated", f"The deadline for your answer in {_stage(review)} has passed. Now {asked} may decide."


def _handed_over(notice: Notice, entry: Delegated | Reassigned) -> tuple[str, str]:
    by, stage = "A system" if entry.by == A_SYSTEM else entry.by, _stage(notice.review)
    delegated = isinstance(entry, Delegated)
    if same(entry.by, entry.to) and notice.to_answer:
        return "Your task again", f"You have taken back your task in {stage}. Your answer is needed."
    if same(entry.by, entry.to):
        return "Taken back", f"{by} has taken back the task in {stage}. You do not need to do anything."
    if notice.to_answer:
        done = "delegated" if delegated else "reassigned"
        return f"{done.capitalize()} to you", f"{by} has {done} a task in {stage} to you. Your answer is needed."
    done = f"{by} has given your task in {stage} to {entry.to}."
    return "Handed over", f"{done} You do not need to do anything."


def _ended(notice: Notice, entry: Ended) -> tuple[str, str]:
    review = notice.review
    subject, end = _ENDS[entry.outcome]
    whose = "Your proposal" if same(notice.person, review.author) else "The proposal that you were asked about"
    return subject, f"{whose} {end}{_details(entry)}{_silence(review)}"


def _details(entry: Ended) -> str:
    """Return who decided and with which word, or why it ended, up to the full stop."""
    match entry.outcome:
        case "expired":
            return f". The reason: {entry.reason}. It can be submitted again as a new proposal."
        case "failed":
            then = "Nothing was approved. Please submit it again, or ask the people who run Greenlight."
            return f". The reason: {entry.reason}. {then}"
        case "withdrawn":
            return "."
        case _:
            by = "" if entry.decided_by == NOBODY else f" by {entry.decided_by}"
            own = entry.word not in (entry.outcome, *KNOWN_WORDS)
            return f"{by}. The decision: {entry.word}." if own else f"{by}."


def _silence(review: Review) -> str:
    """Return a sentence about stages that passed because nobody answered."""
    stages = tuple(f"“{one_line(each)}”" for each in silent_stages(review))
    where = f"{'stage' if len(stages) == 1 else 'stages'} {people(stages)}"
    return f" Nobody answered in {where} in time, which the policy counts as a yes." if stages else ""


def _behalf(notice: Notice) -> str:
    return f" You answer on behalf of {notice.on_behalf_of}." if notice.to_answer and notice.on_behalf_of else ""


def _void(changed: bool) -> str:
    if changed:
        return (
            "The document has changed, so earlier answers do not count any more. "
            "You will be asked again if your answer is needed."
        )
    return "The document is the same, so earlier answers still count."


def _stage(review: Review) -> str:
    return stage_name(review.open_stage) if review.open_stage else "this proposal"
