"""A look of a review's workflow at the record: what follows from it is carried out, and how far is written down.

People get their letters, the counters their numbers, and the list its row. Each may be done twice without harm: letters
have keys, a counter is told what the review comes to, and the row never goes back. So the row may say that everything
up to an entry is done as soon as it is, though the workflow has not heard of it yet.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from approvals.instants import Instant
from approvals.record.chain import Chain
from approvals.record.verdict import Anchor
from approvals.rules.counter_state import Contribution
from approvals.rules.progress import counts
from approvals.rules.state import Review
from approvals.rules.turns import LISTENED_FOR, Count, Step, step_of
from approvals.validation import Boundary
from approvals.words.notices import Notice
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from services.record_watch import keep_head
from services.replays import review_of
from services.review_letters import notices_of, send_letters

log = logging.getLogger("greenlight.review")

TellCounter = Callable[[str, Contribution], Awaitable[None]]
"""Tells the counter of that name what a review comes to."""


class Look(Boundary):
    """What a workflow asks for: that what has come since is carried out."""

    proposal_id: str
    now: Instant
    """The workflow's time. The clock of the activity's host may be behind it."""
    told: Count
    """Number of the entry up to which letters were sent."""
    counted: Annotated[dict[str, Count], Field(default_factory=dict)]
    """What the counters were told of this review."""
    woken_by: Count = 0
    """Number of the last entry that the workflow was woken for; 0 if there may be later ones that wake nobody."""
    tell: bool = False
    """Whether people and counters are told. Workflows that an earlier version has begun tell them themselves."""

    @property
    def complete(self) -> range:
        """How many entries a record has that is known to be complete, or about whose next entry an event comes.

        The last wait waited for the event of that next entry and did not hear it. So it has not come yet, and the next
        wait hears it. Of an entry after those that were waited for, an event may have come and gone.
        """
        return range(self.woken_by, self.told + LISTENED_FOR) if self.woken_by else range(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """How far everything is carried out, by the workflow and by the list, whichever knows more."""

    told: int
    counted: Mapping[str, int]
    notices: tuple[Notice, ...]
    """About what comes after that."""


async def carry_out(look: Look, chain: Chain, review: Review, tell: TellCounter) -> dict[str, Any]:
    """Carry out what follows from a record, and return the next step, and how far people and counters were told.

    While files are checked nobody is told. Raises `Tampered` if the list has seen another record, and whatever `tell`
    raises.
    """
    step = step_of(review)
    if step.next == "check":
        return await asyncio.to_thread(list_step, chain, review, told=look.told)
    known = await asyncio.to_thread(_begin, look, chain, review)
    told = await asyncio.to_thread(_tell_people, review, known)
    for counter in step.missing_counts(known.counted):
        total, before = step.counts[counter], known.counted.get(counter, 0)
        await tell(counter, Contribution(proposal_id=review.proposal_id, known=before, total=total))
    await asyncio.to_thread(_end, chain, review, told)
    return {"step": step.to_dict(), "told": told, "counted": {**known.counted, **step.counts}}


def list_step(chain: Chain, review: Review, *, told: int) -> dict[str, Any]:
    """Update the proposal's row in the list, and return the next step, for a workflow that carries it out. Blocks.

    If the row shows that more was told than the workflow knows, the step says how far, and what was counted by then.
    """
    row = _end(chain, review, told)
    if row.told <= told:
        return {"step": step_of(review).to_dict()}
    step: Step = step_of(review, told=row.told, counted=counts(review_of(chain, row.told)))
    return {"step": step.to_dict()}


def _begin(look: Look, chain: Chain, review: Review) -> _Known:
    """Find out what is left to do.

    The row of the list is written first if there are letters, because who gets one may look there. It is also asked
    what was done before, of which a workflow that was started anew knows nothing. Otherwise what this process has
    written last shows that.
    """
    notices, row = notices_of(chain, told=look.told), open_proposal_index().cached(IndexRow.of(review, head=chain.head))
    is_listed = row is not None and (row.entries, row.head) == (review.number, chain.head)
    if row is None or (notices and not is_listed):
        row = _enter(chain, review, look.told)
    if row.told <= look.told:
        return _Known(told=look.told, counted=look.counted, notices=notices)
    counted = {**look.counted, **counts(review_of(chain, row.told))}
    return _Known(told=row.told, counted=counted, notices=notices_of(chain, told=row.told))


def _tell_people(review: Review, known: _Known) -> int:
    """Send the letters; return the entry up to which all were sent. Where nothing goes, the review goes on.

    If the limits or the settings cannot be read, once more at once, because the next look comes a minute later.
    """
    if not known.notices:
        return review.number
    for is_last in (False, True):
        try:
            unsent = send_letters(review.proposal_id, known.notices)
            return min(unsent) - 1 if unsent else review.number
        except Exception:
            if is_last:
                log.exception("proposal %s: its letters could not be sent", review.proposal_id)
    return known.told


def _end(chain: Chain, review: Review, told: int) -> IndexRow:
    """Write the proposal's row, and copy the head of a review that has ended."""
    row = _enter(chain, review, told)
    if review.final:
        keep_head(review.proposal_id, entries=review.number, head=chain.head)
    return row


def _enter(chain: Chain, review: Review, told: int) -> IndexRow:
    """Write the proposal's row.

    It is an anchor: if it does not match the record, it stays unchanged and `Tampered` is raised.
    """
    return open_proposal_index().write(
        IndexRow.of(review, head=chain.head, size=chain.size, told=told),
        check=lambda stored: chain.check(Anchor(entries=stored.entries, head=stored.head)),
    )
