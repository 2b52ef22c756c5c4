"""The activities of a review's workflow: advance the record, send letters, record decisions from events.

Each may run twice: an entry is recorded once, letters have keys, and the row in the list never goes back.
"""

import logging
from datetime import datetime
from typing import Annotated, Any

import azure.durable_functions as df

from approvals.forms import AsTuple
from approvals.instants import Instant, read_instant
from approvals.names import key
from approvals.record.chain import Chain
from approvals.record.entries import Entry, Via
from approvals.record.verdict import Anchor, State, Tampered
from approvals.reserved_names import GREENLIGHT
from approvals.rules.acceptance import Accepted, Actor, Repeated, accept
from approvals.rules.eligibility import Refused
from approvals.rules.progress import checked, counts, failed, settle
from approvals.rules.replay import replay
from approvals.rules.state import Review
from approvals.rules.turns import EventDecision, step_of
from approvals.rules.verbs import Decide
from approvals.validation import Boundary
from approvals.words.notices import Notice, notices_for
from gateways import clock
from gateways.letters.letters import open_letters
from gateways.letters.limits import open_letter_limits, per_proposal, per_sender
from gateways.letters.mail import open_post
from gateways.people import open_directory
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.review_records import open_review_records
from services.record_watch import keep_head
from services.review_changes import Unknown, add

bp = df.Blueprint()
log = logging.getLogger("greenlight.review")


class NoRecord(Exception):
    """There is no record of the proposal, so there is nothing to review."""


class Look(Boundary):
    """The input of AdvanceReview."""

    proposal_id: str
    now: Instant
    """The workflow's time. The clock of the activity's host may be behind it."""
    told: int


class Findings(Boundary):
    """The input of RecordChecks."""

    proposal_id: str
    document: str
    """The hash of the checked document. The findings are only about this document."""
    findings: Annotated[tuple[str, ...], AsTuple]


class Telling(Boundary):
    """The input of TellPeople."""

    proposal_id: str
    told: int
    """Number of the entry up to which letters were sent."""


class Taking(Boundary):
    """The input of DecideByEvent."""

    proposal_id: str
    heard: EventDecision


class Failing(Boundary):
    """The input of FailReview."""

    proposal_id: str
    told: int
    reason: str


@bp.activity_trigger(input_name="look", activity="AdvanceReview")
def advance_review(look: dict) -> dict:
    """Record everything that is due by now, update the proposal's row in the list, and return the next step.

    `step` is None if there is no record.
    """
    asked = Look.from_dict(look)
    by_now = read_instant(asked.now)
    found = add(asked.proposal_id, lambda review: settle(_uncut(review, asked.told), max(by_now, clock.now())))
    return _step(found, told=asked.told)


@bp.activity_trigger(input_name="findings", activity="RecordChecks")
def record_checks(findings: dict) -> dict:
    """Record the findings of a document's checks, which creates the plan and opens the first stage."""
    asked = Findings.from_dict(findings)
    found = add(
        asked.proposal_id,
        lambda review: checked(review, asked.findings, document=asked.document, now=clock.now()),
    )
    return {"recorded": not isinstance(found, Unknown)}


@bp.activity_trigger(input_name="telling", activity="TellPeople")
def tell_people(telling: dict) -> dict:
    """Send the letters about the entries after `told`; return the entry up to which all letters were sent.

    A letter that cannot be sent does not stop the others, and letters that were sent are not sent again. Letters over
    the daily limit are tried again later, like letters that could not be sent.
    """
    asked = Telling.from_dict(telling)
    chain = open_review_records().read(asked.proposal_id)
    if chain is None:
        raise NoRecord(f"there is no record of proposal {asked.proposal_id}")
    letters, post = open_letters(), open_post()
    notices = notices_for(chain.entries, told=asked.told)
    admitted = _admitted(asked.proposal_id, notices)
    unsent = list[int]()
    for notice in notices:
        if notice.key not in admitted:
            log.warning("proposal %s: letter %s has to wait: the daily limit is reached", asked.proposal_id, notice.key)
            unsent.append(notice.entry.number)
            continue
        try:
            post.send(letters.write(notice), key=notice.key)
        except Exception:  # the top of a loop: mail servers fail in many ways
            log.exception("proposal %s: the letter %s could not be sent", asked.proposal_id, notice.key)
            unsent.append(notice.entry.number)
    return {"told": min(unsent) - 1 if unsent else chain.entries[-1].number, "failed": len(unsent)}


def _admitted(proposal_id: str, notices: tuple[Notice, ...]) -> frozenset[str]:
    """Return the keys of the notices whose letters may be sent today, by the limits per proposal and per sender.

    Letters about timers and the workflow count for the author, who has submitted the proposal.
    """
    limits = open_letter_limits()
    keys = [notice.key for notice in notices]
    admitted = limits.admit(keys, holder=f"proposal {proposal_id}", most=per_proposal()) if keys else frozenset()
    by_sender = dict[str, list[str]]()
    for notice in notices:
        if notice.key in admitted:
            by = notice.review.author if notice.entry.by == GREENLIGHT else notice.entry.by
            by_sender.setdefault(key(by), []).append(f"{proposal_id} {notice.key}")
    allowed = frozenset[str]()
    for sender, letters in by_sender.items():
        allowed |= limits.admit(letters, holder=f"sender {sender}", most=per_sender())
    return frozenset(each.partition(" ")[2] for each in allowed)


@bp.activity_trigger(input_name="taking", activity="DecideByEvent")
def decide_by_event(taking: dict) -> dict:
    """Record a decision from an event once; `refused` is the code of the refusal, or None."""
    asked = Taking.from_dict(taking)
    refused: Refused | None = None

    def judge(review: Review) -> tuple[Entry, ...]:
        nonlocal refused
        answer = _judge(review, asked.heard, clock.now())
        refused = answer if isinstance(answer, Refused) else None
        return answer if isinstance(answer, tuple) else ()

    found = add(asked.proposal_id, judge)
    if isinstance(found, Unknown):
        return {"refused": "unknown"}
    if refused:
        log.warning("proposal %s: an event was refused: %s", asked.proposal_id, refused.code)
    return {"refused": refused.code if refused else None}


@bp.activity_trigger(input_name="failing", activity="FailReview")
def fail_review(failing: dict) -> dict:
    """End the review of a workflow that cannot continue, and return the step. An ended review is not changed."""
    asked = Failing.from_dict(failing)
    found = add(asked.proposal_id, lambda review: failed(_uncut(review, asked.told), asked.reason, now=clock.now()))
    return _step(found, told=asked.told)


def _uncut(review: Review, told: int) -> Review:
    """Return the review if its record still has all entries that its workflow has processed; raises `Tampered`."""
    if review.number < told:
        reason = f"the end is missing: {told} entries were processed, {review.number} are here"
        raise Tampered(review.number + 1, reason, State.CUT)
    return review


def _step(found: tuple[Chain, Review] | Unknown, *, told: int) -> dict[str, Any]:
    """Update the proposal's row in the list, and return the next step; None if there is no record.

    The row is an anchor: if it does not match the record, the row stays unchanged and `Tampered` is raised.
    """
    if isinstance(found, Unknown):
        return {"step": None}
    chain, review = found
    row = open_proposal_index().write(
        IndexRow.of(review, head=chain.head, size=chain.size, told=told),
        check=lambda stored: chain.check(Anchor(entries=stored.entries, head=stored.head)),
    )
    if review.final:
        keep_head(review.proposal_id, entries=review.number, head=chain.head)
    if row.told <= told:
        return {"step": step_of(review).to_dict()}
    return {"step": step_of(review, told=row.told, counted=counts(replay(chain.entries[: row.told]))).to_dict()}


def _judge(review: Review, heard: EventDecision, now: datetime) -> tuple[Entry, ...] | Refused:
    """Return the entries for an event's decision: none if it is already recorded."""
    actor = Actor(name=heard.decision.approver, via=Via.EVENT)
    answer = accept(review, _verb(heard), actor, now, directory=open_directory())
    match answer:
        case Accepted(entries=entries):
            return entries
        case Repeated():
            return ()
        case Refused():
            return answer


def _verb(heard: EventDecision) -> Decide:
    decision = heard.decision
    word = "approve" if decision.approved else "reject"
    return Decide(
        approver=decision.approver,
        decision=word,
        comment=decision.comment,
        decision_id=heard.id,
        document=decision.document,
        round=decision.round,
    )
