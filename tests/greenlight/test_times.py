"""Times in words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenlight.times import distance, hours, moment, present, span

NOW = datetime(2026, 11, 21, 9, 4, tzinfo=UTC)


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
    said = sum(
        (int(n.replace(",", "")) * units[unit.rstrip("s")] for n, unit in zip(words[::2], words[1::2], strict=True)),
        timedelta(),
    )
    assert said <= length < said + timedelta(hours=1)


def test_a_distance_says_on_which_side_it_lies():
    """The instant itself has passed."""
    assert distance(NOW + timedelta(hours=2), NOW) == "in 2 hours"
    assert distance(NOW - timedelta(days=3), NOW) == "3 days ago"
    assert distance(NOW, NOW) == "less than a minute ago"


@pytest.mark.parametrize(
    ("number", "words"), [(72, "3 days"), (36, "36 hours"), (24, "24 hours"), (1, "1 hour"), (0.5, "30 minutes")]
)
def test_a_window_is_said_as_people_say_it(number, words):
    """A day of a window is 24 hours of it; from two on they are days."""
    assert hours(number) == words


def test_an_instant_without_a_time_zone_is_refused():
    """It could be wrong by half a day and nobody would see it."""
    with pytest.raises(ValueError, match="time zone"):
        moment("2026-11-21T09:04:00")


def test_the_present_is_the_hosts_where_it_tells_it():
    """A virtual clock may be weeks ahead of this machine's."""
    assert present({"now": NOW.isoformat(), "updatedAt": "2020-01-01T00:00:00+00:00"}) == NOW


def test_the_present_is_never_before_what_has_happened():
    """Also where the host's clock is ahead and says nothing."""
    late = datetime(2126, 1, 1, tzinfo=UTC)
    assert present({"updatedAt": late.isoformat()}) == late
    assert present({"updatedAt": "2020-01-01T00:00:00+00:00"}) > NOW - timedelta(days=3650)
