"""The app's one now."""

from datetime import UTC, datetime, timedelta

from gateways import clock


def test_now_is_the_time_in_utc(monkeypatch):
    """Without a virtual clock."""
    monkeypatch.delenv("CLOCK_OFFSET_SECONDS", raising=False)
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)


def test_now_follows_a_jump_of_the_hosts_clock(monkeypatch):
    """The host sets the offset; each call reads it again."""
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(72 * 3600))
    assert clock.now() - datetime.now(UTC) > timedelta(hours=71)
