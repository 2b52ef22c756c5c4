"""SweepReviews: once a minute, find the reviews whose workflow does not know what is in their record, and mend that.

A crash may fall between any two steps: behind the record of a new proposal, before its workflow is started; behind an
answer that was taken down, before the workflow is woken; behind an activity that has moved the record on, before the
workflow knows of it. The record holds what was done, so what is left to do is to make the workflow look.

Four lists are compared: open rows, all rows, the lengths of records, and the workflows that have not finished. The
lists say where to look and nothing more: they are old when their turn comes. A workflow that has just been started,
has gone on as a new execution, or has ended may stand in one list and not in another. So what is done about a review
goes by its workflow's own status (`Progress`), and then by its record, read in this order. A review that has ended in
between is left alone.

Some records are opened in turn, and those that are gone are told of (services/record_watch.py). A record that is not
what was written is nobody's to go on by: its review is left as it is, and somebody is woken.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import azure.durable_functions as df
import azure.functions as func

from approvals.operations import Lag
from approvals.record.chain import Chain
from approvals.record.verdict import Anchor
from approvals.rules.clockwork import WAKE, Progress, ReviewInput, Turn
from approvals.rules.progress import counts, failed
from approvals.rules.replay import replay
from approvals.rules.state import FINAL
from approvals.workflows import APPROVAL
from gateways import clock
from gateways.operations import open_operations
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.review_records import open_review_records
from services.audits import examine, judge
from services.instances import Instance, find_instance, list_alive, raise_event, start
from services.record_watch import tell, watch
from services.review_changes import Unknown, add

bp = df.Blueprint()
log = logging.getLogger("greenlight.sweep")

MOST_A_RUN = 200
"""Mended by one run; what is left is found again by the next."""

MOST_NAMED = 50
"""Reviews that operators are shown of one run."""

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
    """Nothing: it is in order, too young, or not what it seems."""
    NOT_MENDED = "notMended"
    """It could not be mended this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Straggler:
    """A review whose workflow may not know how far its record is."""

    proposal_id: str
    row: IndexRow | None
    """None where the list does not have it."""
    lag: Lag

    @property
    def overdue(self) -> bool:
        """Its record has grown, or its time is up. Else only its workflow can say whether there is anything to do."""
        return self.lag not in (Lag.LOST, Lag.UNTOLD)


@bp.function_name(name="SweepReviews")
@bp.timer_trigger(arg_name="timer", schedule="30 * * * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def sweep_reviews(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Mend what needs it, at most `MOST_A_RUN` reviews; it may be cut at any moment, and run twice at once."""
    stragglers, records = await _find(client, clock.now())
    done = Counter[Action]()
    named = list[dict[str, str]]()
    for straggler in stragglers[:MOST_A_RUN]:
        action = await _mend(client, straggler)
        done[action] += 1
        named.append({"proposalId": straggler.proposal_id, "lag": straggler.lag.value, "done": action.value})
    line: dict[str, object] = {"record": "sweep", "records": records, "found": len(stragglers)}
    line |= {action.value: count for action, count in done.items()}
    unusual = set(done) - {Action.WOKEN, Action.LEFT} or len(stragglers) > MOST_A_RUN
    log.log(logging.WARNING if unusual else logging.INFO, json.dumps(line))
    later = ({"proposalId": each.proposal_id, "lag": each.lag.value, "done": "later"} for each in stragglers)
    named += list(later)[MOST_A_RUN:]
    # A row that was put in order is nobody's concern; those that operators may have to look at come first.
    named = [each for each in named if each["done"] != Action.LEFT.value or each["lag"] != Lag.UNTOLD.value]
    named.sort(key=lambda each: each["done"] == Action.WOKEN.value)
    await asyncio.to_thread(_keep, {**line, "stuckCount": len(named), "stuck": named[:MOST_NAMED]})


def _keep(line: Mapping[str, object]) -> None:
    """Write down for operators how the sweep went; where that fails the log has it all the same. Blocks."""
    try:
        open_operations().keep_run("sweep", line, now=clock.now())
    except Exception:
        log.exception("the run of the sweep could not be written down")


def find_stragglers(
    rows: Iterable[IndexRow],
    listed: frozenset[str],
    sizes: Mapping[str, int],
    now: datetime,
    *,
    alive: frozenset[str] | None = None,
) -> tuple[Straggler, ...]:
    """Return the reviews that need a look, what is overdue first.

    `rows` are those of reviews that are open or not known to be carried out, `listed` has every proposal with a row,
    `alive` every workflow that has not finished; None where nobody knows.
    """
    unlisted = (Straggler(proposal_id=each, row=None, lag=Lag.UNLISTED) for each in sizes if each not in listed)
    overdue, lost, untold = list[Straggler](), list[Straggler](), list[Straggler]()
    for row in rows:
        size = sizes.get(row.proposal_id, 0)
        is_open = row.status not in FINAL
        if size > row.size or _is_late(row, now):
            lag = Lag.BEHIND if size > row.size else Lag.LATE
            overdue.append(Straggler(proposal_id=row.proposal_id, row=row, lag=lag))
        elif is_open and size == row.size and alive is not None and row.proposal_id not in alive:
            lost.append(Straggler(proposal_id=row.proposal_id, row=row, lag=Lag.LOST))
        elif size == row.size and row.told < row.entries:
            untold.append(Straggler(proposal_id=row.proposal_id, row=row, lag=Lag.UNTOLD))
    return (*unlisted, *overdue, *lost, *untold)


def _is_late(row: IndexRow, now: datetime) -> bool:
    """Say whether something should have happened to a review long ago."""
    if row.status in FINAL:
        return False
    return now > row.deadline + LATE if row.deadline else now > row.submitted_at + SILENT


async def _find(client: df.DurableOrchestrationClient, now: datetime) -> tuple[tuple[Straggler, ...], int]:
    """Ask for the lists, and have the records looked after.

    Workflows come after the rows, as a row is written before its workflow is started.
    """
    rows, listed, sizes = await asyncio.to_thread(_lists)
    alive = await _alive(client) if any(row.status not in FINAL for row in rows) else frozenset[str]()
    try:
        await asyncio.to_thread(watch, listed, sizes, now)
    except Exception:
        # What was to be looked at is looked at by a later sweep; the reviews go on meanwhile.
        log.exception("the records could not be looked after")
    return find_stragglers(rows, listed, sizes, now, alive=alive), len(sizes)


def _lists() -> tuple[tuple[IndexRow, ...], frozenset[str], Mapping[str, int]]:
    """Ask the storage, the records last: they only grow, so none is behind its row. Blocks."""
    index = open_proposal_index()
    rows = {row.proposal_id: row for row in (*index.open_rows(), *index.untold_rows())}
    listed = frozenset(index.ids())
    sizes = dict(open_review_records().sizes())
    for row in rows.values():
        if sizes.get(row.proposal_id, 0) < row.size:
            log.error("proposal %s: its record is shorter than it was; greenlight audit verify", row.proposal_id)
    return tuple(rows.values()), listed, sizes


async def _alive(client: df.DurableOrchestrationClient) -> frozenset[str] | None:
    """Return the workflows that have not finished; None where the host does not say, as this alone mends nothing."""
    try:
        return await list_alive(client)
    except Exception:
        log.exception("the list of instances could not be read, so no lost workflow is noticed this time")
        return None


async def _mend(client: df.DurableOrchestrationClient, straggler: Straggler) -> Action:
    """Look at the workflow, and wake or start it; one that cannot be mended does not keep the others waiting."""
    proposal_id = straggler.proposal_id
    try:
        instance = await find_instance(client, proposal_id)
        if instance and instance.workflow.casefold() != APPROVAL.name.casefold():
            log.error("proposal %s has a record, but its id is that of a %s", proposal_id, instance.workflow)
            return Action.LEFT
        if instance and not instance.finished:
            return await _wake(client, instance, straggler)
        if not await asyncio.to_thread(_is_sound, proposal_id, instance):
            return Action.LEFT
        turn = await asyncio.to_thread(_turn, straggler, instance, clock.now())
        argument = ReviewInput(review=turn).to_dict() if turn else None
        if argument is None or not await start(client, APPROVAL.name, proposal_id, argument, again=True):
            return Action.LEFT
    except Exception:
        log.exception("proposal %s could not be mended", proposal_id)
        return Action.NOT_MENDED
    return Action.STARTED if instance is None else Action.FAILED


async def _wake(client: df.DurableOrchestrationClient, instance: Instance, straggler: Straggler) -> Action:
    """Wake a workflow that is behind; of one that is not, put down that it has carried everything out."""
    progress, row = Progress.read(instance.custom_status), straggler.row
    if straggler.overdue or row is None or progress.entries < row.entries:
        return Action.WOKEN if await raise_event(client, instance, WAKE, {}) else Action.LEFT
    if not progress.untold:
        await asyncio.to_thread(lambda: open_proposal_index().write(replace(row, told=row.entries)))
    return Action.LEFT


def _is_sound(proposal_id: str, instance: Instance | None) -> bool:
    """Say whether a review may go on by its record, and tell where it may not; no record is none to go on by. Blocks.

    What its last workflow had carried out must be in it, even where the row of the list is gone.
    """
    found = examine(proposal_id)
    if found is None or not found.content:
        return False
    done = Progress.read(instance.custom_status).entries if instance else 0
    verdict = judge(proposal_id, found.content, (*found.anchors, *([Anchor(entries=done)] if done else ())))
    if not verdict.sound:
        tell(proposal_id, verdict)
    return verdict.sound


def _turn(straggler: Straggler, instance: Instance | None, now: datetime) -> Turn | None:
    """Return with what a workflow is to be started; None where there is nothing to start. Blocks.

    Where one has finished (`instance`) and its review has not, the review is put on record as failed first; the new one
    is there to tell people and to count it. Where both have ended, a new one is only for what the old one had not told.
    """
    chain = _ended(straggler.proposal_id, now) if instance else open_review_records().read(straggler.proposal_id)
    if chain is None or (straggler.row is None and now < chain.entries[0].at + YOUNG):
        return None
    review, index = replay(chain.entries), open_proposal_index()
    row = index.find(straggler.proposal_id)  # as it is now
    done = instance and (instance.completed or Progress.read(instance.custom_status).holds(review.number))
    if review.final and (done or (row and row.told >= review.number)):
        index.write(IndexRow.of(review, head=chain.head, size=chain.size, told=review.number))
        return None
    told = row.told if row else 0
    counted = counts(replay(chain.entries[:told])) if told else {}
    return Turn(proposal_id=straggler.proposal_id, told=told, counted=counted)


def _ended(proposal_id: str, now: datetime) -> Chain | None:
    """Return the record of a review that nobody carries out any more, ended as failed where it had not ended."""
    reason = "its workflow was ended before it was decided"
    found = add(proposal_id, lambda review: failed(review, reason, now=now))
    return None if isinstance(found, Unknown) else found[0]
