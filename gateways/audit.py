"""The table `Audit` of purged instances. The app never deletes its rows."""

from datetime import datetime
from typing import Protocol

from azure.data.tables import TableClient

from approvals.retention import EndedInstance
from gateways.tables import insert_first, keys, open_table


class Audit(Protocol):
    """What the app needs from the table."""

    def keep(self, ended: EndedInstance, *, now: datetime) -> None:
        """Record that an instance existed, and how it ended; recording the same end again changes nothing."""
        ...

    def knows(self, instance_id: str) -> bool:
        """Say whether an instance with that id was purged."""
        ...


class TableAudit:
    """The audit in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def keep(self, ended: EndedInstance, *, now: datetime) -> None:
        """Insert into `Audit`. The partition is the instance, so that one query shows whether an id was ever used."""
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

    def knows(self, instance_id: str) -> bool:
        """Query for any row in the instance's partition."""
        partition = keys(instance_id)["PartitionKey"]
        found = self._table.query_entities(
            "PartitionKey eq @partition", parameters={"partition": partition}, results_per_page=1, select=["RowKey"]
        )
        return next(iter(found), None) is not None


def open_audit() -> Audit:
    """Return the table that the settings name."""
    return TableAudit(open_table("Audit"))
