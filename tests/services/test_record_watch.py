"""Whose turn it is: each record is opened again and again, and nobody can move the place."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.full_looks import EVERY
from services.record_watch import MOST_OPENED, in_turn

NOW = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)


@given(st.integers(0, 970), st.integers(0, 10**6))
def test_each_record_is_checked_before_one_is_checked_again(count, minutes):
    """So many looks, one in ten minutes, as it takes for all of them."""
    ids = {f"p-{number}" for number in range(count)}
    begin = NOW + timedelta(minutes=minutes)
    rounds = -(-count // MOST_OPENED)
    opened = [in_turn(ids, begin + turn * EVERY) for turn in range(rounds)]
    assert {each for turn in opened for each in turn} == ids
    assert all(len(set(turn)) == len(turn) <= MOST_OPENED for turn in opened)
