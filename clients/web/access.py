"""Which proposals a caller may see: systems see all, people see those that they are involved in."""

import asyncio
import logging
from dataclasses import dataclass

import azure.functions as func

from approvals.record.chain import Chain
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import is_involved
from approvals.rules.identities import name_in_review
from approvals.rules.state import Review
from clients.web.identity import Caller
from clients.web.responses import problem
from gateways.people import open_directory
from gateways.review_records import open_review_records
from services.audits import missing
from services.replays import review_of

log = logging.getLogger("greenlight.access")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleProposal:
    """A proposal that the caller may see."""

    chain: Chain
    review: Review


async def see(who: Caller, proposal_id: str) -> VisibleProposal | func.HttpResponse:
    """Return a proposal, or the refusal: 404 if there is none, 403 if this person is not involved in it."""
    try:
        chain = await asyncio.to_thread(lambda: open_review_records().read(proposal_id))
    except Tampered as error:
        return record_damaged(proposal_id, error)
    if chain is None:
        gone = await asyncio.to_thread(missing, proposal_id)
        return record_damaged(proposal_id, gone.finding) if gone else unknown_proposal(proposal_id)
    review = review_of(chain)
    if not _may_see(who, review):
        return problem(
            403,
            f"{who.name} is not involved in this proposal.",
            "Only its author and the people who are asked can see it; GET /api/proposals lists your proposals.",
            code="notAsked",
        )
    return VisibleProposal(chain=chain, review=review)


async def refuse_strangers(who: Caller, proposal_id: str) -> func.HttpResponse | None:
    """Return the refusal that `see` would give, for a caller who is about to act; None if there is none.

    Who was involved once stays involved. So somebody who is, by the record as this process knows it, may act on
    whatever it is now, and the record is read only for others.
    """
    known = open_review_records().cached(proposal_id)
    if known and _may_see(who, review_of(known)):
        return None
    seen = await see(who, proposal_id)
    return seen if isinstance(seen, func.HttpResponse) else None


def _may_see(who: Caller, review: Review) -> bool:
    """Say whether the caller is a system, or a person who is involved."""
    return who.name is None or is_involved(review, name_in_review(review, who.name, open_directory()))


def unknown_proposal(proposal_id: str) -> func.HttpResponse:
    """Return the 404 for an unknown proposal."""
    return problem(
        404,
        f"There is no proposal {proposal_id[:100]!r}.",
        "Check the id (upper and lower case differ); GET /api/proposals lists all proposals.",
    )


def record_damaged(proposal_id: str, finding: object) -> func.HttpResponse:
    """Return the response about a record that was changed: nothing is decided by it.

    This also raises an alert, which looks for this log line.
    """
    log.error("proposal %s: its record is not what was written: %s", proposal_id, finding)
    return problem(
        500,
        f"The record of this proposal was changed by somebody else: {finding}.",
        f"Tell an operator; GET /api/proposals/{proposal_id}/audit?verify=true shows what is wrong.",
        code="tampered",
    )
