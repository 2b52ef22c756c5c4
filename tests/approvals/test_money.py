"""Amounts and cents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.money import to_cents, to_money


@given(st.integers(0, 10**14))
def test_cents_and_money_are_the_same_amount(cents):
    """Up to a million millions, which a double holds to the cent."""
    assert to_cents(to_money(cents)) == cents


@pytest.mark.parametrize("amount", [0.001, 1.005, 12.3456, 1e-7, 0.1 + 0.2])
def test_more_than_two_decimals_are_refused(amount):
    """Rounding would favour somebody."""
    with pytest.raises(ValueError, match="two decimals"):
        to_cents(amount)
