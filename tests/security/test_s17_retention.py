"""S17: what is old is purged from the hub, and the record of who decided what is not.

The purge itself, its limits and its schedule: tests/workflows/test_retention.py. Here: what of a review is left.
"""

import base64
import hashlib
import json

import pytest

from approvals.retention import FINISHED, Rule
from tests.security.conftest import SETTINGS
from tests.security.fortress import ROOT, Fortress

DAYS = 31


@pytest.fixture(scope="module")
def fortress(tmp_path_factory, app_storage):
    """A host of these tests' own: in a month everything happens that all other tests have left waiting."""
    options = ("--clock", "virtual", "--enable-auth")
    with Fortress(ROOT, tmp_path_factory.mktemp("retention"), options, SETTINGS, app_storage) as running:
        yield running


def decided(fortress):
    """Take a proposal with a file to its end, wait until its workflow has ended too, and return its id."""
    plan = {"name": "plan.md", "contentType": "text/markdown", "content": base64.b64encode(b"# Plan\n").decode()}
    proposal = fortress.begin(policy={"stages": [{"name": "design", "approvers": ["Mara"]}]}, attachments=[plan])
    assert fortress.call("POST", fortress.link(proposal, "Mara"), {"decision": "approve"}).status_code == 200
    fortress.until(lambda: instance(fortress, proposal).json().get("runtimeStatus") == "Completed")
    sweep(fortress)  # it puts down that all was carried out; a jump of a month would leave it no time before the purge
    return proposal


def sweep(fortress):
    """Run the sweep now, and wait for its line in the log."""
    before = len(fortress.lines("sweep"))
    assert fortress.call("POST", "/admin/functions/SweepReviews", {}, key=fortress.master).status_code == 202
    fortress.until(lambda: len(fortress.lines("sweep")) > before)


def instance(fortress, proposal):
    """Ask for the durable instance behind a proposal."""
    return fortress.call("GET", f"/api/orchestrations/{proposal}?showHistory=true", key=fortress.master)


def kept(fortress, proposal):
    """Return what is left of a review: its record, its file, its letters and what it counted as."""
    record = fortress.call(
        "GET", f"/api/proposals/{proposal}/audit", headers={"Accept": "application/x-ndjson"}
    ).content
    return {
        "record": hashlib.sha256(record).hexdigest(),
        "file": fortress.call("GET", f"/api/proposals/{proposal}/attachments/plan.md", user="Mara").content,
        "letters": sorted(fortress.letters(proposal)),
        "outcome": fortress.look(proposal)["outcome"],
        "approved": fortress.call("GET", "/api/counters/approved", key=fortress.master).json()["value"],
    }


def purge(fortress):
    """Run the purge now, and wait for its line in the log."""
    before = len(fortress.lines("retention"))
    told = fortress.call("POST", "/admin/functions/PurgeFinishedInstances", {}, key=fortress.master)
    assert told.status_code == 202
    fortress.until(lambda: len(fortress.lines("retention")) > before)


def test_after_the_purge_the_record_can_still_be_verified(fortress):
    """The workflow, its history and its letters are gone; record, file and outcome are as they were."""
    proposal = decided(fortress)
    before = kept(fortress, proposal)
    assert instance(fortress, proposal).status_code == 200
    fortress.call("POST", "/admin/devhost/clock", {"hours": 24 * DAYS}, key=fortress.master)
    purge(fortress)
    fortress.until(lambda: instance(fortress, proposal).status_code == 404)
    assert before["letters"]
    assert kept(fortress, proposal) == before | {"letters": []}
    assert "ended" in fortress.kinds(proposal)


def test_a_purged_review_cannot_be_decided_again_or_restarted(fortress):
    """The record says that it has ended, although the hub has forgotten it."""
    proposal = decided(fortress)
    fortress.call("POST", "/admin/devhost/clock", {"hours": 24 * DAYS}, key=fortress.master)
    purge(fortress)
    fortress.until(lambda: instance(fortress, proposal).status_code == 404)
    late = {"approver": "Mara", "decision": "reject"}
    assert fortress.call("POST", f"/api/proposals/{proposal}/decisions", late).status_code == 409
    again = {"title": "x", "author": "Ines"}
    assert fortress.call("POST", f"/api/proposals?id={proposal}", again).status_code == 409
    fortress.send(json.dumps({"proposalId": proposal, **late}))
    sweep(fortress)
    assert instance(fortress, proposal).status_code == 404
    assert fortress.look(proposal)["status"] == "approved"


def test_an_open_review_is_never_purged():
    """The purge asks only for ended instances; otherwise open reviews would be lost."""
    assert {each.lower() for each in FINISHED} <= {"completed", "failed", "terminated", "canceled"}
    assert Rule(days=0, limit=1).purges is False
