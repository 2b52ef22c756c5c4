"""The activities of a review's workflow: advance the record, send letters, record decisions from events.

Each may run twice: an entry is recorded once, letters have keys, and the row in the list never goes back.
"""

import asyncio
import logging
from datetime import datetime
from typing import Annotated, Any

import azure.durable_functions as df

from approvals.findings import CLEAN
from approvals.forms import AsTuple
from approvals.instants import read_instant
from approvals.record.chain import Chain
from approvals.record.entries import Entry, Via
from approvals.record.verdict import State, Tampered
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.counter_state import Contribution
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from approvals.rules.progress import checked, end_as_failed, settle
from approvals.rules.replay import apply
from approvals.rules.state import Checking, Review
from approvals.rules.turns import EventDecision
from approvals.rules.verbs import Decide
from approvals.validation import Boundary
from gateways import clock
from gateways.people import open_directory
from gateways.review_records import open_review_records
from services.document_checks import check_files
from services.looks import Look, carry_out, list_step
from services.replays import review_of
from services.review_changes import Unknown, add
from services.review_letters import notices_of, send_letters

bp = df.Blueprint()
log = logging.getLogger("greenlight.review")


class NoRecord(Exception):
    """There is no record of the proposal, so there is nothing to review."""


class Findings(Boundary):
    """The input of RecordChecks."""

    proposal_id: str
    document: str
    """The hash of the checked document. The findings are only about this document."""
    findings: Annotated[tuple[str, ...], AsTuple]
    look: Look | None = None
    """What is to be carried out then; None for a workflow that an earlier version has begun, which looks itself."""


class TellInput(Boundary):
    """The input of TellPeople."""

    proposal_id: str
    told: int
    """Number of the entry up to which letters were sent."""


class DecideInput(Boundary):
    """The input of DecideByEvent."""

    proposal_id: str
    heard: EventDecision


class FailInput(Boundary):
    """The input of FailReview."""

    proposal_id: str
    told: int
    reason: str
    look: Look | None = None
    """As above."""


@bp.activity_trigger(input_name="look", activity="AdvanceReview")
@bp.durable_client_input(client_name="client")
async def advance_review(look: dict, client: df.DurableOrchestrationClient) -> dict:
    """Record everything that is due by now, carry it out, and return the next step.

    `step` is None if there is no record. The next step is `check` only for files whose checks need a workflow.
    """
    asked = Look.from_dict(look)
    found = await asyncio.to_thread(_advance, asked)
    return await _step(found, client, asked if asked.tell else None, told=asked.told)


@bp.activity_trigger(input_name="findings", activity="RecordChecks")
@bp.durable_client_input(client_name="client")
async def record_checks(findings: dict, client: df.DurableOrchestrationClient) -> dict:
    """Record the findings of a document's checks, which creates the plan and opens the first stage; carry it out."""
    asked = Findings.from_dict(findings)
    found = await asyncio.to_thread(_record_findings, asked.proposal_id, asked.findings, asked.document, asked.look)
    if asked.look is None:
        return {"recorded": not isinstance(found, Unknown)}
    return await _step(found, client, asked.look, told=asked.look.told)


@bp.activity_trigger(input_name="telling", activity="TellPeople")
def tell_people(telling: dict) -> dict:
    """Send the letters about the entries after `told`; return the entry up to which all letters were sent.

    For workflows that an earlier version has begun: since then a look sends the letters itself.
    """
    asked = TellInput.from_dict(telling)
    chain = open_review_records().read(asked.proposal_id)
    if chain is None:
        raise NoRecord(f"there is no record of proposal {asked.proposal_id}")
    unsent = send_letters(asked.proposal_id, notices_of(chain, told=asked.told))
    return {"told": min(unsent) - 1 if unsent else chain.entries[-1].number, "failed": len(unsent)}


@bp.activity_trigger(input_name="taking", activity="DecideByEvent")
def decide_by_event(taking: dict) -> dict:
    """Record a decision from an event once; `refused` is the code of the refusal, or None."""
    asked = DecideInput.from_dict(taking)
    refused: ActionRefused | None = None

    def judge(review: Review) -> tuple[Entry, ...]:
        nonlocal refused
        answer = _judge(review, asked.heard, clock.now())
        refused = answer if isinstance(answer, ActionRefused) else None
        return answer if isinstance(answer, tuple) else ()

    found = add(asked.proposal_id, judge)
    if isinstance(found, Unknown):
        return {"refused": "unknown"}
    if refused:
        log.warning("proposal %s: an event was refused: %s", asked.proposal_id, refused.code)
    return {"refused": refused.code if refused else None}


@bp.activity_trigger(input_name="failing", activity="FailReview")
@bp.durable_client_input(client_name="client")
async def fail_review(failing: dict, client: df.DurableOrchestrationClient) -> dict:
    """End the review of a workflow that cannot continue, and return the step. An ended review is not changed."""
    asked = FailInput.from_dict(failing)

    def judge(review: Review) -> tuple[Entry, ...]:
        return end_as_failed(_uncut(review, asked.told), asked.reason, now=clock.now())

    found = await asyncio.to_thread(add, asked.proposal_id, judge)
    return await _step(found, client, asked.look, told=asked.told)


def _advance(look: Look) -> tuple[Chain, Review] | Unknown:
    """Record what is due, and what the checks find where no workflow is needed for them.

    If this process knows that files are to be checked, as after a submission, they are checked at once: findings about
    a document that has changed since are not recorded.
    """

    def due(review: Review) -> tuple[Entry, ...]:
        return _due(_uncut(review, look.told), look)

    known = open_review_records().cached(look.proposal_id)
    review, found = review_of(known) if known else None, None
    if review is None or not isinstance(review.phase, Checking):
        found = add(look.proposal_id, due, complete=look.complete)
        if isinstance(found, Unknown) or not isinstance(found[1].phase, Checking):
            return found
        review = found[1]
    findings = check_files(review) if look.tell and review.attachments else None
    if findings is not None:
        return _record_findings(look.proposal_id, findings, review.document, look)
    return found or add(look.proposal_id, due)


def _record_findings(
    proposal_id: str, findings: tuple[str, ...], document: str, look: Look | None
) -> tuple[Chain, Review] | Unknown:
    """Record the findings about a document, unless it is not checked any more; then what is due otherwise."""

    def judge(review: Review) -> tuple[Entry, ...]:
        planned = checked(_uncut(review, look.told if look else 0), findings, document=document, now=clock.now())
        return planned or (_due(review, look) if look else ())

    return add(proposal_id, judge)


def _due(review: Review, look: Look) -> tuple[Entry, ...]:
    """Return what is due by the workflow's time or this host's, whichever is later; also the plan, without files."""
    now = max(read_instant(look.now), clock.now())
    entries = settle(review, now)
    for entry in entries:
        review = apply(review, entry)
    if look.tell and isinstance(review.phase, Checking) and not review.attachments:
        entries += checked(review, CLEAN, document=review.document, now=now)
    return entries


def _uncut(review: Review, told: int) -> Review:
    """Return the review if its record still has all entries that its workflow has processed; raises `Tampered`."""
    if review.number < told:
        reason = f"the end is missing: {told} entries were processed, {review.number} are here"
        raise Tampered(review.number + 1, reason, State.CUT)
    return review


async def _step(
    found: tuple[Chain, Review] | Unknown, client: df.DurableOrchestrationClient, look: Look | None, *, told: int
) -> dict[str, Any]:
    """Carry out what a workflow has asked for, and return the next step; None if there is no record."""
    if isinstance(found, Unknown):
        return {"step": None}
    chain, review = found
    if look is None:
        return await asyncio.to_thread(list_step, chain, review, told=told)

    async def tell(counter: str, contribution: Contribution) -> None:
        await client.signal_entity(df.EntityId("Counter", counter), "add", contribution.to_dict())

    return await carry_out(look, chain, review, tell)


def _judge(review: Review, heard: EventDecision, now: datetime) -> tuple[Entry, ...] | ActionRefused:
    """Return the entries for an event's decision: none if it is already recorded."""
    actor = Actor(name=heard.decision.approver, via=Via.EVENT)
    answer = accept(review, _verb(heard), actor, now, directory=open_directory())
    match answer:
        case Accepted(entries=entries):
            return entries
        case AlreadyRecorded():
            return ()
        case ActionRefused():
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
