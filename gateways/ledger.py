"""The ledger: one row for each instance that had money reserved, which says whether it was paid."""

from datetime import datetime
from typing import Any, Literal, Protocol

from azure.data.tables import EdmType, EntityProperty, TableClient

from approvals.budgets import Booking, Entry
from gateways.tables import insert_first, keys, open_table


class Ledger(Protocol):
    """What the app needs of the ledger."""

    def settle(self, booking: Booking, state: Literal["booked", "void"], *, now: datetime) -> Entry:
        """Write down how an instance's reservation ends; returns what is on record, which may be something else."""
        ...


class TableLedger:
    """The ledger in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def settle(self, booking: Booking, state: Literal["booked", "void"], *, now: datetime) -> Entry:
        """Insert into `Ledger`. Both ends have the same key: of a payment and its giving up the first one counts."""
        row = insert_first(
            self._table,
            {
                **keys(booking.instance_id, "cost"),
                "InstanceId": booking.instance_id,
                "Round": booking.round,
                "Title": booking.title,
                "Budget": booking.budget,
                "Cents": EntityProperty(booking.cents, EdmType.INT64),
                "Currency": booking.currency,
                "State": state,
                "RecordedAt": now.isoformat(),
            },
        )
        return _entry(row)


def _entry(row: Any) -> Entry:
    return Entry(
        instance_id=row["InstanceId"],
        round=row["Round"],
        title=row["Title"],
        budget=row["Budget"],
        cents=row["Cents"].value,
        currency=row["Currency"],
        state=row["State"],
        recorded_at=row["RecordedAt"],
    )


def open_ledger() -> Ledger:
    """Return the ledger that the settings name."""
    return TableLedger(open_table("Ledger"))
