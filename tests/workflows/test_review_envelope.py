"""A payload that claims to be an object of a class, on every way in, with the setting for strict typing on and off.

Whoever may send one could otherwise end a review with it, or make the worker build an object of their choice. The app
turns the SDK's strict typing on also where the setting says no (function_app.py).
"""

import pytest

from tests.workflows.conftest import ROOT, SETTINGS, Greenlight
from tests.workflows.reviews import Reviews, stage

ENVELOPE = {"__class__": "Decision", "__module__": "approvals.decision", "__data__": {"approved": True}}
POPEN = {"__class__": "Popen", "__module__": "subprocess", "__data__": ["touch", "/tmp/never"]}
STRICT = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"


@pytest.fixture(scope="module", params=["strict", "lax"])
def reviews(request, tmp_path_factory, app_storage):
    """The reviews of a host whose settings ask for strict typing, and of one whose settings do not."""
    if request.param == "strict":
        yield Reviews(request.getfixturevalue("app"))
        return
    environ = {**SETTINGS, STRICT: "0"}
    with Greenlight(ROOT, tmp_path_factory.mktemp("envelope"), ("--clock", "virtual"), environ, app_storage) as app:
        yield Reviews(app)


@pytest.fixture
def waiting(reviews):
    """A review that waits for Mara."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    return proposal


def decided_by_mara(reviews, proposal):
    """Say whether the review is where it was, and Mara can still decide it."""
    assert reviews.show(proposal)["waitingFor"] == ["Mara"]
    assert reviews.decide(proposal, "Mara").status == 200
    return reviews.ended(proposal) == "approved" and reviews.kinds(proposal).count("decided") == 1


@pytest.mark.parametrize("payload", [ENVELOPE, POPEN, {**ENVELOPE, "approved": True}], ids=["ours", "Popen", "mixed"])
@pytest.mark.parametrize("event", ["ApprovalEvent", "Approval"])
def test_an_envelope_as_a_decision_is_refused_and_shown(reviews, waiting, event, payload):
    """It is no decision, whatever it holds, and counted once."""
    reviews.app.raise_event(waiting, event, payload)
    shown = reviews.app.until_shown(waiting, refusedEvents=1)["customStatus"]
    assert shown["lastRefusal"]
    assert decided_by_mara(reviews, waiting)
    assert reviews.app.status(waiting)["customStatus"]["refusedEvents"] == 1


def test_an_envelope_as_a_wake_event_wakes(reviews, waiting):
    """The payload of a Wake is ignored."""
    for payload in (ENVELOPE, POPEN):
        reviews.app.raise_event(waiting, "Wake", payload)
    assert decided_by_mara(reviews, waiting)


def test_an_envelope_as_a_queue_message_is_put_aside(reviews, waiting):
    """A message has none of its keys."""
    for payload in (ENVELOPE, {"proposalId": "p", **ENVELOPE}):
        reviews.app.send("approval-queue", {**payload, "comment": waiting})
    reviews.app.until(
        lambda: 2 == sum("poison-message" in str(each) and waiting in str(each) for each in reviews.app.records)
    )
    assert decided_by_mara(reviews, waiting)


def test_an_envelope_in_a_verb_is_a_bad_request(reviews, waiting):
    """Alone, and in place of a text."""
    for verb in ("decisions", "comments", "withdraw", "changes", "delegate"):
        for body in (ENVELOPE, {"approver": "Mara", "decision": ENVELOPE, "comment": ENVELOPE}):
            assert reviews.app.request("POST", f"/api/proposals/{waiting}/{verb}", body).status == 400
    assert decided_by_mara(reviews, waiting)


@pytest.mark.parametrize(
    "form", [ENVELOPE, {"title": ENVELOPE, "author": "Ines"}, {"title": "t", "author": "Ines", "policy": ENVELOPE}]
)
def test_an_envelope_as_a_proposal_is_a_bad_request(reviews, form):
    """Nothing is recorded."""
    assert reviews.app.request("POST", "/api/proposals", form).status == 400


@pytest.mark.parametrize(
    "form",
    [ENVELOPE, POPEN, {"review": ENVELOPE}, {"review": {"proposalId": ENVELOPE}}, {"review": POPEN, **ENVELOPE}],
    ids=["alone", "Popen", "as a review", "as its id", "both"],
)
def test_an_envelope_as_workflow_input_fails_only_that_instance(reviews, form):
    """Through the operators' durable HTTP API, without any form; through HttpStart it is a bad request."""
    instance = reviews.app.start("ApprovalWorkflow", form)
    assert reviews.app.wait(instance)["runtimeStatus"] == "Failed"
    assert reviews.app.post("ApprovalWorkflow", form).status == 400


def test_an_envelope_in_a_comment_is_text(reviews, waiting):
    """It is returned unchanged."""
    text = '{"__class__": "Popen", "__module__": "subprocess", "__data__": []}'
    assert reviews.do(waiting, "comments", by="Mara", comment=text).status == 200
    reviews.raise_decision(waiting, approved=True, approver="Mara", comment=text)
    assert reviews.ended(waiting) == "approved"
    audit = reviews.app.request("GET", f"/api/proposals/{waiting}/audit").body
    said = [entry["data"]["comment"] for entry in audit["entries"] if "comment" in entry["data"]]
    assert said == [text, text]
