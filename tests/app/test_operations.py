"""What operators do, on a host: a workflow ends and is purged, a message that was put aside is discarded."""

import requests

from approvals.operations import Overview
from clients.description.operations import OPERATIONS

ASKS = next(dict(each.body.example) for each in OPERATIONS if each.id == "ActOnInstance" and each.body)


def overview(app):
    """What operators see."""
    told = requests.get(f"{app.host.url}/api/ops", timeout=60)
    assert told.status_code == 200, told.text
    return Overview.model_validate_json(told.content)


def post(app, path):
    """Do something as an operator, with the example of the document as the body."""
    return requests.post(f"{app.host.url}/api/ops/{path}", json=ASKS, timeout=60)


def test_an_operator_terminates_lists_and_purges_a_workflow_on_record(app):
    """Through the host's durable API."""
    instance = app.start()
    assert post(app, f"instances/{instance}/purge").status_code == 409
    told = post(app, f"instances/{instance}/terminate")
    assert told.status_code == 200, told.text
    listed = app.eventually(
        lambda: [each for each in overview(app).failed if each.instance_id == instance], "it is in no list"
    )
    assert [(each.status, each.reason) for each in listed] == [("Terminated", ASKS["reason"])]
    assert post(app, f"instances/{instance}/rewind").status_code == 409
    assert post(app, f"instances/{instance}/purge").status_code == 200
    assert requests.get(f"{app.host.url}/api/orchestrations/{instance}", timeout=60).status_code == 404
    acts = [(each.by, each.act, each.outcome) for each in overview(app).acts if each.target == instance]
    outcome = f"done: {ASKS['reason']}"
    assert acts == [(ASKS["by"], "purge", outcome), (ASKS["by"], "terminate", outcome)]


def test_a_poison_message_is_sent_again_and_then_discarded(app):
    """If it is refused again it waits as before."""
    app.send('{"proposalId": "nowhere-7", "approver": "Mara", "decision": "approve"}')
    find = lambda: [each for each in overview(app).messages if "nowhere-7" in each.body]  # noqa: E731
    (message,) = app.eventually(find, "no message was put aside")
    again = post(app, f"poison/{message.id}/send")
    assert (again.status_code, again.json()["code"]) == (409, "notSent")
    assert "there is no proposal nowhere-7" in again.json()["detail"]
    assert post(app, f"poison/{message.id}/discard").status_code == 200
    assert find() == []
    assert post(app, f"poison/{message.id}/send").json()["code"] == "taken"


def test_the_page_shows_when_the_sweep_ran(app):
    """The sweep stores the time and what it found, whether it looked at everything or only at what is open."""
    earlier = sweeps(app)
    requests.post(f"{app.host.url}/admin/functions/SweepReviews", json={"input": ""}, timeout=60)
    app.eventually(lambda: sweeps(app) != earlier, "no run is on record")
    (ran,) = sweeps(app)
    assert not earlier or ran.at > earlier[0].at
    assert "found" in ran.line


def sweeps(app):
    """The last run of the sweep, in a list; it is empty before the first."""
    return [each for each in overview(app).runs if each.name == "sweep"]
