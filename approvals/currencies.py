"""Currencies of ISO 4217, and with how many decimals an amount in each of them is written."""

from decimal import ROUND_CEILING, Decimal
from functools import cache


@cache
def decimals_of(currency: str) -> int | None:
    """Return how many decimals amounts in a currency have: 2 for EUR, 0 for JPY, 3 for KWD.

    None where ISO 4217 has no such code, or where nothing is priced in it, such as gold and codes for tests.
    """
    from iso4217 import Currency  # here, as it parses the whole list, and a cold start waits for every import

    try:
        exponent: int | None = Currency(currency).exponent
    except ValueError:
        return None
    return exponent


def exact(amount: float) -> Decimal:
    """Return an amount as it was written; its double is only the nearest one."""
    return Decimal(repr(amount))


def fits(amount: float, currency: str) -> bool:
    """Say whether an amount has no more decimals than its currency; of an unknown currency, or infinite, it has."""
    decimals, written = decimals_of(currency), exact(amount).normalize().as_tuple().exponent
    return decimals is not None and isinstance(written, int) and written >= -decimals


def rounded_up(amount: Decimal, currency: str) -> float:
    """Return an amount with its currency's decimals, so that rounding never takes it below a limit that it is above."""
    return float(amount.quantize(Decimal(1).scaleb(-(decimals_of(currency) or 0)), rounding=ROUND_CEILING))


def too_fine(currency: str) -> str:
    """Say what is wrong with an amount that does not fit."""
    return f"has more decimals than {currency}, which has {decimals_of(currency) or 'none'}"
