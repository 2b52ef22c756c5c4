"""Watches: they look as often as was asked, end in time, and go on where they were carried over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.jobs import (
    LONGEST_DETAIL,
    UNKNOWN,
    JobStatus,
    MonitorForm,
    MonitorState,
    job_key,
    read_job,
)
from approvals.validation import Invalid

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RUNNING = JobStatus(state="running")

FORMS = st.builds(
    lambda poll, longer, growth, minutes: {
        "jobId": "works",
        "pollSeconds": poll,
        "longestPollSeconds": min(86_400.0, poll * longer),
        "growth": growth,
        "expiresAfterMinutes": minutes,
    },
    st.floats(1, 86_400),
    st.floats(1, 100),
    st.floats(1, 10),
    st.floats(0.01, 525_600),
)


@given(FORMS, st.integers(0, 60))
def test_no_pause_is_longer_than_asked_or_passes_the_expiry(fields, carried_after):
    """Nor shorter than the form's, except the last one; continuing as new changes nothing."""
    watch = MonitorState.from_dict(fields).watch(NOW)
    now, expires = NOW, watch.expires
    for polls in range(1, 80):
        watch = watch.after_poll()
        assert (watch.polls, watch.expires) == (polls, expires)
        if watch.outcome(RUNNING, now):
            assert now >= expires
            return
        wait = watch.next_poll(now) - now
        now += wait
        assert now <= expires
        assert wait <= timedelta(seconds=fields["longestPollSeconds"])
        assert wait >= timedelta(seconds=fields["pollSeconds"]) or now == expires
        watch = watch.with_next_interval()
        if polls == carried_after:
            again = MonitorState.from_dict(watch.carry_over().to_dict()).watch(now)
            assert (again.polls, again.interval, again.expires) == (watch.polls, watch.interval, watch.expires)
            watch = again


def test_the_interval_grows_to_its_limit():
    """By the factor each time; with a factor of one it is constant."""
    form = {"jobId": "works", "pollSeconds": 10, "growth": 2, "longestPollSeconds": 35}
    watch, waits = MonitorState.from_dict(form).watch(NOW), []
    for _ in range(4):
        waits.append((watch.next_poll(NOW) - NOW).total_seconds())
        watch = watch.with_next_interval()
    assert waits == [10, 20, 35, 35]
    steady = MonitorState.from_dict({"jobId": "works"}).watch(NOW)
    assert (steady.with_next_interval(), steady.next_poll(NOW)) == (steady, NOW + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("state", "late", "outcome"),
    [
        ("running", False, None),
        ("unknown", False, None),
        ("completed", False, "completed"),
        ("failed", False, "failed"),
        ("running", True, "expired"),
        ("unknown", True, "expired"),
        ("completed", True, "completed"),
    ],
)
def test_a_watch_ends_with_the_job_or_with_its_time(state, late, outcome):
    """An end that is seen late still counts."""
    watch = MonitorState.from_dict({"jobId": "works"}).watch(NOW)
    assert watch.outcome(JobStatus(state=state), NOW + timedelta(hours=late)) == outcome


def test_a_carried_state_can_neither_prolong_nor_hurry_a_watch():
    """Whoever starts the workflow without HttpStart may send anything."""
    carried = {"polls": 7, "intervalSeconds": 1.0, "expiresAt": "9999-12-31T00:00:00+00:00"}
    watch = MonitorState.from_dict({"jobId": "works", "longestPollSeconds": 60.0, "carried": carried}).watch(NOW)
    assert (watch.polls, watch.interval, watch.expires) == (7, 30, NOW + timedelta(hours=1))
    slow = MonitorState.from_dict(
        {"jobId": "works", "longestPollSeconds": 60.0, "carried": {**carried, "intervalSeconds": 86_400.0}}
    )
    assert slow.watch(NOW).interval == 60


@pytest.mark.parametrize(
    "carried",
    [
        {},
        {"polls": -1, "intervalSeconds": 30.0, "expiresAt": "2026-03-02T09:00:00+00:00"},
        {"polls": 1, "intervalSeconds": 0.0, "expiresAt": "2026-03-02T09:00:00+00:00"},
        {"polls": 1, "intervalSeconds": 30.0, "expiresAt": "2026-03-02T09:00:00"},
        {"polls": 1, "intervalSeconds": 30.0, "expiresAt": "2026-03-02T09:00:00+02:00"},
        {"polls": 1, "intervalSeconds": 30.0, "expiresAt": "tomorrow"},
    ],
)
def test_an_impossible_carried_state_is_refused(carried):
    """With a sentence."""
    with pytest.raises(Invalid, match="carried"):
        MonitorState.from_dict({"jobId": "works", "carried": carried})


def test_the_example_is_a_valid_form():
    """Users see it, and missing fields have sensible defaults."""
    form = MonitorForm.from_dict(dict(MonitorForm.example))
    least = MonitorForm.from_dict({"jobId": "works"})
    assert form.to_dict() == {**least.to_dict(), "jobId": "footbridge-works"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"jobId": " "}, "jobId"),
        ({"pollSeconds": 0.9}, "pollSeconds"),
        ({"pollSeconds": 86_401}, "pollSeconds"),
        ({"growth": 0.5}, "growth"),
        ({"growth": 11}, "growth"),
        ({"longestPollSeconds": 29}, "must not be less than pollSeconds"),
        ({"expiresAfterMinutes": 0}, "expiresAfterMinutes"),
        ({"expiresAfterMinutes": 525_601}, "expiresAfterMinutes"),
        ({"carried": None}, "carried"),
    ],
)
def test_an_invalid_form_is_refused(wrong, told):
    """Before anything is started."""
    with pytest.raises(Invalid, match=told):
        MonitorForm.from_dict({"jobId": "works", **wrong})


@pytest.mark.parametrize(
    ("state", "detail", "read", "told"),
    [
        ("running", None, "running", ""),
        (" Completed ", "all\n done", "completed", "all done"),
        ("FAILED", 7, "failed", "7"),
        ("cancelled", "x", "unknown", "the state on record is 'cancelled'"),
        (None, None, "unknown", "the state on record is 'none'"),
        (True, None, "unknown", "the state on record is 'true'"),
    ],
)
def test_a_row_is_read_whoever_wrote_it(state, detail, read, told):
    """An unknown state ends nothing."""
    assert read_job(state, detail) == JobStatus(state=read, detail=told)


@given(st.text(), st.text())
def test_any_row_makes_a_short_status(state, detail):
    """It is shown in the custom status."""
    assert len(read_job(state, detail).detail) <= LONGEST_DETAIL


def test_an_unknown_job_has_not_ended():
    """Its row may still come."""
    assert (UNKNOWN.end_state, JobStatus(state="failed").end_state) == (None, "failed")


@given(st.text(), st.text())
def test_each_job_has_a_key_of_its_own(one, other):
    """It holds no character that table keys may not have."""
    assert (job_key(one) == job_key(other)) is (one == other)
    assert not set(job_key(one)) & {*"/\\#?%", *map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))}


def test_a_usual_id_is_its_own_key():
    """So that other systems rarely need the rule."""
    assert job_key("footbridge-works_7.A:1 É") == "footbridge-works_7.A:1 É"
    assert job_key("works/2026!") == "works!2F2026!21"
