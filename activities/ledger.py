"""BookCost and VoidCost: write down that reserved money is paid, or that it never will be."""

from typing import Literal

import azure.durable_functions as df

from approvals.budgets import Booking
from gateways import clock
from gateways.ledger import open_ledger

bp = df.Blueprint()


@bp.activity_trigger(input_name="booking", activity="BookCost")
def book_cost(booking: dict) -> dict:
    """Book the cost of an instance, and return what is on record: running twice books once."""
    return _settle(booking, "booked")


@bp.activity_trigger(input_name="booking", activity="VoidCost")
def void_cost(booking: dict) -> dict:
    """Close the instance's row to a payment, and return what is on record: it may have been booked after all.

    A call of BookCost that failed may have written its row and lost the answer on the way.
    """
    return _settle(booking, "void")


def _settle(booking: dict, state: Literal["booked", "void"]) -> dict:
    return open_ledger().settle(Booking.from_dict(booking), state, now=clock.now()).to_dict()
