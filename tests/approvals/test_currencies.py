"""Currencies: those of ISO 4217, each with its decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.currencies import decimals_of, exact, fits, rounded_up

LISTED = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize(
    ("code", "decimals"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XAU", None), ("XXX", None), ("ZZZ", None), ("", None)],
)
def test_each_currency_has_its_decimals(code, decimals):
    """Gold has none, and nothing is priced in it."""
    assert decimals_of(code) == decimals


@pytest.mark.parametrize(
    ("amount", "currency", "does"),
    [
        (12.5, "EUR", True), (0.5, "JPY", False), (1e12, "JPY", True), (0.005, "EUR", False), (0.005, "KWD", True),
        (1e-7, "KWD", False), (1.0, "ZZZ", False), (0.0, "JPY", True), (1e99, "EUR", True), (-1.5, "EUR", True),
        (float("inf"), "EUR", False), (float("nan"), "EUR", False),
    ],
)  # fmt: skip
def test_an_amount_fits_its_currency(amount, currency, does):
    """As it was written, not as the nearest double."""
    assert fits(amount, currency) is does


@given(st.decimals(0, 10**12, places=6), LISTED)
def test_rounding_goes_up_to_the_next_amount_and_no_further(amount, currency):
    """A cost above a limit stays above it."""
    rounded = rounded_up(amount, currency)
    assert fits(rounded, currency)
    assert amount <= exact(rounded) < amount + Decimal(1).scaleb(-(decimals_of(currency) or 0))
