"""What reports are made of: the rows of the list, kept in the memory of this process and asked for once.

Each call asks the table for those alone that were written since the last one. A report of ten thousand proposals is
therefore one question, but for the first in a process.
"""

import json
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

from azure.data.tables import TableClient

from approvals.reports import ReportedProposal
from gateways import clock
from gateways.proposal_rows import CHANGED, PARTITION, changed_at, instant, newest_first
from gateways.tables import open_table

REPORTED = timedelta(days=400)
"""A report looks back as far: at the twelve months before this one, whatever day it is."""

_OVERLAP = timedelta(minutes=2)
"""Rows of the last moments are asked for twice, as the clocks of those who write them are not exactly the same."""

_COLUMNS = (
    "ProposalId", "Title", "Department", "Status", "SubmittedAt", "EndedAt", "Stage", "AskedAt", "Deadline",
    "WaitingFor", "StageHours",
)  # fmt: skip


class ReportRows:
    """The rows that one process knows."""

    def __init__(self, table: TableClient) -> None:
        self._table = table
        self._lock = Lock()
        self._known = dict[str, ReportedProposal]()
        self._asked_at: datetime | None = None

    def read(self) -> tuple[ReportedProposal, ...]:
        """Return all proposals of the time that is reported. Blocks; two callers at once ask one after the other."""
        with self._lock:
            now = clock.now()
            oldest = now - REPORTED
            for entity in self._table.query_entities(
                self._filter(), parameters=self._values(oldest), select=list(_COLUMNS)
            ):
                found = _read(entity)
                self._known[found.proposal_id] = found
            self._asked_at = now
            self._known = {key: each for key, each in self._known.items() if each.submitted_at >= oldest}
            return tuple(self._known.values())

    def _filter(self) -> str:
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        return terms if self._asked_at is None else f"{terms} and {CHANGED} ge @since"

    def _values(self, oldest: datetime) -> dict[str, Any]:
        values: dict[str, Any] = {"partition": PARTITION, "first": "0", "last": newest_first(oldest)}
        return values if self._asked_at is None else {**values, "since": changed_at(self._asked_at - _OVERLAP)}


def open_report_rows() -> ReportRows:
    """Return the rows of the account that `ApprovalsStorage` names; what is known of them is this process's."""
    return _opened(open_table("Proposals"))


@cache
def _opened(table: TableClient) -> ReportRows:
    return ReportRows(table)


def _read(entity: Any) -> ReportedProposal:
    return ReportedProposal(
        proposal_id=entity["ProposalId"],
        title=entity["Title"],
        department=entity["Department"],
        status=entity["Status"],
        submitted_at=datetime.fromisoformat(entity["SubmittedAt"]),
        ended_at=instant(entity.get("EndedAt", "")),
        stage=entity["Stage"],
        asked_at=instant(entity.get("AskedAt", "")),
        deadline=instant(entity["Deadline"]),
        waiting_for=tuple(json.loads(entity["WaitingFor"])),
        stage_hours=tuple((name, hours) for name, hours in json.loads(entity.get("StageHours") or "[]")),
    )
