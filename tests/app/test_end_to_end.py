"""The story of design proposals, from outside: HTTP and queues only, on devhost and Azurite."""

import base64

import pytest

ENVELOPE = {"__class__": "Decision", "__module__": "approvals.decision", "__data__": {"approved": True}}


@pytest.mark.parametrize(("approved", "outcome"), [(True, "approved"), (False, "rejected")])
def test_a_message_on_the_queue_decides(app, decision, approved, outcome):
    """The instance ends right after the decision, with its outcome as output."""
    proposal = app.start()
    app.until(proposal, state="waiting")
    app.send(decision(proposal, approved))
    ended = app.until(proposal, runtimeStatus="Completed")
    assert (ended["output"]["outcome"], ended["output"]["decidedBy"]) == (outcome, "Mara")
    assert ended["customStatus"]["state"] == outcome


@pytest.mark.parametrize("packed", [False, True])
def test_a_bare_id_approves(app, packed):
    """As in the classic sample, as plain text and in Base64."""
    proposal = app.start()
    app.send(base64.b64encode(proposal.encode()).decode() if packed else proposal)
    ended = app.until(proposal, runtimeStatus="Completed")
    assert (ended["output"]["outcome"], ended["output"]["decidedBy"]) == ("approved", "unnamed")


@pytest.mark.parametrize(("payload", "outcome"), [(True, "approved"), ("true", "approved"), (False, "rejected")])
def test_a_bare_yes_or_no_answers(app, payload, outcome):
    """As in the classic sample, if the settings allow it; those for development do."""
    proposal = app.start()
    app.until(proposal, state="waiting")
    app.raise_event(proposal, payload)
    ended = app.until(proposal, runtimeStatus="Completed")
    assert (ended["output"]["outcome"], ended["output"]["decidedBy"]) == (outcome, "unnamed")


def test_a_budget_waits_for_its_own_event(app, decision):
    """It uses the same queue."""
    budget = app.start("BudgetApproval", title="Steel", amount=61_800.0)
    app.until(budget, state="waiting")
    app.send(decision(budget))
    assert app.until(budget, runtimeStatus="Completed")["output"]["stage"] == "budget"


@pytest.mark.parametrize("payload", ["yes", 1, None, [], {}, {"approved": "true"}, ENVELOPE], ids=repr)
def test_an_event_of_the_wrong_form_leaves_it_waiting(app, payload):
    """The custom status has the rejection; the next valid event decides."""
    proposal = app.start()
    app.until(proposal, state="waiting")
    app.raise_event(proposal, payload)
    waiting = app.until(proposal, rejectedAnswers=1)
    assert waiting["runtimeStatus"] == "Running"
    assert waiting["customStatus"]["lastRejection"]
    app.raise_event(proposal, {"approved": False, "approver": "Mara"})
    assert app.until(proposal, runtimeStatus="Completed")["output"]["outcome"] == "rejected"


def test_events_right_after_the_start_count(app):
    """The first valid one decides."""
    proposal = app.start()
    for payload in ("yes", {"approved": False, "approver": "Mara"}):
        app.raise_event(proposal, payload)
    app.raise_event(proposal, {"approved": True, "approver": "Mara"}, may_be_over=True)
    ended = app.until(proposal, runtimeStatus="Completed")
    assert ended["output"]["outcome"] == "rejected"
    assert ended["customStatus"]["rejectedAnswers"] == 1


def test_a_proposal_without_an_answer_escalates(app):
    """After its window, also if an answer was rejected meanwhile; other proposals are not affected."""
    hasty = app.start(windowHours=12.0, escalateTo="Jonas")
    patient = app.start(windowHours=100.0)
    for proposal in (hasty, patient):
        app.until(proposal, state="waiting")
    app.raise_event(hasty, "yes")
    app.until(hasty, rejectedAnswers=1)
    app.host.post("/admin/devhost/clock", {"hours": 13})
    ended = app.until(hasty, runtimeStatus="Completed")
    assert (ended["output"]["outcome"], ended["output"]["decidedBy"]) == ("escalated", "Jonas")
    assert app.status(patient)["runtimeStatus"] == "Running"


def test_an_unusable_message_is_logged_with_its_reason(app, decision):
    """Unknown instance, finished instance, invalid text."""
    proposal = app.start()
    app.send(decision(proposal))
    app.until(proposal, runtimeStatus="Completed")
    for text, reason in [
        (decision("no-such-instance"), "there is no instance no-such-instance"),
        (decision(proposal), f"{proposal} has already finished"),
        ("neither fish nor fowl", "neither a JSON object nor an instance id"),
    ]:
        app.send(text)
        line = app.eventually(lambda reason=reason: app.logged(reason) and app.logged("poison-message"), reason)
        assert line


def test_counters_count_each_proposal_once(app, decision):
    """Each outcome has a counter."""
    before = {name: app.host.get(f"/api/counters/{name}")["value"] for name in ("submitted", "approved")}
    proposal = app.start()
    app.send(decision(proposal))
    app.until(proposal, runtimeStatus="Completed")
    for name, value in before.items():
        path = f"/api/counters/{name}"
        app.eventually(lambda path=path, value=value: app.host.get(path)["value"] == value + 1, f"{name} did not count")
