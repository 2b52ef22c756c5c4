"""What a review's workflow does in the world: look at the record and move it on, tell people, take down what it heard.

Each may run twice. The record takes an entry once, letters have keys, and the index row never goes back.
"""

import logging
from datetime import datetime
from typing import Annotated, Any

import azure.durable_functions as df

from approvals.decision import Decision
from approvals.forms import AsTuple
from approvals.instants import Instant, read_instant
from approvals.review.acceptance import Accepted, Actor, Repeated, accept
from approvals.review.chain import Chain
from approvals.review.clockwork import Heard, step_of
from approvals.review.entries import Entry, Via
from approvals.review.notices import notices_for
from approvals.review.progress import checked, counts, failed, settle
from approvals.review.replay import replay
from approvals.review.standing import Refused
from approvals.review.state import Review
from approvals.review.unnamed import whose
from approvals.review.verbs import Decide
from approvals.validation import Boundary
from gateways import clock
from gateways.letters import open_letters
from gateways.mail import open_post
from gateways.proposal_index import IndexRow, open_proposal_index
from gateways.review_changes import Unknown, add
from gateways.review_records import open_review_records

bp = df.Blueprint()
log = logging.getLogger("greenlight.review")


class NoRecord(Exception):
    """There is no record of that proposal, so there is nothing to review."""


class Look(Boundary):
    """The input of AdvanceReview."""

    proposal_id: str
    now: Instant
    """The workflow's time; the clock of the host that the activity runs on may be behind it."""
    told: int


class Findings(Boundary):
    """The input of RecordChecks."""

    proposal_id: str
    document: str
    """The hash of the document that was checked; of another one the findings say nothing."""
    findings: Annotated[tuple[str, ...], AsTuple]


class Telling(Boundary):
    """The input of TellPeople."""

    proposal_id: str
    told: int
    """Number of the entry up to which people have been told."""


class Taking(Boundary):
    """The input of DecideByEvent."""

    proposal_id: str
    heard: Heard


class Failing(Boundary):
    """The input of FailReview."""

    proposal_id: str
    told: int
    reason: str


@bp.activity_trigger(input_name="look", activity="AdvanceReview")
def advance_review(look: dict) -> dict:
    """Write down what time has brought, put the proposal's row in order, and return the step that follows.

    `step` is None where there is no record.
    """
    asked = Look.from_dict(look)
    by_now = read_instant(asked.now)
    return _step(add(asked.proposal_id, lambda review: settle(review, max(by_now, clock.now()))), told=asked.told)


@bp.activity_trigger(input_name="findings", activity="RecordChecks")
def record_checks(findings: dict) -> dict:
    """Write down what the checks of a document found, which makes the plan and opens the first stage."""
    asked = Findings.from_dict(findings)
    found = add(
        asked.proposal_id,
        lambda review: checked(review, asked.findings, document=asked.document, now=clock.now()),
    )
    return {"recorded": not isinstance(found, Unknown)}


@bp.activity_trigger(input_name="telling", activity="TellPeople")
def tell_people(telling: dict) -> dict:
    """Send the letters that follow from the entries after `told`; return up to which entry all of them are sent.

    One letter that cannot be sent does not keep the others back; those that were sent are not sent again.
    """
    asked = Telling.from_dict(telling)
    chain = open_review_records().read(asked.proposal_id)
    if chain is None:
        raise NoRecord(f"there is no record of proposal {asked.proposal_id}")
    letters, post = open_letters(), open_post()
    unsent = list[int]()
    for notice in notices_for(chain.entries, told=asked.told):
        try:
            post.send(letters.write(notice), key=notice.key)
        except Exception:  # the top of a loop: mail servers fail in more ways than can be listed
            log.exception("proposal %s: the letter %s could not be sent", asked.proposal_id, notice.key)
            unsent.append(notice.entry.number)
    return {"told": min(unsent) - 1 if unsent else chain.entries[-1].number, "failed": len(unsent)}


@bp.activity_trigger(input_name="taking", activity="DecideByEvent")
def decide_by_event(taking: dict) -> dict:
    """Take down a decision that came as an event, once; `refused` is a word that says why it was not, or None."""
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
    """End the review of a workflow that cannot go on, and return the step; one that has ended stays as it is."""
    asked = Failing.from_dict(failing)
    return _step(add(asked.proposal_id, lambda review: failed(review, asked.reason, now=clock.now())), told=asked.told)


def _step(found: tuple[Chain, Review] | Unknown, *, told: int) -> dict[str, Any]:
    """Put the proposal's row in order, and return the step that follows; None where there is no record."""
    if isinstance(found, Unknown):
        return {"step": None}
    chain, review = found
    row = open_proposal_index().write(IndexRow.of(review, head=chain.head, size=chain.size, told=told))
    if row.told <= told:
        return {"step": step_of(review).to_dict()}
    return {"step": step_of(review, told=row.told, counted=counts(replay(chain.entries[: row.told]))).to_dict()}


def _judge(review: Review, heard: Heard, now: datetime) -> tuple[Entry, ...] | Refused:
    """Return the entries of an event's decision: none where it is in the record already.

    An unnamed one is whose it was before time moved on: the yes that an approver sends too late is not that of the
    person to whom it was escalated.
    """
    decision = heard.decision
    person = decision.approver if decision.named else whose(review, heard.id)
    if isinstance(person, Refused):
        return person
    answer = accept(review, _verb(decision, person, heard.id), Actor(name=person, via=Via.EVENT), now)
    match answer:
        case Accepted(entries=entries):
            return entries
        case Repeated():
            return ()
        case Refused():
            return answer


def _verb(decision: Decision, person: str, decision_id: str) -> Decide:
    word = "approve" if decision.approved else "reject"
    return Decide(approver=person, decision=word, comment=decision.comment, decision_id=decision_id)
