"""Looking after records that nobody asks for: every sweep looks for those that are gone, and at some of them inside.

Each record is opened again and again, in turn: a sweep opens `MOST_OPENED` of them, so that n records take n / 10
minutes. Which ones it opens follows from the minute and from their ids alone. There is no place kept anywhere, which
somebody could move.

A sweep costs one list of the kept heads for each 5,000 of them, and for each record that it opens one look at the list
of proposals and one download; and where it has grown since, one more blob for its head.
"""

import json
import logging
from collections.abc import Collection, Mapping
from datetime import datetime

from azure.core.exceptions import AzureError

from approvals.record.verdict import Anchor, State, Verdict
from gateways.kept_heads import open_kept_heads
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records
from services.audits import anchors_of, judge, missing

log = logging.getLogger("greenlight.record_watch")

MOST_OPENED = 10
"""Records that one sweep opens."""

MOST_TOLD = 50
"""Missing records that one sweep names, each in a line of its own; the number is told of all."""


def keep_head(proposal_id: str, *, entries: int, head: str) -> None:
    """Copy the head of a review that has ended to the second place; where that fails the sweep will do it. Blocks."""
    try:
        open_kept_heads().keep(proposal_id, entries=entries, head=head)
    except AzureError as error:
        log.warning("proposal %s: its head is not kept yet: %s", proposal_id, type(error).__name__)


def watch(listed: Collection[str], sizes: Mapping[str, int], now: datetime) -> None:
    """Tell of every record that is gone, and open those whose turn it is. Blocks.

    `listed` are the proposals of the list, `sizes` the lengths of the records that there are, read in this order. The
    heads are read after both: one that was kept in between is of a record that may not be in `sizes`, and is asked for
    again before anything is told.
    """
    heads = open_kept_heads().every()
    gone = sorted((set(listed) | heads.keys()) - sizes.keys())
    if len(gone) > MOST_TOLD:
        log.error(json.dumps({"record": "record-tampered", "missing": len(gone)}))
    for proposal_id in gone[:MOST_TOLD]:
        if open_review_records().raw(proposal_id) is None and (verdict := missing(proposal_id)):
            tell(proposal_id, verdict)
    for proposal_id in in_turn(sizes.keys(), now):
        _open(proposal_id, heads.get(proposal_id))


def in_turn(proposals: Collection[str], now: datetime) -> tuple[str, ...]:
    """Return the records whose turn it is in this minute: each one once before any comes again, while none is added."""
    ordered = sorted(proposals)
    if len(ordered) <= MOST_OPENED:
        return tuple(ordered)
    begin = int(now.timestamp() // 60) * MOST_OPENED % len(ordered)
    return tuple((ordered + ordered)[begin : begin + MOST_OPENED])


def tell(proposal_id: str, verdict: Verdict) -> None:
    """Write the line that wakes somebody. The alert looks for its first word."""
    line = {
        "record": "record-tampered",
        "proposalId": proposal_id,
        "state": verdict.state.value,
        "finding": verdict.finding,
    }
    log.error(json.dumps(line))


def _open(proposal_id: str, kept: Anchor | None) -> None:
    """Verify one record, and keep its head where it has grown since the last one was kept."""
    row = open_proposal_index().find(proposal_id)
    content = open_review_records().raw(proposal_id)
    if content is None:
        return  # it is gone since the list was read, which the next sweep finds
    verdict = judge(proposal_id, content, anchors_of(row, kept))
    if not verdict.sound:
        tell(proposal_id, verdict)
    elif verdict.state is State.WHOLE and verdict.entries > ((kept and kept.entries) or 0):
        keep_head(proposal_id, entries=verdict.entries, head=verdict.head)
