"""S20: whoever can write into the storage of records cannot change what was decided without its being seen.

Every way to damage a chain, bit by bit: tests/approvals/record/test_chain.py; what the API says then:
tests/clients/test_audit.py. Here: somebody with the account's key, against the running app.
"""

import json

import pytest
from azure.storage.blob import BlobServiceClient

from approvals.record.chain import GENESIS, seal, verify
from approvals.record.wire import from_json
from tests import records

DECISION = {"approver": "Mara", "decision": "reject", "comment": "Too steep."}


@pytest.fixture
def rejected(fortress):
    """A proposal that Mara has rejected, and that the list knows to be over."""
    proposal = fortress.begin()
    assert fortress.call("POST", f"/api/proposals/{proposal}/decisions", DECISION).status_code == 200
    listed = "/api/proposals?status=rejected&top=100"
    fortress.until(lambda: proposal in fortress.call("GET", listed).text)
    return proposal


def rewrite(fortress, proposal, change):
    """Put other bytes in the place of a record, as the account's key allows; return what is there now."""
    return records.rewrite(fortress.connection_string, proposal, change)


def verdict(fortress, proposal):
    """Ask the API what it thinks of a record."""
    return fortress.call("GET", f"/api/proposals/{proposal}/audit?verify=true").json()["verdict"]


def turned(content):
    """Turn the no into a yes, as in a text editor."""
    return content.replace(b'"decision":"reject"', b'"decision":"approve"').replace(
        b'"effect":"reject"', b'"effect":"approve"'
    )


def cut(content):
    """Take the decision and all that followed away, whole lines."""
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: next(number for number, line in enumerate(lines) if b'"kind":"decided"' in line)])


def written_anew(content):
    """Turn the no into a yes and write every hash anew, as somebody does who knows how records are made."""
    forged = turned(content).replace(b'"rejected"', b'"approved"')
    return seal([from_json(entry_of(line)) for line in forged.splitlines()], head=GENESIS)


def entry_of(line):
    """Return the JSON of a line's entry alone."""
    return {key: value for key, value in json.loads(line).items() if key not in ("prev", "hash")}


def test_an_untouched_record_is_sound(fortress, rejected):
    """The control: what is found below is what was done to it."""
    rewrite(fortress, rejected, lambda content: content)
    assert verdict(fortress, rejected)["ok"]


@pytest.mark.parametrize("change", [turned, cut, written_anew], ids=lambda each: each.__name__)
def test_whoever_rewrites_a_record_is_found_out(fortress, rejected, change):
    """By its hashes, or by the anchor that the list keeps elsewhere."""
    rewrite(fortress, rejected, change)
    found = verdict(fortress, rejected)
    assert (found["ok"], bool(found["finding"])) == (False, True)


def test_without_the_anchor_a_record_that_was_written_anew_would_pass(fortress, rejected):
    """Its hashes are right. So the anchors are kept, and may be kept elsewhere too: the head is in every answer."""
    content = rewrite(fortress, rejected, written_anew)
    assert verify(content).ok
    assert not verdict(fortress, rejected)["ok"]


def test_on_a_record_that_was_changed_nothing_is_decided(fortress):
    """Neither by the API nor by a link nor by the queue, and no workflow goes on."""
    proposal = fortress.begin()
    link = fortress.link(proposal, "Mara")
    rewrite(fortress, proposal, lambda content: content.replace(b"Mara", b"Nora", 1))
    yes = {"approver": "Mara", "decision": "approve"}
    assert fortress.call("POST", f"/api/proposals/{proposal}/decisions", yes).status_code == 500
    assert fortress.call("POST", link, {"decision": "approve"}).status_code == 500
    assert fortress.call("GET", f"/api/proposals/{proposal}").status_code == 500
    with BlobServiceClient.from_connection_string(fortress.connection_string) as service:
        content = service.get_blob_client("records", f"{proposal}.jsonl").download_blob().readall()
    assert b'"decided"' not in content
