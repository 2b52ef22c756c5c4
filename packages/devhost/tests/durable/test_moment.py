"""The time of an episode: the same whenever the same messages start it, and never before the last one's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.moment import moment
from durable_devhost.model.history import EventRaised, TimerFired

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def _event_of(seconds_ago: float) -> EventRaised:
    return EventRaised(timestamp=NOW - timedelta(seconds=seconds_ago), name="Go")


def test_an_episode_takes_place_just_after_its_newest_message() -> None:
    """Whatever the clock says, so that a second attempt has the same time."""
    events = [_event_of(3), _event_of(2)]
    later = NOW + timedelta(seconds=20)
    assert moment(events, after=None, now=NOW) == NOW - timedelta(seconds=2) + TICK
    assert moment(events, after=None, now=later) == NOW - timedelta(seconds=2) + TICK


def test_a_timer_episode_takes_place_at_its_due_time() -> None:
    """The timer's message is as old as its creation."""
    fired = TimerFired(timestamp=NOW - timedelta(days=3), timer_id=1, fire_at=NOW - timedelta(seconds=1))
    assert moment([fired], after=None, now=NOW) == fired.fire_at + TICK


@pytest.mark.parametrize("seconds_ago", [31, -5])
def test_an_old_or_future_message_takes_place_now(seconds_ago: float) -> None:
    """The host was off, or the sender's clock is ahead."""
    assert moment([_event_of(seconds_ago)], after=None, now=NOW) == NOW


@given(st.lists(st.floats(-60, 60), min_size=1), st.floats(-60, 60))
def test_episodes_have_increasing_times(seconds_ago: list[float], after_s: float) -> None:
    """However old their messages are."""
    after = NOW + timedelta(seconds=after_s)
    assert moment([_event_of(each) for each in seconds_ago], after=after, now=NOW) > after
