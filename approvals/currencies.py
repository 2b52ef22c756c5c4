"""Currencies of ISO 4217, and how many decimals an amount in each of them has."""

from decimal import ROUND_CEILING, Decimal
from functools import cache


@cache
def decimals_of(currency: str) -> int | None:
    """Return how many decimals amounts in a currency have: 2 for EUR, 0 for JPY, 3 for KWD.

    None if ISO 4217 has no such code, or if it is not a currency for prices, such as gold and the codes for tests.
    """
    from iso4217 import Currency  # here: it parses the whole list, and a cold start waits for every import

    try:
        exponent: int | None = Currency(currency).exponent
    except ValueError:
        return None
    return exponent


def exact(amount: float) -> Decimal:
    """Return an amount exactly as it was written; the double is only the nearest number."""
    return Decimal(repr(amount))


def fits(amount: float, currency: str) -> bool:
    """Say whether an amount has no more decimals than its currency allows; false if one is unknown or infinite."""
    decimals, written = decimals_of(currency), exact(amount).normalize().as_tuple().exponent
    return decimals is not None and isinstance(written, int) and written >= -decimals


def rounded_up(amount: Decimal, currency: str) -> float:
    """Return an amount with its currency's decimals. Rounding never moves an amount from above a limit to below it."""
    return float(amount.quantize(Decimal(1).scaleb(-(decimals_of(currency) or 0)), rounding=ROUND_CEILING))


def too_fine(currency: str) -> str:
    """Return the error text for an amount with too many decimals."""
    return f"has too many decimals: {currency} has {decimals_of(currency) or 'none'}"
