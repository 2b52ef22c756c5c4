"""BudgetApproval in the SDK's own executor."""

import pytest

from orchestrators.budget import budget_approval

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")


@pytest.mark.parametrize(("approved", "outcome"), [(True, "approved"), (False, "rejected")])
def test_waits_for_approval_and_records_it(drive, approved, outcome):
    """There is no deadline; the answer decides whenever it comes."""
    run = drive(budget_approval, {"title": "Steel", "amount": 12_500.0})
    run.begin()
    run.complete("RequestApproval")
    run.pass_time(days=400)
    assert run.status == {"state": "waiting", "stage": "budget", "approver": "the budget owner"}
    run.event({"approved": approved, "approver": "Ole"}, "Approval", by_client=True)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == outcome
    assert run.status["state"] == outcome


def test_an_answer_that_does_not_count_leaves_it_waiting(drive):
    """Wrong shapes are shown, an event for another workflow is none at all."""
    run = drive(budget_approval, {})
    run.begin(run.raised(1, "Approval"))
    run.complete("RequestApproval")
    run.event({"approved": True}, "ApprovalEvent")
    assert run.status["rejectedAnswers"] == 1
    assert run.called == ["RequestApproval"]
    run.event({"approved": True}, "Approval")
    run.complete("ProcessApproval")
    assert run.output["decidedBy"] == "unnamed"
