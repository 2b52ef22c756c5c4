"""FanOutFanIn: every attachment is checked at once, and the findings are summed up."""

import base64
import uuid
from io import BytesIO
from pathlib import Path
from zlib import crc32

import pytest
from PIL import Image

from approvals.checks import VIRUS_TEST
from tests.long import killing

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
KINDS = {".md": "text/markdown", ".png": "image/png", ".txt": "text/plain", ".pdf": "application/pdf"}


def attached(name, content):
    """Return an attachment as it is posted."""
    return {
        "name": name,
        "contentType": KINDS[Path(name).suffix],
        "content": base64.b64encode(content).decode(),
    }


def footbridge():
    """Return the real document and pictures of the footbridge proposal."""
    names = ("design-proposal.md", "elevation.png", "site-plan.png")
    return [attached(name, (FOOTBRIDGE / name).read_bytes()) for name in names]


def stored(app, content=None):
    """Return a reference to a text, which is there only where its content is given."""
    blob = f"{uuid.uuid4().hex}/note.txt"
    if content is not None:
        app.container("attachments").upload_blob(blob, content)
    return {"blob": blob, "name": f"{blob[:8]}.txt", "contentType": "text/plain", "size": 7}


def png(width, height):
    """Return a white picture."""
    file = BytesIO()
    Image.new("1", (width, height), 1).save(file, "PNG")
    return file.getvalue()


def bomb():
    """Return a small file that claims to be a picture of 3.6 billion pixels."""
    file = bytearray(png(1, 1))
    file[16:24] = (60_000).to_bytes(4, "big") * 2
    file[29:33] = crc32(file[12:29]).to_bytes(4, "big")
    return bytes(file)


def found(output, *severities):
    """Return attachment and check of the findings of these severities."""
    return [(each["attachment"], each["check"]) for each in output["findings"] if each["severity"] in severities]


def recorded(app, instance):
    """Return how many sums and findings are on record."""
    rows = [row["Kind"] for row in app.rows("Findings") if row["ProposalId"] == instance]
    return rows.count("sum"), rows.count("finding")


def history(app, instance):
    """Return the kinds of events in an instance's history."""
    return [event["EventType"] for event in app.status(instance, history=True)["historyEvents"]]


def past_the_retries(app, instance):
    """Let virtual time pass, five seconds a retry, until the instance has ended."""
    app.until(lambda: app.advance(hours=0.01) and app.status(instance)["runtimeStatus"] == "Completed")
    return app.result(instance)


def test_a_real_proposal_passes(app):
    """Four checks for each attachment; the sum counts them and the bytes, and is recorded."""
    instance = app.begin("FanOutFanIn", {"attachments": footbridge()})
    output = app.result(instance)
    assert (output["outcome"], output["attachments"], output["failed"]) == ("passed", 3, [])
    assert output["counts"] == {"ok": 12, "warning": 0, "error": 0}
    assert output["bytes"] == sum((FOOTBRIDGE / each["name"]).stat().st_size for each in footbridge())
    assert "has 860 x 420 pixels" in [each["message"] for each in output["findings"]]
    assert recorded(app, instance) == (1, 12)
    assert app.status(instance)["customStatus"]["state"] == "passed"


def test_each_fault_is_found_in_its_attachment(app):
    """The others keep their own results."""
    files = [
        attached("virus.txt", VIRUS_TEST),
        attached("empty.md", b" \n"),
        attached("latin.txt", b"caf\xe9"),
        attached("tiny.png", png(9, 9)),
        attached("cut.png", png(200, 200)[:-30]),
        attached("bomb.png", bomb()),
        attached("plan.pdf", b"%PDF-1.7\n"),
    ]
    output = app.result(app.begin("FanOutFanIn", {"attachments": files}))
    assert output["outcome"] == "objections"
    assert found(output, "warning") == [("tiny.png", "image")]
    assert found(output, "error") == [
        ("virus.txt", "virus"), ("empty.md", "text"), ("latin.txt", "type"), ("cut.png", "image"),
        ("bomb.png", "image"),
    ]  # fmt: skip
    assert "more than 40,000,000 pixels" in output["findings"][-4]["message"]
    assert output["counts"] == {"ok": 21, "warning": 1, "error": 5}


def test_without_attachments_nothing_is_found(app):
    """An empty sum passes, and is recorded too."""
    instance = app.begin("FanOutFanIn", {})
    output = app.result(instance)
    assert output == {
        "outcome": "passed",
        "attachments": 0,
        "bytes": 0,
        "counts": {"ok": 0, "warning": 0, "error": 0},
        "findings": [],
        "failed": [],
    }
    assert recorded(app, instance) == (1, 0)


def test_failed_checks_lose_no_other_results(app):
    """Two blobs are missing: after the retries the sum names both, and holds all other findings."""
    files = [stored(app), stored(app, b"A bench"), stored(app), stored(app, b"A swing")]
    instance = app.start("FanOutFanIn", {"attachments": files})
    output = past_the_retries(app, instance)
    assert (output["outcome"], output["attachments"], output["bytes"]) == ("incomplete", 4, 14)
    assert output["counts"] == {"ok": 8, "warning": 0, "error": 0}
    assert [each["attachment"] for each in output["failed"]] == [files[0]["name"], files[2]["name"]]
    assert all("does not exist" in each["reason"] for each in output["failed"])
    assert recorded(app, instance) == (1, 8)


@killing
def test_a_kill_in_the_middle_repeats_nothing(app):
    """One check is being retried when the host dies; the next host has the other's result and finishes the rest."""
    late, there = stored(app), stored(app, b"A bench")
    instance = app.start("FanOutFanIn", {"attachments": [late, there]})
    app.until(lambda: history(app, instance).count("TaskCompleted") == 2 and "TaskFailed" in history(app, instance))
    app.kill()
    app.restart()
    app.container("attachments").upload_blob(late["blob"], b"A swing")
    output = past_the_retries(app, instance)
    assert (output["outcome"], output["bytes"], output["failed"]) == ("passed", 14, [])
    assert recorded(app, instance) == (1, 8)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"attachments": [attached("a.txt", b"x")] * 11}, "attachments"),
        ({"attachments": [attached("a.png", b"GIF89a")]}, "not image/png"),
        ({"files": []}, "files"),
    ],
)
def test_an_invalid_form_starts_nothing(app, form, told):
    """400 with the fault."""
    answer = app.post("FanOutFanIn", form)
    assert answer.status == 400
    assert told in str(answer.body)


def test_a_second_run_under_one_id_is_refused(app):
    """The record is unchanged."""
    instance = app.begin("FanOutFanIn", {"attachments": footbridge()})
    app.result(instance)
    assert app.post("FanOutFanIn", {}, instance_id=instance).status == 409
    assert recorded(app, instance) == (1, 12)
