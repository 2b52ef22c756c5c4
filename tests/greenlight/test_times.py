"""Times in words."""

from datetime import UTC, datetime, timedelta

import pytest

from greenlight.times import distance, moment, present

NOW = datetime(2026, 11, 21, 9, 4, tzinfo=UTC)


def test_a_distance_says_whether_it_is_past_or_future():
    """The present instant is past."""
    assert distance(NOW + timedelta(hours=2), NOW) == "in 2 hours"
    assert distance(NOW - timedelta(days=3), NOW) == "3 days ago"
    assert distance(NOW, NOW) == "less than a minute ago"


def test_an_instant_without_a_time_zone_is_refused():
    """It could be wrong by half a day unnoticed."""
    with pytest.raises(ValueError, match="time zone"):
        moment("2026-11-21T09:04:00")


def test_the_present_is_that_of_the_host_if_it_reports_it():
    """A virtual clock may be weeks ahead of this machine's."""
    assert present({"now": NOW.isoformat(), "updatedAt": "2020-01-01T00:00:00+00:00"}) == NOW


def test_the_present_is_never_before_the_last_event():
    """Also if the host's clock is ahead and it does not report it."""
    late = datetime(2126, 1, 1, tzinfo=UTC)
    assert present({"updatedAt": late.isoformat()}) == late
    assert present({"updatedAt": "2020-01-01T00:00:00+00:00"}) > NOW - timedelta(days=3650)
