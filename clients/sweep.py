"""SweepReviews: once a minute, finds reviews whose workflow does not know the latest entries of the record.

A crash can happen between any two steps: after a proposal is recorded and before its workflow is started; after an
answer is recorded and before the workflow is woken; after an activity has extended the record and before the workflow
gets its result. The record has everything that was done, so the sweep only has to wake or start the workflow.

What is open, and what is not completely processed, is listed with one call each minute. So the sweep finds what misses
its time, what was not started, and what nobody was told.

Every ten minutes, and after failures (services/full_looks.py), the sweep looks at everything: at the rows of the list,
the ids of all rows, the lengths of all records, and the workflows that have not finished. They are read one after the
other, so they may not match: a workflow that was just started, has continued as new or has ended may be in one list and
not in another. So the lists only select the reviews to check. For each of them the sweep reads first the workflow's
status (`Progress`), then the record, and decides by these. A review that has ended in between is left alone.

Then the sweep also verifies records and reports missing ones (services/record_watch.py). If a record was changed, its
review is not continued, and an alert is raised.
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

from approvals.operations import StuckReason
from approvals.record.chain import Chain
from approvals.record.verdict import Anchor
from approvals.rules.progress import counts, end_as_failed
from approvals.rules.state import FINAL
from approvals.rules.turns import WAKE, Progress, ReviewInput, Turn
from approvals.workflows import APPROVAL
from gateways import clock
from gateways.operations import open_operations
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.review_records import Extent, open_review_records
from services.audits import examine, judge
from services.full_looks import open_looks
from services.instances import Instance, find_instance, list_alive, raise_event, start
from services.record_watch import open_record_watch, report
from services.replays import review_of
from services.review_changes import Unknown, add

bp = df.Blueprint()
log = logging.getLogger("greenlight.sweep")

MOST_A_RUN = 200
"""Reviews that one run handles; the next run finds the rest again."""

MOST_NAMED = 50
"""Reviews that operators are shown of one run."""

YOUNG = timedelta(seconds=30)
"""A record without a row that is younger than this is still being submitted."""

LATE = timedelta(minutes=2)
"""How long after a review's deadline its workflow counts as late."""

SILENT = timedelta(hours=1)
"""The same for a review without a deadline, whose document is being checked."""


_SEEN_BY_ALL = frozenset({StuckReason.UNLISTED, StuckReason.BEHIND, StuckReason.LOST})
"""What only a look at all records sees. If it is left as it is, the next sweep has to look for it again."""


class Action(StrEnum):
    """What was done about a review."""

    WOKEN = "woken"
    STARTED = "started"
    FAILED = "failed"
    LEFT = "left"
    """Nothing: it is in order, too young, or not a review after all."""
    NOT_MENDED = "notMended"
    """It could not be fixed this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Straggler:
    """A review whose workflow may not know the latest entries of its record."""

    proposal_id: str
    row: IndexRow | None
    """None if the list of proposals does not have it."""
    lag: StuckReason

    @property
    def overdue(self) -> bool:
        """Whether its record has grown or its deadline has passed. Otherwise only its workflow's status can show it."""
        return self.lag not in (StuckReason.LOST, StuckReason.UNTOLD)


@bp.function_name(name="SweepReviews")
@bp.timer_trigger(arg_name="timer", schedule="30 * * * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def sweep_reviews(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Handle at most `MOST_A_RUN` reviews. A run may be interrupted at any time, and two may run at the same time."""
    stragglers, line = await _find(client, clock.now())
    done = Counter[Action]()
    named = list[dict[str, str]]()
    for straggler in stragglers[:MOST_A_RUN]:
        action = await _fix(client, straggler)
        done[action] += 1
        named.append({"proposalId": straggler.proposal_id, "lag": straggler.lag.value, "done": action.value})
        if action is Action.NOT_MENDED or (action is Action.LEFT and straggler.lag in _SEEN_BY_ALL):
            open_looks().ask()
    line |= {"found": len(stragglers)} | {action.value: count for action, count in done.items()}
    unusual = set(done) - {Action.WOKEN, Action.LEFT} or len(stragglers) > MOST_A_RUN
    if len(stragglers) > MOST_A_RUN:
        open_looks().ask()
    log.log(logging.WARNING if unusual else logging.INFO, json.dumps(line))
    later = ({"proposalId": each.proposal_id, "lag": each.lag.value, "done": "later"} for each in stragglers)
    named += list(later)[MOST_A_RUN:]
    # A row that was put in order is nobody's concern; those that operators may have to look at come first.
    named = [each for each in named if each["done"] != Action.LEFT.value or each["lag"] != StuckReason.UNTOLD.value]
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
    """Return the reviews to check, overdue ones first.

    `rows` are those of reviews that are open or not known to be completely processed. `listed` has every proposal with
    a row. `alive` has every workflow that has not finished; None if this is not known.
    """
    unlisted = (Straggler(proposal_id=each, row=None, lag=StuckReason.UNLISTED) for each in sizes if each not in listed)
    overdue, lost, unfinished = list[Straggler](), list[Straggler](), list[Straggler]()
    for row in rows:
        size = sizes.get(row.proposal_id, 0)
        is_open = row.status not in FINAL
        if size > row.size or _is_late(row, now):
            lag = StuckReason.BEHIND if size > row.size else StuckReason.LATE
            overdue.append(Straggler(proposal_id=row.proposal_id, row=row, lag=lag))
        elif is_open and size == row.size and alive is not None and row.proposal_id not in alive:
            lost.append(Straggler(proposal_id=row.proposal_id, row=row, lag=StuckReason.LOST))
        elif size == row.size and row.told < row.entries:
            unfinished.append(Straggler(proposal_id=row.proposal_id, row=row, lag=StuckReason.UNTOLD))
    return (*unlisted, *overdue, *lost, *unfinished)


def _is_late(row: IndexRow, now: datetime) -> bool:
    """Say whether a review's deadline passed long ago."""
    if row.status in FINAL:
        return False
    return now > row.deadline + LATE if row.deadline else now > row.submitted_at + SILENT


async def _find(
    client: df.DurableOrchestrationClient, now: datetime
) -> tuple[tuple[Straggler, ...], dict[str, object]]:
    """Return the reviews to check, and the beginning of the line that says what was looked at."""
    looks = open_looks()
    if looks.is_due(now):
        looks.note_sweep(now)  # before the look, so that whoever asks meanwhile gets another one
        with looks.ask_after_failure():
            return await _look_at_all(client, now)
    rows = await asyncio.to_thread(lambda: tuple(open_proposal_index().unfinished_rows()))
    known = {row.proposal_id: row.size for row in rows}
    return find_stragglers(rows, frozenset(known), known, now), {"record": "sweep", "open": len(rows)}


async def _look_at_all(
    client: df.DurableOrchestrationClient, now: datetime
) -> tuple[tuple[Straggler, ...], dict[str, object]]:
    """Read all lists, and check records.

    The workflows are read after the rows, because a row is written before its workflow is started.
    """
    rows, listed, records = await asyncio.to_thread(_lists)
    alive = await _alive(client) if any(row.status not in FINAL for row in rows) else frozenset[str]()
    try:
        await asyncio.to_thread(open_record_watch().look, listed, records, now)
    except Exception:
        # A later sweep checks these records; the reviews must not wait for that.
        log.exception("the records could not be checked")
    sizes = {proposal_id: extent.size for proposal_id, extent in records.items()}
    return find_stragglers(rows, listed, sizes, now, alive=alive), {"record": "sweep", "records": len(records)}


def _lists() -> tuple[tuple[IndexRow, ...], frozenset[str], Mapping[str, Extent]]:
    """Read the lists from storage, the records last: they only grow, so none is shorter than its row says. Blocks."""
    index = open_proposal_index()
    rows = tuple(index.scan())
    listed = frozenset(index.ids())
    records = dict(open_review_records().extents())
    for row in rows:
        if row.size and (row.proposal_id not in records or records[row.proposal_id].size < row.size):
            log.error("proposal %s: its record is shorter than it was; run greenlight audit verify", row.proposal_id)
    return rows, listed, records


async def _alive(client: df.DurableOrchestrationClient) -> frozenset[str] | None:
    """Return the workflows that have not finished; None if the host does not answer, so that the sweep can continue."""
    try:
        return await list_alive(client)
    except Exception:
        log.exception("the list of instances could not be read, so this sweep cannot find lost workflows")
        return None


async def _fix(client: df.DurableOrchestrationClient, straggler: Straggler) -> Action:
    """Read the workflow's status, and wake or start the workflow; a failure does not stop the others."""
    proposal_id = straggler.proposal_id
    try:
        instance = await find_instance(client, proposal_id)
        if instance and instance.workflow.casefold() != APPROVAL.name.casefold():
            log.error("proposal %s has a record, but its id belongs to a %s", proposal_id, instance.workflow)
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
        # Earlier versions logged "could not be mended"; the alert looks for both texts.
        log.exception("proposal %s could not be fixed", proposal_id)
        return Action.NOT_MENDED
    return Action.STARTED if instance is None else Action.FAILED


async def _wake(client: df.DurableOrchestrationClient, instance: Instance, straggler: Straggler) -> Action:
    """Wake a workflow that is behind. If it is not behind, write to its row that everything is processed."""
    progress, row = Progress.read(instance.custom_status), straggler.row
    if straggler.overdue or row is None or progress.entries < row.entries:
        return Action.WOKEN if await raise_event(client, instance, WAKE, {}) else Action.LEFT
    if not progress.untold:
        await asyncio.to_thread(lambda: open_proposal_index().write(replace(row, told=row.entries)))
    return Action.LEFT


def _is_sound(proposal_id: str, instance: Instance | None) -> bool:
    """Say whether a record is sound, so that its review may continue; report it if not. False without a record. Blocks.

    The record must have all entries that its last workflow had processed, even if its row in the list is gone.
    """
    found = examine(proposal_id)
    if found is None or not found.content:
        return False
    done = Progress.read(instance.custom_status).entries if instance else 0
    verdict = judge(proposal_id, found.content, (*found.anchors, *([Anchor(entries=done)] if done else ())))
    if not verdict.sound:
        report(proposal_id, verdict)
    return verdict.sound


def _turn(straggler: Straggler, instance: Instance | None, now: datetime) -> Turn | None:
    """Return the input for a new workflow; None if none is needed. Blocks.

    If a workflow has finished (`instance`) but its review has not, the review is first recorded as failed; the new
    workflow sends letters and counts it. If both have ended, a new workflow only sends the remaining letters.
    """
    chain = _ended(straggler.proposal_id, now) if instance else open_review_records().read(straggler.proposal_id)
    if chain is None or (straggler.row is None and now < chain.entries[0].at + YOUNG):
        return None
    review, index = review_of(chain), open_proposal_index()
    row = index.find(straggler.proposal_id)  # as it is now
    done = instance and (instance.has_completed or Progress.read(instance.custom_status).holds(review.number))
    if review.final and (done or (row and row.told >= review.number)):
        index.write(IndexRow.of(review, head=chain.head, size=chain.size, told=review.number))
        return None
    told = row.told if row else 0
    counted = counts(review_of(chain, told)) if told else {}
    return Turn(proposal_id=straggler.proposal_id, told=told, counted=counted)


def _ended(proposal_id: str, now: datetime) -> Chain | None:
    """Return the record of a review without a workflow, after ending it as failed if it had not ended."""
    reason = "its workflow ended before the proposal was decided"
    found = add(proposal_id, lambda review: end_as_failed(review, reason, now=now))
    return None if isinstance(found, Unknown) else found[0]
