"""Regular checks of all records: every sweep looks for missing records, and verifies some of the others.

The records are verified in turn: a sweep opens `MOST_OPENED` of them, so that n records take n / 10 minutes. The minute
and the ids decide which ones are next. No position is stored, so nobody can manipulate it.

A sweep lists the copied heads, one call for each 5,000 of them. For each record that it opens it reads one row of the
list of proposals and downloads one blob; if the record has grown, it also writes one blob for the new head.
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
"""Missing records that one sweep reports in separate log lines. The total number is always reported."""


def keep_head(proposal_id: str, *, entries: int, head: str) -> None:
    """Copy the head of an ended review to the second account; if that fails, the sweep does it later. Blocks."""
    try:
        open_kept_heads().keep(proposal_id, entries=entries, head=head)
    except AzureError as error:
        log.warning("proposal %s: its head could not be copied yet: %s", proposal_id, type(error).__name__)


def watch(listed: Collection[str], sizes: Mapping[str, int], now: datetime) -> None:
    """Report every missing record, and verify the records whose turn it is. Blocks.

    `listed` are the proposals of the list, `sizes` the lengths of the existing records, read in this order. The heads
    are read after both. A head that was copied in between may belong to a record that is not in `sizes`, so each record
    is looked up again before it is reported.
    """
    heads = open_kept_heads().every()
    gone = sorted((set(listed) | heads.keys()) - sizes.keys())
    if len(gone) > MOST_TOLD:
        log.error(json.dumps({"record": "record-tampered", "missing": len(gone)}))
    for proposal_id in gone[:MOST_TOLD]:
        if open_review_records().raw(proposal_id) is None and (verdict := missing(proposal_id)):
            report(proposal_id, verdict)
    for proposal_id in in_turn(sizes.keys(), now):
        _open(proposal_id, heads.get(proposal_id))


def in_turn(proposals: Collection[str], now: datetime) -> tuple[str, ...]:
    """Return the records to verify in this minute. While none is added, each one is verified before any is repeated."""
    ordered = sorted(proposals)
    if len(ordered) <= MOST_OPENED:
        return tuple(ordered)
    begin = int(now.timestamp() // 60) * MOST_OPENED % len(ordered)
    return tuple((ordered + ordered)[begin : begin + MOST_OPENED])


def report(proposal_id: str, verdict: Verdict) -> None:
    """Write the log line that raises the alert `record-tampered`."""
    line = {
        "record": "record-tampered",
        "proposalId": proposal_id,
        "state": verdict.state.value,
        "finding": verdict.finding,
    }
    log.error(json.dumps(line))


def _open(proposal_id: str, kept: Anchor | None) -> None:
    """Verify one record, and copy its head if it has grown since the last copy."""
    row = open_proposal_index().find(proposal_id)
    content = open_review_records().raw(proposal_id)
    if content is None:
        return  # it was deleted after the list was read; the next sweep finds that
    verdict = judge(proposal_id, content, anchors_of(row, kept))
    if not verdict.sound:
        report(proposal_id, verdict)
    elif verdict.state is State.WHOLE and verdict.entries > ((kept and kept.entries) or 0):
        keep_head(proposal_id, entries=verdict.entries, head=verdict.head)
