"""BookCost and VoidCost: record that reserved money is spent, or that it never will be."""

from typing import Literal

import azure.durable_functions as df

from approvals.budgets import Booking
from gateways import clock
from gateways.ledger import open_ledger

bp = df.Blueprint()


@bp.activity_trigger(input_name="booking", activity="BookCost")
def book_cost(booking: dict) -> dict:
    """Book the cost of an instance and return the recorded entry; a second run changes nothing."""
    return _settle(booking, "booked")


@bp.activity_trigger(input_name="booking", activity="VoidCost")
def void_cost(booking: dict) -> dict:
    """Record that the cost will not be booked, and return the recorded entry, which may be a booking after all.

    A failed call of BookCost may have written its row, and only its response was lost.
    """
    return _settle(booking, "void")


def _settle(booking: dict, state: Literal["booked", "void"]) -> dict:
    return open_ledger().settle(Booking.from_dict(booking), state, now=clock.now()).to_dict()
