"""What reports are made of: rows of the list, kept in the memory of this process.

Each call asks the table only for rows that were written since the last one. The first call of a process begins with the
copy that another one has left (`gateways/report_snapshots.py`). So a report of ten thousand proposals costs one call
to storage, two in a process that has just started, and the whole list is read once, by the first process of all.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from threading import Lock
from typing import Any

from azure.data.tables import TableClient

from approvals.reports import ReportedProposal
from gateways import clock
from gateways.proposal_rows import CHANGED, FIRST, PARTITION, changed_at, newest_first
from gateways.report_snapshots import Snapshot, Snapshots, open_snapshots, to_reported_proposal
from gateways.tables import open_table

REPORTED = timedelta(days=400)
"""A report looks back as far: at the twelve months before this one, whatever day it is."""

MOST_REPORTED = 50_000
"""Proposals that a process holds, the newest ones: about 30 MB."""

COPIED_AFTER = 500
"""Rows that may have to be read before another copy is made."""

_OVERLAP = timedelta(minutes=2)
"""Rows of the last moments are asked for twice, as the clocks of those who write them are not exactly the same."""

_COLUMNS = (
    "ProposalId", "Status", "SubmittedAt", "EndedAt", "Stage", "AskedAt", "Deadline", "WaitingFor", "StageHours",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is reported. It is compared by identity: as long as nothing changes it is the same object."""

    proposals: tuple[ReportedProposal, ...]


class ReportRows:
    """The rows that one process knows."""

    def __init__(self, table: TableClient, snapshots: Snapshots) -> None:
        self._table = table
        self._snapshots = snapshots
        self._lock = Lock()
        self._known = dict[str, ReportedProposal]()
        self._rows = Rows(())
        self._asked_at: datetime | None = None
        self._not_copied = 0

    def read(self) -> Rows:
        """Return the proposals of the time that is reported.

        Blocks; two callers at once ask one after the other.
        """
        with self._lock:
            now = clock.now()
            if self._asked_at is None:
                self._begin(now)
            oldest = now - REPORTED
            found = {each.proposal_id: each for each in self._ask(oldest)}
            new = {key: each for key, each in found.items() if self._known.get(key) != each}
            self._known |= new
            gone = [key for key, each in self._known.items() if each.submitted_at < oldest]
            for key in (*gone, *self._too_many(gone)):
                del self._known[key]
            if new or gone or not self._rows.proposals:
                self._rows = Rows(tuple(self._known.values()))
            self._asked_at = now
            self._copy(now, len(new))
            return self._rows

    def _begin(self, now: datetime) -> None:
        """Take over the copy, unless its writer's clock was ahead: rows would then be missing."""
        copy = self._snapshots.read()
        if copy and copy.at <= now:
            self._asked_at = copy.at
            self._known = {each.proposal_id: each for each in copy.rows}

    def _copy(self, now: datetime, new: int) -> None:
        self._not_copied += new
        if self._not_copied >= COPIED_AFTER:
            self._snapshots.write(Snapshot(at=now, rows=self._rows.proposals))
            self._not_copied = 0

    def _too_many(self, gone: Iterable[str]) -> list[str]:
        """Return the oldest of more rows than are kept."""
        left = self._known.keys() - set(gone)
        if len(left) <= MOST_REPORTED:
            return []
        return sorted(left, key=lambda key: self._known[key].submitted_at)[: len(left) - MOST_REPORTED]

    def _ask(self, oldest: datetime) -> Iterable[ReportedProposal]:
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        values: dict[str, Any] = {"partition": PARTITION, "first": FIRST, "last": newest_first(oldest)}
        if self._asked_at is not None:
            terms, values["since"] = f"{terms} and {CHANGED} ge @since", changed_at(self._asked_at - _OVERLAP)
        entities = self._table.query_entities(terms, parameters=values, select=list(_COLUMNS))
        return map(_read, islice(entities, MOST_REPORTED))


def open_report_rows() -> ReportRows:
    """Return the rows of the account that `ApprovalsStorage` names; what is known of them is this process's."""
    return _report_rows_of(open_table("Proposals"))


@cache
def _report_rows_of(table: TableClient) -> ReportRows:
    return ReportRows(table, open_snapshots())


def _read(entity: Any) -> ReportedProposal:
    return to_reported_proposal(
        proposal_id=entity["ProposalId"],
        status=entity["Status"],
        stage=entity["Stage"],
        submitted_at=entity["SubmittedAt"],
        ended_at=entity.get("EndedAt", ""),
        asked_at=entity.get("AskedAt", ""),
        deadline=entity["Deadline"],
        waiting_for=json.loads(entity["WaitingFor"]),
        stage_hours=json.loads(entity.get("StageHours") or "[]"),
    )
