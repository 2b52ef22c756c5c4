"""What stays of instances that were purged, in the table `Audit`; rows are never deleted by the app."""

from datetime import datetime
from typing import Protocol

from azure.data.tables import TableClient

from approvals.retention import EndedInstance
from gateways.tables import insert_first, keys, open_table


class Audit(Protocol):
    """What the app needs of the table."""

    def keep(self, ended: EndedInstance, *, now: datetime) -> None:
        """Write down that an instance was, and how it ended; the same end again changes nothing."""
        ...


class TableAudit:
    """The audit in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def keep(self, ended: EndedInstance, *, now: datetime) -> None:
        """Insert into `Audit`. The partition is the instance, so that one look tells whether an id was ever used."""
        insert_first(
            self._table,
            {
                **keys(ended.instance_id, "ended", ended.last_updated.isoformat()),
                "InstanceId": ended.instance_id,
                "Workflow": ended.workflow,
                "Status": ended.status,
                "CreatedAt": ended.created.isoformat(),
                "LastUpdatedAt": ended.last_updated.isoformat(),
                "Outcome": ended.outcome or "",
                "RecordedAt": now.isoformat(),
            },
        )


def open_audit() -> Audit:
    """Return the table that the settings name."""
    return TableAudit(open_table("Audit"))
