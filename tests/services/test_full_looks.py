"""When the sweep looks at all records: every ten minutes, in a new process, and after something failed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.full_looks import EVERY, Looks, open_looks

NOW = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)


def test_a_new_process_looks_at_all_records_first():
    """The one before it may have crashed behind an answer."""
    assert Looks().is_due(NOW)


def test_of_ten_sweeps_a_minute_apart_one_looks_at_all_records():
    """And of a hundred, ten."""
    looks, whole = Looks(), 0
    for minute in range(100):
        now = NOW + timedelta(minutes=minute)
        if looks.is_due(now):
            whole += 1
            looks.note_sweep(now)
    assert whole == 100 * timedelta(minutes=1) / EVERY


def test_who_could_not_finish_something_gets_a_look():
    """At once, and one is enough."""
    looks = Looks()
    looks.note_sweep(NOW)
    assert not looks.is_due(NOW)
    looks.ask()
    assert looks.is_due(NOW)
    looks.note_sweep(NOW)
    assert not looks.is_due(NOW)


@pytest.mark.parametrize("failure", [OSError, asyncio.CancelledError])
def test_what_fails_or_is_cancelled_gets_a_look(failure):
    """What succeeds gets none."""
    looks = Looks()
    looks.note_sweep(NOW)
    with looks.ask_after_failure():
        pass
    assert not looks.is_due(NOW)
    with pytest.raises(failure), looks.ask_after_failure():
        raise failure
    assert looks.is_due(NOW)


def test_a_process_has_one_memory_of_its_looks():
    """The requests and the timer share it."""
    assert open_looks() is open_looks()
