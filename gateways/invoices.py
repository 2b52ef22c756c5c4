"""The issued bills, in the table `Bills`: one row for each number of an instance."""

from datetime import datetime
from typing import Any, Protocol

from azure.data.tables import EdmType, EntityProperty, TableClient

from approvals.billing import Bill, IssuedBill
from gateways.tables import insert_first, keys, open_table


class Invoices(Protocol):
    """What the app needs from the table."""

    def issue(self, bill: Bill, *, now: datetime) -> IssuedBill:
        """Record a bill; returns the recorded one for its instance and number."""
        ...


class TableInvoices:
    """The bills in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def issue(self, bill: Bill, *, now: datetime) -> IssuedBill:
        """Insert into `Bills`. The start of the run is not in the key, so a restarted run bills nothing twice."""
        row = insert_first(
            self._table,
            {
                **keys(bill.instance_id, "bill", str(bill.number)),
                "InstanceId": bill.instance_id,
                "Number": bill.number,
                "Account": bill.account,
                "Cents": EntityProperty(bill.cents, EdmType.INT64),
                "Currency": bill.currency,
                "Due": bill.due,
                "IssuedAt": now.isoformat(),
            },
        )
        return _issued(row)


def _issued(row: Any) -> IssuedBill:
    return IssuedBill(
        instance_id=row["InstanceId"],
        number=row["Number"],
        account=row["Account"],
        cents=row["Cents"].value,
        currency=row["Currency"],
        due=row["Due"],
        issued_at=row["IssuedAt"],
    )


def open_invoices() -> Invoices:
    """Return the table that the settings name."""
    return TableInvoices(open_table("Bills"))
