"""S20: whoever can write into the storage of records cannot change what was decided without its being seen.

Every way to damage a chain, bit by bit: tests/approvals/record/test_chain.py; what the API says then:
tests/clients/test_audit.py. Here: somebody with the account's key, against the running app.
"""

import json

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from approvals.record.chain import GENESIS, read_chain, seal, verify
from approvals.record.entries import Commented, Via
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


def appended(content):
    """Add an entry with right hashes, as somebody does who knows how records are made and has no key."""
    chain = read_chain(content)
    last = chain.entries[-1]
    more = Commented(
        number=last.number + 1, at=last.at, by="Mara", via=Via.PERSON, document=last.document, comment="Yes."
    )
    return content + seal([more], head=chain.head)


def written_anew(content):
    """Turn the no into a yes and write every hash anew, as somebody does who knows how records are made."""
    forged = turned(content).replace(b'"rejected"', b'"approved"')
    return seal([from_json(entry_of(line)) for line in forged.splitlines()], head=GENESIS)


def entry_of(line):
    """Return the JSON of a line's entry alone."""
    return {key: value for key, value in json.loads(line).items() if key not in ("prev", "hash", "key", "mac")}


def test_an_untouched_record_is_whole(fortress, rejected):
    """The control: the findings below come from the changes."""
    rewrite(fortress, rejected, lambda content: content)
    found = verdict(fortress, rejected)
    assert (found["state"], found["ok"], found["authenticated"]) == ("whole", True, found["entries"])


@pytest.mark.parametrize(
    ("change", "state"),
    [(turned, "damaged"), (cut, "cut"), (appended, "appended"), (written_anew, "replaced")],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_rewritten_record_is_found(fortress, rejected, change, state):
    """By its hashes, by missing authentication, or by an anchor elsewhere."""
    rewrite(fortress, rejected, change)
    found = verdict(fortress, rejected)
    assert (found["state"], found["ok"], bool(found["finding"])) == (state, False, True)


@pytest.mark.parametrize("change", [turned, appended, written_anew], ids=lambda each: each.__name__)
def test_a_record_written_without_the_key_is_refused_by_its_bytes_alone(fortress, change):
    """Nobody reads it, and nothing is added to it, with or without an anchor."""
    proposal = fortress.begin()
    assert fortress.call("POST", f"/api/proposals/{proposal}/decisions", DECISION).status_code == 200
    rewrite(fortress, proposal, change)
    comment = {"by": "Mara", "comment": "Still here?"}
    for told in (
        fortress.call("GET", f"/api/proposals/{proposal}"),
        fortress.call("POST", f"/api/proposals/{proposal}/comments", comment),
    ):
        assert (told.status_code, told.json()["code"]) == (500, "tampered")


def test_without_a_key_a_rewritten_record_would_pass(fortress, rejected):
    """Its hashes are right. A verification without the key reports that it is not authenticated."""
    content = rewrite(fortress, rejected, written_anew)
    found = verify(content)
    assert (found.sound, found.ok, found.authenticated) == (True, False, 0)
    assert verdict(fortress, rejected)["state"] == "replaced"


def test_the_record_of_another_proposal_is_refused(fortress, rejected):
    """Each of its lines is authentic."""
    other = fortress.begin()
    with BlobServiceClient.from_connection_string(fortress.connection_string) as service:
        content = service.get_blob_client("records", f"{other}.jsonl").download_blob().readall()
    rewrite(fortress, rejected, lambda _: content)
    assert verdict(fortress, rejected)["state"] == "replaced"
    assert fortress.call("GET", f"/api/proposals/{rejected}").status_code == 500


def test_a_deleted_record_is_missing(fortress, rejected):
    """It differs from an unknown one, and its id cannot be used again."""
    rewrite(fortress, rejected, None)
    found = verdict(fortress, rejected)
    assert (found["state"], found["ok"], found["entries"]) == ("missing", False, 0)
    assert fortress.call("GET", f"/api/proposals/{rejected}").json()["code"] == "tampered"
    assert fortress.call("GET", "/api/proposals/never-handed-in/audit?verify=true").status_code == 404


def test_a_cut_end_is_found_even_if_the_list_was_changed_too(fortress, rejected):
    """The head was copied to a second place when the review ended."""
    fortress.until(lambda: verdict(fortress, rejected)["ok"])
    rewrite(fortress, rejected, cut)
    with TableServiceClient.from_connection_string(fortress.connection_string) as service:
        table = service.get_table_client("Proposals")
        for row in table.query_entities("ProposalId eq @id", parameters={"id": rejected}):
            table.delete_entity(row)
        table.delete_entity("proposals", f"id {rejected}")
    assert verdict(fortress, rejected)["state"] == "cut"


def test_nothing_is_decided_on_a_changed_record(fortress):
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
