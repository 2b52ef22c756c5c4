"""ProposalLifecycle: the whole way of a proposal, and each place where it can end early."""

import base64
from pathlib import Path

import pytest

from examples.neighbour import running_neighbour
from tests.long import killing

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"


@pytest.fixture(scope="module")
def neighbour():
    """The suppliers and other systems."""
    with running_neighbour() as running:
        yield running


@pytest.fixture(scope="module")
def app(app_alone):
    """A host of its own: all bills are counted."""
    return app_alone


def inline(name, content_type):
    """A file of the footbridge, inside a form."""
    content = base64.b64encode((FOOTBRIDGE / name).read_bytes()).decode()
    return {"name": name, "contentType": content_type, "content": content}


def form(title, **more):
    """A proposal with a document and a picture."""
    files = [inline("design-proposal.md", "text/markdown"), inline("elevation.png", "image/png")]
    return {
        "title": title,
        "submittedBy": "Ines",
        "approver": "Mara",
        "estimatedCost": 5000,
        "attachments": files,
    } | more


def decide(app, instance, word, event, approved=True):
    """Answer a part as soon as it waits."""
    state = {"approval": "in approval", "budget": "in budget approval"}[word]
    part = app.until_shown(instance, state=state)["customStatus"]["instance"]
    app.until(lambda: app.status(part))
    app.until_shown(part, state="waiting")
    app.raise_event(part, event, {"approved": approved, "approver": "Mara"})


def test_a_lifecycle_runs_from_intake_to_the_last_bill(app, neighbour):
    """Each part is a separate instance that can be looked at."""
    app.put_row("Jobs", {"PartitionKey": "jobs", "RowKey": "works", "State": "completed", "Detail": ""})
    whole = app.begin(
        "ProposalLifecycle",
        form(
            "Whole way", budgetLimit=1000, budget="whole-way", supplierUrl=f"{neighbour.url}/quote", jobId="works",
            billTo="Town works", webhookUrl=f"{neighbour.url}/hook",
        ),
    )  # fmt: skip
    opened = app.begin("ReserveBudget", {"budget": "whole-way", "amount": 1, "limit": 10_000})
    assert app.result(opened)["outcome"] == "booked"
    decide(app, whole, "approval", "ApprovalEvent")
    decide(app, whole, "budget", "Approval")
    app.until_shown(whole, state="carrying out")
    for _ in range(10):
        app.advance(hours=24)
    output = app.result(whole)
    assert output["outcome"] == "approved"
    assert output["number"]
    assert (output["quoted"], output["job"], output["billing"]) == (True, "completed", "billed")
    assert output["webhook"] == "delivered"
    assert app.part_status(whole, "picture0")["output"]["outcome"] == "scaled"
    assert app.part_status(whole, "money")["output"]["outcome"] == "booked"
    assert app.part_status(whole, "checks")["output"]["attachments"] == 2
    assert sorted(row["Number"] for row in app.rows("Bills")) == list(range(1, 11))


@pytest.mark.parametrize(
    ("approval", "budget", "outcome"), [(False, None, "rejected"), (True, False, "refused"), (None, None, "escalated")]
)
def test_a_rejection_or_a_timeout_ends_it(app, approval, budget, outcome):
    """No later part is started."""
    whole = app.begin("ProposalLifecycle", form(f"No, {outcome}", budgetLimit=1000, billTo="Town works"))
    part = app.until_shown(whole, state="in approval")["customStatus"]["instance"]
    if approval is None:
        app.until(lambda: app.status(part))
        app.until_shown(part, state="waiting")
        app.advance(hours=72)
    else:
        decide(app, whole, "approval", "ApprovalEvent", approval)
    if budget is not None:
        decide(app, whole, "budget", "Approval", budget)
    assert app.result(whole)["outcome"] == outcome
    assert app.part(whole, "bills") is None


def test_a_taken_title_ends_it_at_the_intake(app):
    """Nobody is asked."""
    first = app.begin("ProposalLifecycle", form("Taken"))
    app.until_shown(first, state="in approval")
    second = app.begin("ProposalLifecycle", form("Taken"))
    output = app.result(second)
    assert output["outcome"] == "refused"
    assert "Taken" in output["reason"] or "title" in output["reason"]
    assert app.part(second, "approval") is None


@killing
def test_a_killed_host_goes_on_with_the_current_part(app):
    """Finished parts are not repeated."""
    whole = app.begin("ProposalLifecycle", form("Killed"))
    app.until_shown(whole, state="in approval")
    checks = app.part_status(whole, "checks")
    app.kill()
    app.restart()
    decide(app, whole, "approval", "ApprovalEvent")
    assert app.result(whole)["outcome"] == "approved"
    assert app.part_status(whole, "checks") == checks


def test_a_repeated_id_starts_nothing_twice(app):
    """409."""
    whole = app.begin("ProposalLifecycle", form("Twice"))
    assert app.post("ProposalLifecycle", form("Twice again"), instance_id=whole).status == 409


def test_a_message_on_the_queue_approves_it(app):
    """The message names the waiting part, as its custom status does."""
    whole = app.begin("ProposalLifecycle", form("By queue"))
    part = app.until_shown(whole, state="in approval")["customStatus"]["instance"]
    app.until(lambda: app.status(part))
    app.until_shown(part, state="waiting")
    app.send("approval-queue", {"instanceId": part, "approved": True, "approver": "Mara"})
    assert app.result(whole)["outcome"] == "approved"


@pytest.mark.parametrize("word", ["approval", "intake", "checks"])
def test_nobody_can_replace_a_part(app, word):
    """Neither by a chosen id, nor by an operator who starts something under that name first."""
    whole = f"taken-{word}"
    taken = f"{whole}:{word}"
    assert app.post("ApprovalWorkflow", form("Other"), instance_id=taken).status == 400
    assert app.request("POST", f"/api/proposals?id={taken}", {"title": "Other", "author": "Ines"}).status == 400
    app.start("ApprovalWorkflow", {"title": "Other", "submittedBy": "Ines"}, taken)
    app.until_shown(taken, state="waiting")
    app.begin("ProposalLifecycle", form(f"Not {word}"), instance_id=whole)
    decide(app, whole, "approval", "ApprovalEvent")
    assert app.result(whole)["outcome"] == "approved"
    assert app.status(taken)["runtimeStatus"] == "Running"
