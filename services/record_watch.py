"""Regular checks of all records: a look at all of them finds missing records, and verifies those that have changed.

Storage gives every record a new ETag with each change, whoever makes it. So a record that this process has found whole
is verified again when its ETag is another one, or when somebody has copied a longer head of it. A process that has just
started knows none, and verifies them in turn: at most `MOST_OPENED` with each look, so that n records take n / 100
looks. Time and ids decide which ones are next. No position is stored, so nobody can manipulate it.

A look lists the copied heads, one call for each 5,000 of them. For each record that it opens it reads one row of the
list of proposals and downloads one blob; if the record has grown, it also writes one blob for the new head.
"""

import json
import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache

from azure.core.exceptions import AzureError

from approvals.record.verdict import Anchor, State, Verdict
from gateways.kept_heads import open_kept_heads
from gateways.proposal_index import open_proposal_index
from gateways.review_records import Extent, open_review_records
from services.audits import anchors_of, judge, missing
from services.full_looks import period

log = logging.getLogger("greenlight.record_watch")

MOST_OPENED = 100
"""Records that one look opens."""

MOST_TOLD = 50
"""Missing records that one look reports in separate log lines. The total number is always reported."""


class RecordWatch:
    """What this process has found of the records: the ETag and the entries of each one that was whole."""

    def __init__(self) -> None:
        self._whole = dict[str, tuple[str, int]]()

    def look(self, listed: Collection[str], records: Mapping[str, Extent], now: datetime) -> None:
        """Report every missing record, and verify the records whose turn it is. Blocks.

        `listed` are the proposals of the list, `records` the existing records, read in this order. The heads are read
        after both. A head that was copied in between may belong to a record that is not in `records`, so each record is
        looked up again before it is reported.
        """
        heads = open_kept_heads().every()
        gone = sorted((set(listed) | heads.keys()) - records.keys())
        if len(gone) > MOST_TOLD:
            log.error(json.dumps({"record": "record-tampered", "missing": len(gone)}))
        for proposal_id in gone[:MOST_TOLD]:
            if open_review_records().raw(proposal_id) is None and (verdict := missing(proposal_id)):
                report(proposal_id, verdict)
        self._whole = {name: known for name, known in self._whole.items() if name in records}
        unknown = [name for name, extent in records.items() if not self._knows(name, extent, heads.get(name))]
        for proposal_id in in_turn(unknown, now):
            entries = _verify(proposal_id, heads.get(proposal_id))
            if entries:
                # The ETag that was listed before the record was read: if it has changed since, it is read again.
                self._whole[proposal_id] = records[proposal_id].version, entries

    def _knows(self, proposal_id: str, extent: Extent, kept: Anchor | None) -> bool:
        return kept is not None and self._whole.get(proposal_id) == (extent.version, kept.entries)


@cache
def open_record_watch() -> RecordWatch:
    """Return what this process has found."""
    return RecordWatch()


def keep_head(proposal_id: str, *, entries: int, head: str) -> None:
    """Copy the head of an ended review to the second account; if that fails, the sweep does it later. Blocks."""
    try:
        open_kept_heads().keep(proposal_id, entries=entries, head=head)
    except AzureError as error:
        log.warning("proposal %s: its head could not be copied yet: %s", proposal_id, type(error).__name__)


def in_turn(proposals: Collection[str], now: datetime) -> tuple[str, ...]:
    """Return the records to verify with this look. While none is added, each one is verified before any is repeated."""
    ordered = sorted(proposals)
    if len(ordered) <= MOST_OPENED:
        return tuple(ordered)
    begin = period(now) * MOST_OPENED % len(ordered)
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


def _verify(proposal_id: str, kept: Anchor | None) -> int:
    """Verify one record, and copy its head if it has grown since the last copy; returns its entries if it is whole."""
    row = open_proposal_index().find(proposal_id)
    content = open_review_records().raw(proposal_id)
    if content is None:
        return 0  # it was deleted after the list was read; the next look finds that
    verdict = judge(proposal_id, content, anchors_of(row, kept))
    if not verdict.sound:
        report(proposal_id, verdict)
    elif verdict.state is State.WHOLE:
        if verdict.entries > ((kept and kept.entries) or 0):
            keep_head(proposal_id, entries=verdict.entries, head=verdict.head)
        return verdict.entries
    return 0
