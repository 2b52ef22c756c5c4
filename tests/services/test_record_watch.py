"""Whose turn it is: each record is opened again and again, and nobody can move the place."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.record_watch import MOST_OPENED, in_turn

NOW = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)


@given(st.integers(0, 97), st.integers(0, 10**6))
def test_each_record_is_checked_before_one_is_checked_again(count, minutes):
    """One sweep a minute, as many as all records need."""
    ids = {f"p-{number}" for number in range(count)}
    begin = NOW + timedelta(minutes=minutes)
    rounds = -(-count // MOST_OPENED)
    opened = [in_turn(ids, begin + timedelta(minutes=minute)) for minute in range(rounds)]
    assert {each for turn in opened for each in turn} == ids
    assert all(len(set(turn)) == len(turn) <= MOST_OPENED for turn in opened)
