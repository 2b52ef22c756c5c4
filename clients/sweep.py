"""SweepReviews: once a minute, find the reviews whose workflow does not know what is in their record, and mend that.

A crash may fall between any two steps: behind the record of a new proposal, before its workflow is started; behind an
answer that was taken down, before the workflow is woken. The record holds what was done, so what is left to do is to
make the workflow look. Three lists are compared, whose lengths say all: no record is opened that is in order.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import azure.durable_functions as df
import azure.functions as func

from approvals.review.clockwork import WAKE, ReviewInput, Turn
from approvals.review.progress import counts, failed
from approvals.review.replay import replay
from approvals.workflows import APPROVAL
from clients.instances import find_instance, raise_event
from gateways import clock
from gateways.proposal_index import IndexRow, open_proposal_index
from gateways.review_changes import Unknown, add
from gateways.review_records import open_review_records

bp = df.Blueprint()
log = logging.getLogger("greenlight.sweep")

MOST_A_RUN = 200
"""Mended by one run; what is left is found again by the next."""

YOUNG = timedelta(seconds=30)
"""A record without a row that is younger is still being handed in."""

LATE = timedelta(minutes=2)
"""So long after a review's time was up its workflow has not come to it, and is looked after."""

SILENT = timedelta(hours=1)
"""The same for one that has no time to wait for: its document is being checked."""


class Action(StrEnum):
    """What was done about a review."""

    WOKEN = "woken"
    STARTED = "started"
    FAILED = "failed"
    LEFT = "left"
    """Nothing: it is too young, or not what it seems."""
    NOT_MENDED = "notMended"
    """It could not be mended this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Straggler:
    """A review whose workflow may not know how far its record is; `row` is None where the list does not have it."""

    proposal_id: str
    row: IndexRow | None


@bp.function_name(name="SweepReviews")
@bp.timer_trigger(arg_name="timer", schedule="30 * * * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def sweep_reviews(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Mend what needs it, at most `MOST_A_RUN` reviews; it may be cut at any moment, and run twice at once."""
    stragglers, records = await asyncio.to_thread(_find, clock.now())
    done = Counter[Action]()
    for straggler in stragglers[:MOST_A_RUN]:
        done[await _mend(client, straggler)] += 1
    line: dict[str, object] = {"record": "sweep", "records": records, "found": len(stragglers)}
    line |= {action.value: count for action, count in done.items()}
    unusual = set(done) - {Action.WOKEN, Action.LEFT} or len(stragglers) > MOST_A_RUN
    log.log(logging.WARNING if unusual else logging.INFO, json.dumps(line))


def find_stragglers(
    rows: Iterable[IndexRow], listed: frozenset[str], sizes: Mapping[str, int], now: datetime
) -> tuple[Straggler, ...]:
    """Return the reviews that need a look. `rows` are those of open reviews, `listed` has every proposal with a row."""
    unlisted = (Straggler(proposal_id=each, row=None) for each in sizes if each not in listed)
    behind = (
        Straggler(proposal_id=row.proposal_id, row=row)
        for row in rows
        if sizes.get(row.proposal_id, 0) > row.size or _is_late(row, now)
    )
    return (*unlisted, *behind)


def _is_late(row: IndexRow, now: datetime) -> bool:
    """Say whether something should have happened to a review long ago."""
    return now > row.deadline + LATE if row.deadline else now > row.submitted_at + SILENT


def _find(now: datetime) -> tuple[tuple[Straggler, ...], int]:
    """Ask for the three lists, the records last: they only grow, so none is behind its row. Blocks."""
    index = open_proposal_index()
    rows = tuple(index.open_rows())
    listed = frozenset(index.ids())
    sizes = dict(open_review_records().sizes())
    for row in rows:
        if sizes.get(row.proposal_id, 0) < row.size:
            log.error("proposal %s: its record is shorter than it was; greenlight audit verify", row.proposal_id)
    return find_stragglers(rows, listed, sizes, now), len(sizes)


async def _mend(client: df.DurableOrchestrationClient, straggler: Straggler) -> Action:
    """Wake the workflow, or start it; one that cannot be mended does not keep the others waiting."""
    proposal_id = straggler.proposal_id
    try:
        instance = await find_instance(client, proposal_id)
        if instance and instance.workflow.casefold() != APPROVAL.name.casefold():
            log.error("proposal %s has a record, but its id is that of a %s", proposal_id, instance.workflow)
            return Action.LEFT
        if instance and not instance.finished:
            return Action.WOKEN if await raise_event(client, instance, WAKE, {}) else Action.LEFT
        turn = await asyncio.to_thread(_turn, straggler, clock.now(), gave_up=instance is not None)
        if turn is None:
            return Action.LEFT
        await client.start_new(APPROVAL.name, proposal_id, ReviewInput(review=turn).to_dict())
    except Exception:
        log.exception("proposal %s could not be mended", proposal_id)
        return Action.NOT_MENDED
    return Action.STARTED if instance is None else Action.FAILED


def _turn(straggler: Straggler, now: datetime, *, gave_up: bool) -> Turn | None:
    """Return with what a workflow is to be started; None where there is nothing to start. Blocks.

    Where one was ended before its review was (`gave_up`), the review is put on record as failed first; the new one is
    there to tell people and to count it. What was counted already follows from the entries that the old one had seen.
    """
    if gave_up:
        reason = "its workflow was ended before it was decided"
        found = add(straggler.proposal_id, lambda review: failed(review, reason, now=now))
        chain = None if isinstance(found, Unknown) else found[0]
    else:
        chain = open_review_records().read(straggler.proposal_id)
    if chain is None or (straggler.row is None and now < chain.entries[0].time + YOUNG):
        return None
    row = straggler.row
    seen = chain.entries[: row.entries] if row and row.size else ()
    counted = counts(replay(seen)) if seen else {}
    return Turn(proposal_id=straggler.proposal_id, told=row.told if row else 0, counted=counted)
