"""BudgetApproval in the SDK's own executor."""

import pytest

from approvals.names import digest
from orchestrators.budget import budget_approval

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")


REQUEST = {"title": "Steel", "requestedBy": "Ines", "amount": 12_500.0}


@pytest.mark.parametrize(
    ("approved", "activity", "outcome"),
    [(True, "ProcessApproval", "approved"), (False, "NotifyRequester", "rejected")],
)
def test_an_approval_is_processed_and_a_rejection_is_told(drive, approved, activity, outcome):
    """The custom status shows the deadline; the answer cancels the timer."""
    run = drive(budget_approval, REQUEST)
    run.begin()
    run.complete("RequestApproval")
    assert run.status["state"] == "waiting"
    assert run.status["deadline"].startswith("2026-03-05T09:00")
    run.event({"approved": approved, "approver": "Ole"}, "Approval", by_client=True)
    assert not run.open_timers
    asked = run.asked(activity)
    run.complete(activity, asked if approved else asked["outcome"])
    assert run.output["outcome"] == outcome
    assert run.status["state"] == outcome


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (12_500.0, "EUR", "12,500 EUR"),
        (0.5, "EUR", "0.50 EUR"),
        (5000.0, "JPY", "5,000 JPY"),
        (1.25, "KWD", "1.250 KWD"),
    ],
)
def test_the_amount_has_the_decimals_of_its_currency(drive, amount, currency, told):
    """There are no hundredths of a yen."""
    run = drive(budget_approval, {**REQUEST, "amount": amount, "currency": currency})
    run.begin()
    assert run.asked("RequestApproval")["title"] == f"Steel: {told}"


def test_a_timeout_is_told_too(drive):
    """It is neither an approval nor a rejection."""
    run = drive(budget_approval, {**REQUEST, "windowHours": 2.0})
    run.begin()
    run.complete("RequestApproval")
    run.pass_time(hours=2)
    asked = run.asked("NotifyRequester")
    assert asked["to"] == "Ines"
    run.complete("NotifyRequester", asked["outcome"])
    assert run.output["outcome"] == "expired"
    assert run.status["state"] == "expired"


def test_an_answer_that_does_not_count_leaves_the_workflow_waiting(drive):
    """Invalid ones are shown, an event for another workflow is ignored."""
    run = drive(budget_approval, {})
    run.begin(run.raised(1, "Approval"))
    run.complete("RequestApproval")
    run.event({"approved": True}, "ApprovalEvent")
    assert run.status["rejectedAnswers"] == 1
    assert run.called == ["RequestApproval"]
    run.event({"approved": True}, "Approval")
    run.complete("ProcessApproval")
    assert run.output["decidedBy"] == "unnamed"


def test_nobody_decides_on_their_own_budget_under_another_name(drive):
    """The input has a digest of each."""
    run = drive(budget_approval, {**REQUEST, "alsoCalled": [digest("ines@example.org")]})
    run.begin()
    run.complete("RequestApproval")
    run.event({"approved": True, "approver": "ines@example.org"}, "Approval")
    assert run.status["lastRejection"] == "Ines submitted it and may not decide on it"


@pytest.mark.parametrize("approved", [True, False])
def test_nobody_decides_on_their_own_budget(drive, approved):
    """The status shows it, and another person's answer counts."""
    run = drive(budget_approval, REQUEST)
    run.begin()
    run.complete("RequestApproval")
    run.event({"approved": approved, "approver": " \uff29NES"}, "Approval")
    assert (run.status["state"], run.status["rejectedAnswers"]) == ("waiting", 1)
    assert run.status["lastRejection"] == "Ines submitted it and may not decide on it"
    run.event({"approved": True, "approver": "Ole"}, "Approval")
    run.complete("ProcessApproval")
    assert (run.output["outcome"], run.output["decidedBy"]) == ("approved", "Ole")
