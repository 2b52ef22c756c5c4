"""Money: in JSON a number with at most two decimals, inside the app whole cents, which add up exactly."""

from typing import Annotated

from pydantic import AfterValidator, Field

from approvals.currencies import exact, fits, too_fine
from approvals.forms import Money

MOST_CENTS = 10**14

Cents = Annotated[int, Field(ge=0, le=MOST_CENTS)]


def to_cents(amount: float) -> int:
    """Return an amount of money in cents; raises ValueError if it has more than two decimals."""
    cents = exact(amount) * 100
    if cents != int(cents):
        raise ValueError("give at most two decimals")
    return int(cents)


def to_money(cents: int) -> float:
    """Return cents as an amount with two decimals."""
    return cents / 100


def _in_cents(amount: float) -> float:
    to_cents(amount)
    return amount


Amount = Annotated[Money, AfterValidator(_in_cents)]
"""A field of a form that holds an amount of money."""


def check_decimals(currency: str, **amounts: float | None) -> None:
    """Check that no amount has more decimals than its currency; raises ValueError that names the first that has."""
    for name, amount in amounts.items():
        if amount is not None and not fits(amount, currency):
            raise ValueError(f"{name} {too_fine(currency)}")
