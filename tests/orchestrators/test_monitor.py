"""MonitorJobStatus in the SDK's own executor: what fails on the way, and what one generation hands to the next."""

import json

import pytest

from orchestrators.monitor import POLLS_A_GENERATION, monitor_job_status

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

FORM = {"jobId": "works", "pollSeconds": 60.0, "growth": 2.0, "longestPollSeconds": 240.0, "expiresAfterMinutes": 120.0}
RUNNING = {"state": "running", "detail": ""}
SENT = {"alertedAt": "2026-03-02T11:00:00+00:00"}


def look(run, answer=RUNNING, *, seconds=0):
    """Answer one look at the job, and let the wait behind it pass."""
    run.complete("GetJobStatus", answer)
    if seconds:
        run.pass_time(seconds=seconds)


def continued_with(run):
    """The input of the next generation, None where the workflow did not start itself anew."""
    action = run.state["actions"][0][-1]
    return json.loads(action["input"]) if action["actionType"] == 4 else None


def test_a_failed_poll_ends_nothing(drive):
    """The next one is its retry; the status shows the error."""
    run = drive(monitor_job_status, FORM)
    run.begin()
    run.fail("GetJobStatus")
    assert (run.status["state"], run.status["polls"], run.status["job"]["state"]) == ("polling", 1, "unknown")
    assert "storage is down" in run.status["job"]["detail"] or "no luck" in run.status["job"]["detail"]
    run.pass_time(seconds=60)
    look(run, {"state": "completed", "detail": "done"})
    assert run.asked("SendAlert")["outcome"] == "completed"


def test_the_last_poll_may_fail_too(drive):
    """Then the time is over, and the alert says why nothing is known."""
    run = drive(monitor_job_status, FORM)
    run.begin()
    look(run, seconds=3 * 3600)
    run.fail("GetJobStatus")
    asked = run.asked("SendAlert")
    assert (asked["outcome"], asked["polls"]) == ("expired", 2)
    assert asked["detail"].startswith("the job's state could not be read")


def test_a_failed_alert_is_retried(drive):
    """For a day; the output is the recorded alert."""
    run = drive(monitor_job_status, FORM)
    run.begin()
    look(run, {"state": "failed", "detail": "sank"})
    for _ in range(3):
        run.fail("SendAlert")
        run.fire_retry()
    assert run.status["state"] == "alerting"
    run.complete("SendAlert", {**run.asked("SendAlert"), **SENT})
    assert run.output == {"outcome": "failed", "jobId": "works", "detail": "sank", "polls": 1, **SENT}


def test_a_new_generation_gets_count_interval_and_expiry(drive):
    """It continues where the last one stopped, with the same end."""
    run = drive(monitor_job_status, FORM)
    run.begin()
    expires = None
    for number in range(POLLS_A_GENERATION):
        assert not continued_with(run)
        look(run)
        expires = expires or run.status["expires"]
        assert (run.status["polls"], run.status["expires"]) == (number + 1, expires)
        run.pass_time(seconds=240)
    carried = continued_with(run)
    assert carried["carried"] == {"polls": POLLS_A_GENERATION, "intervalSeconds": 240.0, "expiresAt": expires}
    assert not run.open_timers

    following = drive(monitor_job_status, carried, now=run.now)
    following.begin()
    look(following)
    assert (following.status["polls"], following.status["expires"]) == (POLLS_A_GENERATION + 1, expires)
    following.pass_time(hours=1)
    look(following)
    assert following.asked("SendAlert")["polls"] == POLLS_A_GENERATION + 2


def test_an_impossible_input_fails_the_instance(drive):
    """With a sentence; the job is not polled."""
    run = drive(monitor_job_status, {"jobId": ""})
    run.begin()
    assert "jobId" in run.error
    assert run.called == []
