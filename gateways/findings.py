"""The store of findings of automatic checks: summary and findings are written together or not at all."""

import json
from typing import Protocol

from azure.data.tables import TableClient, TableTransactionError

from approvals.findings import FindingsRecord
from gateways.tables import keys, open_table, transact


class FindingsStore(Protocol):
    """What the app needs from the table."""

    def record(self, record: FindingsRecord) -> None:
        """Store the summary of one run with its findings; storing the same run again changes nothing."""
        ...


class TableFindings:
    """The table `Findings`: one row per run with `Kind` sum, and one row per finding."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def record(self, record: FindingsRecord) -> None:
        """Insert all rows in one transaction. Ten attachments have at most 41 rows; a transaction may have 100.

        If the rows exist, this run has written them before, with the same summary.
        """
        try:
            transact(self._table, [("create", row) for row in _rows(record)])
        except TableTransactionError as error:
            if error.status_code != 409:
                raise


def open_findings() -> FindingsStore:
    """Return the table in the account that `ApprovalsStorage` names."""
    return TableFindings(open_table("Findings"))


def _rows(record: FindingsRecord) -> list[dict[str, object]]:
    common = {"ProposalId": record.proposal_id, "OpenedAt": record.opened_at}
    total = record.sum
    rows: list[dict[str, object]] = [
        {
            **keys(record.proposal_id, record.opened_at, "sum"),
            **common,
            "Kind": "sum",
            "Outcome": total.outcome,
            "Attachments": total.attachments,
            "Bytes": total.bytes,
            "Ok": total.counts.ok,
            "Warnings": total.counts.warning,
            "Errors": total.counts.error,
            "Failed": json.dumps([each.to_dict() for each in total.failed], ensure_ascii=False),
        }
    ]
    for index, finding in enumerate(total.findings):
        rows.append(
            {
                **keys(record.proposal_id, record.opened_at, str(index)),
                **common,
                "Kind": "finding",
                "Attachment": finding.attachment,
                "Check": finding.check,
                "Severity": finding.severity,
                "Message": finding.message,
            }
        )
    return rows
