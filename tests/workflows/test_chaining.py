"""Chaining: validate, number, summarise, publish; and back again."""

import base64
import json
import re
import uuid
from pathlib import Path

import pytest

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
KINDS = {".md": "text/markdown", ".png": "image/png"}


def attached(name, content=None):
    """Return an attachment as it is posted; without content it is a file of the footbridge proposal."""
    content = (FOOTBRIDGE / name).read_bytes() if content is None else content
    return {
        "name": name,
        "contentType": KINDS[Path(name).suffix],
        "content": base64.b64encode(content).decode(),
    }


def form(**change):
    """Return a small proposal with a title of its own."""
    return {
        "title": f"Bench {uuid.uuid4().hex[:8]}",
        "submittedBy": "Ines",
        "summary": "A bench. In the shade.",
    } | change


def submission(blob, **change):
    """Return a workflow's input with a document at `blob`, as the durable HTTP API takes it."""
    document = {"blob": blob, "name": "plan.md", "contentType": "text/markdown", "size": 20}
    return form(**change) | {"attachments": [document]}


def numbers(app, instance):
    """Return the numbers that an instance was ever given, each with whether it is void."""
    rows = [row for row in app.rows("Register") if row.get("ProposalId") == instance]
    return sorted((row["Number"], row["Void"]) for row in rows if row["RowKey"] == row["Number"])


def summaries(app, instance):
    """Return the summaries that are kept for an instance."""
    return [row["Summary"] for row in app.rows("Summaries") if row["ProposalId"] == instance]


def pages(app, title):
    """Return the register's pages of that title."""
    container = app.container("register")
    found = (json.loads(container.download_blob(blob).readall()) for blob in container.list_blob_names())
    return [page for page in found if page["title"] == title]


def past_the_retries(app, instance):
    """Let virtual time pass, five seconds a retry, until the instance has ended."""
    app.until(lambda: app.advance(hours=0.01) and app.status(instance)["runtimeStatus"] == "Completed")
    return app.result(instance)


def has_failed_once(app, instance):
    """Say whether an activity of the instance has failed, and so waits to be tried again."""
    events = app.status(instance, history=True)["historyEvents"]
    return any(event["EventType"] == "TaskFailed" for event in events)


def run_again(app, instance):
    """Run an instance that has ended once more, as an operator may, and return what comes out."""
    began = app.status(instance)["createdTime"]
    app.advance(hours=0.01)
    path = f"/runtime/webhooks/durabletask/instances/{instance}/restart?restartWithNewInstanceId=false"
    assert app.request("POST", path).status == 202
    app.wait(instance, until=lambda now: now["createdTime"] > began and now["runtimeStatus"] == "Completed")
    return app.result(instance)


def test_a_proposal_is_numbered_summarised_and_published(app):
    """The real document is shortened to its first sentences; the history holds no more of it."""
    files = [attached(name) for name in ("elevation.png", "design-proposal.md", "site-plan.png")]
    proposal = json.loads((FOOTBRIDGE / "proposal.json").read_text())
    instance = app.begin("Chaining", proposal | {"attachments": files})
    output = app.result(instance)

    assert output["outcome"] == "published"
    assert re.fullmatch(r"P-\d{4}-\d{4}", output["number"])
    assert output["summary"].startswith("Mill Stream footbridge: A footbridge of 18.5 m replaces the ford")
    assert "Design proposal for decision by the design board." in output["summary"]
    assert len(output["summary"]) <= 500
    (page,) = pages(app, "Mill Stream footbridge")
    assert (page["number"], page["summary"]) == (output["number"], output["summary"])
    assert output["publication"].startswith("register/mill-stream-footbridge-")
    assert numbers(app, instance) == [(output["number"], False)]
    assert summaries(app, instance) == [output["summary"]]
    assert app.status(instance)["customStatus"] == {"state": "published", "number": output["number"]}


def test_a_taken_title_undoes_summary_and_number(app):
    """In reverse order; the existing page stays, and the number is void for ever."""
    title = form()["title"]
    first = app.result(app.begin("Chaining", form(title=title)))
    second = app.begin("Chaining", form(title=f"  {title.upper()} "))
    output = app.result(second)

    assert output == {
        "outcome": "undone",
        "failedStep": "PublishProposal",
        "reason": f"a proposal with this title is already published, as {first['number']}",
        "undone": ["SummariseProposal", "NumberProposal"],
        "notUndone": [],
    }
    ((void, is_void),) = numbers(app, second)
    assert is_void
    assert summaries(app, second) == []
    assert [page["number"] for page in pages(app, title)] == [first["number"]]
    assert app.status(second)["customStatus"]["failedStep"] == "PublishProposal"
    third = app.result(app.begin("Chaining", form()))
    assert third["number"] > void


def test_a_refused_proposal_gets_no_number(app):
    """There is nothing to undo."""
    instance = app.begin("Chaining", form(summary=" ", estimatedCost=100))
    output = app.result(instance)
    assert (output["outcome"], output["failedStep"], output["undone"]) == ("undone", "ValidateProposal", [])
    assert "needs a summary or a document" in output["reason"]
    assert numbers(app, instance) == []


def test_a_document_that_is_no_text_voids_the_number(app):
    """No retry would help."""
    instance = app.begin("Chaining", form(attachments=[attached("plan.md", b"caf\xe9")]))
    output = app.result(instance)
    assert (output["failedStep"], output["undone"]) == ("SummariseProposal", ["NumberProposal"])
    assert output["reason"] == "the document 'plan.md' is not UTF-8 text"
    assert [void for _, void in numbers(app, instance)] == [True]


def test_a_permanently_failed_activity_is_undone_too(app):
    """Its document is missing: after five attempts the reason says so."""
    instance = app.start("Chaining", submission("nowhere/plan.md"))
    app.until_shown(instance, state="summarising", step=3, of=4)
    output = past_the_retries(app, instance)
    assert (output["outcome"], output["failedStep"]) == ("undone", "SummariseProposal")
    assert output["undone"] == ["NumberProposal"]
    assert output["reason"].endswith("failed: ResourceNotFoundError: The specified blob does not exist.")
    assert [void for _, void in numbers(app, instance)] == [True]


def test_a_kill_in_the_middle_repeats_nothing(app):
    """The host dies during a retry; the next one goes on from there, with the same number."""
    blob = f"{uuid.uuid4().hex}/plan.md"
    instance = app.start("Chaining", submission(blob))
    app.until(lambda: has_failed_once(app, instance))
    ((number, _),) = numbers(app, instance)
    app.kill()
    app.restart()
    app.container("attachments").upload_blob(blob, b"# Plan\n\nOak and steel.\n")
    output = past_the_retries(app, instance)
    assert (output["outcome"], output["number"]) == ("published", number)
    assert output["summary"].endswith("A bench. In the shade. Oak and steel.")
    assert numbers(app, instance) == [(number, False)]


@pytest.mark.parametrize("again", ["post", "restart"])
def test_a_second_run_under_one_id_repeats_nothing(app, again):
    """HttpStart finds it; a restart by an operator finds its number and its page."""
    proposal = form()
    instance = app.begin("Chaining", proposal)
    output = app.result(instance)
    if again == "post":
        assert app.post("Chaining", proposal, instance_id=instance).status == 202
    else:
        assert run_again(app, instance) == output
    assert numbers(app, instance) == [(output["number"], False)]
    assert len(pages(app, proposal["title"])) == 1


def test_a_run_after_an_undone_one_gets_its_own_number(app):
    """The void one is not used again, and the title is free once its owner is gone."""
    title = form()["title"]
    app.result(app.begin("Chaining", form(title=title)))
    instance = app.begin("Chaining", form(title=title))
    assert app.result(instance)["outcome"] == "undone"
    pages_there = app.container("register")
    for blob in pages_there.list_blob_names(name_starts_with=title.lower().replace(" ", "-")):
        pages_there.delete_blob(blob)
    output = run_again(app, instance)
    assert output["outcome"] == "published"
    assert [void for _, void in numbers(app, instance)] == [True, False]
    assert numbers(app, instance)[1][0] == output["number"]
