"""The examples are what the app takes."""

import base64
import json
from pathlib import Path

import pytest

from approvals.attachments import InlineAttachment, check_attachments
from approvals.single_stage.proposal import ProposalForm
from approvals.validation import read_json
from examples.demo import ATTACHMENTS

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"


@pytest.mark.parametrize("name", ["proposal.json", "playground.json"])
def test_an_example_proposal_is_accepted(name):
    """The unchanged file, as curl sends it."""
    form = ProposalForm.from_dict(read_json((FOOTBRIDGE / name).read_bytes()))
    assert form.window_hours == 72


@pytest.mark.parametrize(("name", "kind"), ATTACHMENTS.items())
def test_an_example_attachment_is_accepted(name, kind):
    """With the content type that the demo gives it."""
    content = base64.b64encode((FOOTBRIDGE / name).read_bytes()).decode()
    attachment = InlineAttachment.from_dict({"name": name, "contentType": kind, "content": content})
    (upload,) = check_attachments("p-1", (attachment,))
    assert upload.content


def test_the_requests_in_api_http_have_valid_json():
    """Every body that is meant to be JSON."""
    text = (FOOTBRIDGE.parent / "api.http").read_text("utf-8")
    bodies = [block.split("\n\n", 1)[1].strip() for block in text.split("###")[1:] if "\n\n" in block]
    for body in bodies:
        if body.startswith("{") and "@" not in body:
            json.loads(body)
