"""FanOutFanIn in the SDK's own executor: results and failures in any order."""

import itertools

import pytest

from orchestrators.fan_out import fan_out_fan_in

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

NAMES = ("a.md", "b.md", "c.md")


def stored(name):
    """Return a reference to an attachment."""
    return {"blob": f"p/{name}", "name": name, "contentType": "text/markdown", "size": 10}


def checked(name):
    """Return what CheckAttachment says of it."""
    finding = {"attachment": name, "check": "size", "severity": "ok", "message": "has 10 bytes"}
    return {"attachment": name, "bytes": 10, "findings": [finding]}


@pytest.fixture
def run(drive):
    """A run that has three attachments to check, all at once."""
    started = drive(fan_out_fan_in, {"attachments": [stored(name) for name in NAMES]})
    started.begin()
    work = [{"attachment": stored(name), "checks": ["size"]} for name in NAMES]
    started.complete("ListChecks", {"work": work})
    assert started.called == ["ListChecks", *["CheckAttachment"] * 3]
    return started


def end(run):
    """Put the sum on record and return the output."""
    run.complete("RecordFindings", run.asked("RecordFindings")["sum"])
    return run.output


@pytest.mark.parametrize("fails", [order for order in itertools.product([True, False], repeat=3) if any(order)])
def test_failed_checks_do_not_lose_the_results_of_others(run, fails):
    """The sum holds the others and names the failed ones, in the order of the attachments."""
    for name, fail in zip(NAMES, fails, strict=True):
        if fail:
            run.fail_for_good("CheckAttachment")
        else:
            run.complete("CheckAttachment", checked(name))
    output = end(run)
    failing = [name for name, fail in zip(NAMES, fails, strict=True) if fail]
    passing = [name for name, fail in zip(NAMES, fails, strict=True) if not fail]
    assert output["outcome"] == "incomplete"
    assert [each["attachment"] for each in output["failed"]] == failing
    assert [each["attachment"] for each in output["findings"]] == passing
    assert output["bytes"] == 10 * len(passing)


def test_a_check_that_succeeds_at_the_second_attempt_counts(run):
    """The others have ended meanwhile."""
    run.fail("CheckAttachment")
    run.fire_retry()
    for name in NAMES:
        run.complete("CheckAttachment", checked(name))
    assert end(run)["outcome"] == "passed"


def test_the_sum_is_recorded_for_its_run(run):
    """A restarted instance has another start, and so another record."""
    for name in NAMES:
        run.complete("CheckAttachment", checked(name))
    asked = run.asked("RecordFindings")
    assert asked["proposalId"] == "proposal-1"
    assert asked["openedAt"].startswith("2026-03-02T09:00")
    assert run.status["state"] == "recording"


def test_without_attachments_nothing_is_checked(drive):
    """The empty sum is recorded."""
    run = drive(fan_out_fan_in, {})
    run.begin()
    run.complete("ListChecks", {"work": []})
    assert end(run)["attachments"] == 0
    assert run.called == ["ListChecks", "RecordFindings"]
