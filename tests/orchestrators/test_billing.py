"""BillingIssuer in the SDK's own executor: bills that fail, a host that is late, and a run in several generations."""

import json
from datetime import timedelta

import pytest

from orchestrators.billing import BILLS_A_GENERATION, billing_issuer

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

FORM = {"account": "Town works", "amount": 0.1, "days": 3}


def issue(run):
    """Issue the bill that is asked for, and return it."""
    bill = {**run.asked("IssueBill"), "issuedAt": run.now.isoformat()}
    run.complete("IssueBill", bill)
    return bill


def test_a_failed_bill_is_retried_with_the_same_date(drive):
    """For a day; the next one is not late because of it."""
    run = drive(billing_issuer, FORM)
    run.begin()
    first = run.asked("IssueBill")
    for _ in range(3):
        run.fail("IssueBill")
        run.now += timedelta(minutes=10)
        run.fire_retry()
    assert run.asked("IssueBill") == first
    issue(run)
    (waiting,) = run.open_timers
    assert waiting.isoformat().startswith("2026-03-03T09:00:00")


def test_a_host_that_was_off_catches_up_with_its_bills(drive):
    """One after the other, without waiting, each dated when it was due."""
    run = drive(billing_issuer, FORM)
    run.begin()
    issue(run)
    run.pass_time(days=5)
    dates = [issue(run)["due"][:10], issue(run)["due"][:10]]
    assert dates == ["2026-03-03", "2026-03-04"]
    assert (run.output["bills"], run.output["total"]) == (3, 0.3)
    assert run.called.count("IssueBill") == 3


def test_a_new_generation_gets_number_sum_and_start(drive):
    """Its first bill is due an interval after the last one."""
    run = drive(billing_issuer, {**FORM, "days": BILLS_A_GENERATION + 1, "intervalHours": 1.0})
    run.begin()
    last = issue(run)
    for _ in range(BILLS_A_GENERATION - 1):
        run.pass_time(hours=1)
        last = issue(run)
    action = run.state["actions"][0][-1]
    assert action["actionType"] == 4
    carried = json.loads(action["input"])
    assert (carried["carried"]["issued"], carried["carried"]["cents"]) == (BILLS_A_GENERATION, 10 * BILLS_A_GENERATION)

    following = drive(billing_issuer, carried, now=run.now)
    following.begin()
    assert following.status["state"] == "waiting"
    following.pass_time(hours=1)
    bill = issue(following)
    assert bill["number"] == BILLS_A_GENERATION + 1
    assert bill["due"] > last["due"]
    assert following.output["bills"] == BILLS_A_GENERATION + 1
    assert following.output["lastBillOn"] == bill["due"]


def test_an_impossible_input_fails_the_instance(drive):
    """Also one that claims to come from a run that has not begun."""
    carried = {"issued": 1, "cents": 10, "startedAt": "2027-03-02T09:00:00+00:00"}
    run = drive(billing_issuer, {**FORM, "carried": carried})
    run.begin()
    assert "carried" in run.error
    assert run.called == []
