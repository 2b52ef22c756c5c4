"""ApprovalWorkflow through HttpStart: decided, escalated, killed, asked for twice."""

import pytest

FORM = {"title": "Footbridge", "submittedBy": "Ines", "approver": "Mara", "escalateTo": "Jonas"}
RESTART = "/runtime/webhooks/durabletask/instances/{}/restart?restartWithNewInstanceId=false"


@pytest.mark.parametrize(("approved", "outcome"), [(True, "approved"), (False, "rejected")])
def test_an_answer_decides(app, approved, outcome):
    """The workflow waits for it, and ends right after it."""
    proposal = app.begin("ApprovalWorkflow", FORM)
    app.until_shown(proposal, state="waiting", approver="Mara")
    app.raise_event(proposal, "ApprovalEvent", {"approved": approved, "approver": "Mara"})
    assert app.result(proposal)["outcome"] == outcome


def test_without_an_answer_it_escalates_after_72_hours(app):
    """Not before; a later answer changes nothing."""
    proposal = app.begin("ApprovalWorkflow", FORM)
    app.until_shown(proposal, state="waiting")
    app.advance(hours=71.9)
    assert app.status(proposal)["customStatus"]["state"] == "waiting"
    app.advance(hours=0.2)
    ended = app.result(proposal)
    assert (ended["outcome"], ended["decidedBy"]) == ("escalated", "Jonas")
    late = app.request(
        "POST", f"/runtime/webhooks/durabletask/instances/{proposal}/raiseEvent/ApprovalEvent", {"approved": True}
    )
    assert late.status == 410
    assert app.result(proposal) == ended


def test_a_killed_host_goes_on_waiting(app):
    """Answer and deadline count as before."""
    answered, forgotten = (app.begin("ApprovalWorkflow", FORM) for _ in range(2))
    for proposal in (answered, forgotten):
        app.until_shown(proposal, state="waiting")
    app.kill()
    app.restart()
    app.raise_event(answered, "ApprovalEvent", {"approved": True, "approver": "Mara"})
    assert app.result(answered)["outcome"] == "approved"
    app.advance(hours=72)
    assert app.result(forgotten)["outcome"] == "escalated"


def test_a_repeated_id_starts_nothing_twice(app):
    """Neither while it waits nor after its end: an equal form finds the first, another one is refused."""
    proposal = app.begin("ApprovalWorkflow", FORM)
    app.until_shown(proposal, state="waiting")
    assert app.post("ApprovalWorkflow", FORM, instance_id=proposal).status == 202
    app.raise_event(proposal, "ApprovalEvent", {"approved": False, "approver": "Mara"})
    ended = app.result(proposal)
    again = app.post("ApprovalWorkflow", FORM, instance_id=proposal)
    other = app.post("ApprovalWorkflow", {**FORM, "title": "Another"}, instance_id=proposal)
    assert (again.status, other.status, proposal in other.body["detail"]) == (202, 409, True)
    assert app.result(proposal) == ended


def test_a_start_that_waits_for_the_end_gets_the_outcome(app):
    """`?timeout=`: 200 with the output, or 202 with the URLs if it takes longer."""
    missing = {**FORM, "windowHours": 0.00001}
    assert app.post("ApprovalWorkflow", FORM, query="&timeout=1").status == 202
    answer = app.post("ApprovalWorkflow", missing, query="&timeout=20")
    assert (answer.status, answer.body["outcome"]) == (200, "escalated")
