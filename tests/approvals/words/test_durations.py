"""Lengths of time in words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.words.durations import hours, span


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"seconds": 59}, "less than a minute"),
        ({"minutes": 1}, "1 minute"),
        ({"hours": 1, "minutes": 59, "seconds": 59}, "1 hour 59 minutes"),
        ({"days": 2, "hours": 3, "minutes": 9}, "2 days 3 hours"),
        ({"days": 1, "minutes": 9}, "1 day"),
        ({"days": 400}, "400 days"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(length, words):
    """More nobody reads, and a third one would only count down."""
    assert span(timedelta(**length)) == words


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3000)))
def test_a_length_of_time_is_never_said_longer_than_it_is(length):
    """Somebody may rely on what is left; the words may fall short by less than the larger unit."""
    units = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
    words = span(length).split() if length >= timedelta(minutes=1) else []
    said = sum((int(n) * units[unit.rstrip("s")] for n, unit in zip(words[::2], words[1::2], strict=True)), timedelta())
    assert said <= length < said + timedelta(hours=1)


@pytest.mark.parametrize(
    ("number", "words"), [(72, "3 days"), (36, "36 hours"), (24, "24 hours"), (1, "1 hour"), (0.5, "30 minutes")]
)
def test_a_window_is_said_as_people_say_it(number, words):
    """A day of a window is 24 hours of it; from two on they are days."""
    assert hours(number) == words
