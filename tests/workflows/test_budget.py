"""BudgetApproval through HttpStart: yes, no, no answer, killed, asked for twice."""

import pytest

from tests.long import killing

FORM = {"title": "Steel", "requestedBy": "Ines", "amount": 61800.0}


@pytest.mark.parametrize(("approved", "outcome"), [(True, "approved"), (False, "rejected")])
def test_an_approval_is_processed_and_a_rejection_is_told(app, approved, outcome):
    """The outcome is recorded in both cases, and the log has the notice of a rejection."""
    budget = app.begin("BudgetApproval", FORM)
    app.until_shown(budget, state="waiting", stage="budget")
    app.raise_event(budget, "Approval", {"approved": approved, "approver": "Ole"})
    assert app.result(budget)["outcome"] == outcome
    assert [row["Outcome"] for row in app.rows("Outcomes") if row["ProposalId"] == budget] == [outcome]
    notices = lambda: [each for each in app.records if '"notice"' in str(each) and budget in str(each)]  # noqa: E731
    if approved:
        assert notices() == []
    else:
        app.until(notices)


@pytest.mark.parametrize("payload", ["yes", 1, {}, {"approved": "true"}], ids=repr)
def test_an_invalid_decision_leaves_it_waiting(app, payload):
    """The custom status says why; the next decision counts."""
    budget = app.begin("BudgetApproval", FORM)
    app.until_shown(budget, state="waiting")
    app.raise_event(budget, "Approval", payload)
    app.until_shown(budget, state="waiting", rejectedAnswers=1)
    app.raise_event(budget, "Approval", {"approved": True})
    assert app.result(budget)["outcome"] == "approved"


@pytest.mark.parametrize(("workflow", "event"), [("BudgetApproval", "Approval"), ("ApprovalWorkflow", "ApprovalEvent")])
@pytest.mark.parametrize(("payload", "outcome"), [(True, "approved"), (False, "rejected"), ("true", "approved")])
def test_a_bare_answer_counts_if_it_is_allowed(app, workflow, event, payload, outcome):
    """As in local.settings.json, and as the classic sample sends it; it names nobody."""
    form = FORM if workflow == "BudgetApproval" else {"title": "Footbridge", "submittedBy": "Ines"}
    asked = app.begin(workflow, form)
    app.until_shown(asked, state="waiting")
    app.raise_event(asked, event, payload)
    output = app.result(asked)
    assert (output["outcome"], output["decidedBy"]) == (outcome, "unnamed")


def test_no_answer_within_its_own_window_expires(app):
    """72 hours by default."""
    short = app.begin("BudgetApproval", {**FORM, "windowHours": 2})
    usual = app.begin("BudgetApproval", FORM)
    for budget in (short, usual):
        app.until_shown(budget, state="waiting")
    app.advance(hours=2)
    assert app.result(short)["outcome"] == "expired"
    assert app.status(usual)["runtimeStatus"] == "Running"
    app.advance(hours=70)
    assert app.result(usual)["outcome"] == "expired"


@killing
def test_a_killed_host_goes_on_waiting(app):
    """The answer is recorded once."""
    budget = app.begin("BudgetApproval", FORM)
    app.until_shown(budget, state="waiting")
    app.kill()
    app.restart()
    app.raise_event(budget, "Approval", {"approved": True, "approver": "Ole"})
    assert app.result(budget)["decidedBy"] == "Ole"
    assert len([row for row in app.rows("Outcomes") if row["ProposalId"] == budget]) == 1


def test_a_repeated_id_starts_nothing_twice(app):
    """The first instance is found, and goes on."""
    budget = app.begin("BudgetApproval", FORM)
    assert app.post("BudgetApproval", FORM, instance_id=budget).status == 202
    app.raise_event(budget, "Approval", {"approved": False})
    assert app.result(budget)["outcome"] == "rejected"
