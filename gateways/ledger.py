"""The ledger: one row for each instance that reserved money, which says whether the money was spent."""

from datetime import datetime
from typing import Any, Literal, Protocol

from azure.data.tables import EdmType, EntityProperty, TableClient

from approvals.budgets import Booking, Entry
from gateways.tables import insert_first, keys, open_table


class Ledger(Protocol):
    """What the app needs from the ledger."""

    def settle(self, booking: Booking, state: Literal["booked", "void"], *, now: datetime) -> Entry:
        """Record how an instance's reservation ends; returns the recorded entry, which may differ."""
        ...


class TableLedger:
    """The ledger in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def settle(self, booking: Booking, state: Literal["booked", "void"], *, now: datetime) -> Entry:
        """Insert into `Ledger`. Both states have the same key, so the first one, booked or void, counts."""
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
