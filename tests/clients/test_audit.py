"""GetAudit: the record as it lies in storage, and a verdict that finds what was changed or cut."""

import json

import pytest
from azure.data.tables import UpdateMode

from approvals.record.chain import GENESIS, read_chain, seal, verify
from approvals.record.export import named_files, unpack, verify_export
from approvals.record.verdict import State
from clients.audit import ARCHIVE, LINES
from clients.web.replies import AuditReply
from gateways.attachments import open_attachments
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import row_key
from gateways.record_keys import record_keys
from gateways.review_records import open_review_records
from services import audits
from services.record_watch import keep_head
from tests import records
from tests.clients.front import Front


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """A header names the person, none makes a system, which may ask as often as these tests do."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")


@pytest.fixture
def front(client):
    """The API, called by a system."""
    return Front(client)


@pytest.fixture
async def proposal(front):
    """One that has been decided, listed with its last entry."""
    proposal_id = await front.begin()
    await front.act(proposal_id, "decisions", {"approver": "Mara", "decision": "approve", "comment": "Fine."})
    await front.check(proposal_id)
    return proposal_id


@pytest.fixture
def rewrite(azurite):
    """Return a function that changes a record as only somebody with the account's key can."""

    def change(proposal_id, edit):
        records.rewrite(azurite.connection_string, proposal_id, edit)

    return change


def forget(proposal_id):
    """Delete a proposal's row, as only somebody with the account's key can."""
    table = open_proposal_index()._table
    pointer = table.get_entity("proposals", f"id {proposal_id}")
    for key in (pointer["Target"], pointer["RowKey"]):
        table.delete_entity("proposals", key)


def reply_of(told):
    """The answer in the form that the OpenAPI document describes."""
    return AuditReply.model_validate_json(json.dumps(told.body))


async def test_the_record_is_shown_entry_by_entry(front, proposal):
    """With its hashes, and without a verdict unless one is asked for."""
    told = await front.audit(proposal)
    reply = reply_of(told)
    kinds = [each["kind"] for each in reply.entries]
    assert kinds == ["submitted", "checked", "stageOpened", "decided", "stageClosed", "ended"]
    assert reply.entries[-1]["hash"] == reply.head
    assert reply.entries[1]["prev"] == reply.entries[0]["hash"]
    assert reply.verdict is None


async def test_the_shown_record_can_be_verified_elsewhere(front, proposal):
    """Written in canonical form, it is the record."""
    reply = reply_of(await front.audit(proposal))
    lines = [
        json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" for each in reply.entries
    ]
    assert "".join(lines).encode() == open_review_records().raw(proposal)


@pytest.mark.parametrize("accept", [LINES, f"{LINES}, */*;q=0.1"])
async def test_the_record_can_be_downloaded(front, proposal, accept):
    """Byte for byte, one line for each entry."""
    told = await front.audit(proposal, accept)
    assert (told.type, told.body) == (LINES, open_review_records().raw(proposal))
    assert verify(told.body).sound


@pytest.mark.parametrize("word", ["true", "True", "1"])
async def test_an_intact_record_is_reported_as_whole(front, proposal, word):
    """It is compared with what the list knows of it."""
    verdict = reply_of(await front.audit(proposal, verify=word)).verdict
    assert (verdict.state, verdict.ok, verdict.entries, verdict.authenticated) == ("whole", True, 6, 6)
    assert (verdict.finding, verdict.line) == (None, None)


async def test_a_record_that_has_grown_since_is_whole(front):
    """The list is always a little late."""
    proposal_id = await front.begin()
    await front.check(proposal_id)
    await front.act(proposal_id, "comments", {"by": "Mara", "comment": "Soon."})
    verdict = reply_of(await front.audit(proposal_id, verify="true")).verdict
    assert (verdict.ok, verdict.entries) == (True, 4)
    assert open_proposal_index().find(proposal_id).entries == 3


async def test_one_flipped_byte_is_found(front, proposal, rewrite):
    """With its place; the entries before it are shown."""
    rewrite(proposal, lambda content: content.replace(b"Fine.", b"Fire."))
    reply = reply_of(await front.audit(proposal, verify="true"))
    assert (reply.verdict.state, reply.verdict.line, len(reply.entries)) == ("damaged", 4, 3)
    assert reply.verdict.finding


async def test_a_cut_tail_is_found(front, proposal, rewrite):
    """The chain alone does not show it: the rest is valid."""
    rewrite(proposal, lambda content: b"".join(content.splitlines(keepends=True)[:3]))
    assert (await front.audit(proposal)).status == 200
    verdict = reply_of(await front.audit(proposal, verify="true")).verdict
    assert (verdict.state, verdict.line) == ("cut", 4)


async def test_without_its_row_an_open_record_is_not_anchored(front):
    """No head was stored elsewhere yet, so nobody can say whether its end is missing."""
    proposal_id = await front.begin()
    forget(proposal_id)
    verdict = reply_of(await front.audit(proposal_id, verify="true")).verdict
    assert (verdict.state, verdict.ok) == ("notAnchored", False)
    assert verdict.finding == "unbroken up to entry 3, end not checked"


async def test_without_its_row_the_stored_head_is_the_anchor(front, proposal):
    """It was copied when the review ended."""
    forget(proposal)
    keep_head(proposal, entries=6, head=reply_of(await front.audit(proposal)).head)
    assert reply_of(await front.audit(proposal, verify="true")).verdict.state == "whole"


async def test_entries_from_before_the_keys_are_not_reported_as_whole(front, proposal, rewrite, monkeypatch):
    """They are read; their author cannot be verified."""
    monkeypatch.setenv("RECORD_KEYS", f"first:{'k' * 32}")
    monkeypatch.setenv("RECORDS_SIGNED_SINCE", "2999-01-01T00:00:00+00:00")
    rewrite(proposal, lambda content: seal(read_chain(content).entries, head=GENESIS))
    assert (await front.show(proposal)).status == 200
    row = open_proposal_index().find(proposal)
    head = read_chain(open_review_records().raw(proposal)).head
    open_proposal_index()._table.update_entity(
        {"PartitionKey": "proposals", "RowKey": row_key(row), "Head": head}, UpdateMode.MERGE
    )
    verdict = reply_of(await front.audit(proposal, verify="true")).verdict
    assert (verdict.state, verdict.ok, verdict.authenticated) == ("notAuthenticated", False, 0)
    monkeypatch.delenv("RECORDS_SIGNED_SINCE")
    assert (await front.show(proposal)).body["code"] == "tampered"


async def test_without_keys_the_audit_fails_and_names_the_setting(front, proposal, monkeypatch):
    """On Azure, where no key is made up."""
    monkeypatch.setenv("AUTH_MODE", "keys")
    monkeypatch.setenv("WEBSITE_SITE_NAME", "greenlight")
    for told in (await front.show(proposal), await front.audit(proposal, verify="true")):
        assert (told.status, told.body["code"]) == (503, "notConfigured")
        assert told.body["detail"].startswith("RECORD_KEYS is not set")


async def test_nothing_is_decided_on_a_damaged_record(front, proposal, rewrite, caplog):
    """Every route says so and where to look, and the log has it."""
    rewrite(proposal, lambda content: content.replace(b"Fine.", b"Fire."))
    for told in (
        await front.show(proposal),
        await front.audit(proposal),
        await front.export(proposal),
        await front.act(proposal, "comments", {"by": "Mara", "comment": "x"}),
        await front.by("Mara").act(proposal, "comments", {"comment": "x"}),
        await front.by("Mara").audit(proposal, verify="true"),
    ):
        assert (told.status, told.body["code"]) == (500, "tampered")
        assert "audit?verify=true" in told.body["whatToDo"]
    assert caplog.text.count(f"proposal {proposal}: its record is not what was written") == 6


@pytest.mark.parametrize("flag", ["maybe", "yes", "2"])
async def test_an_invalid_flag_is_a_fault(front, flag):
    """It is not silently false."""
    assert (await front.audit("nowhere", verify=flag)).status == 400


@pytest.mark.parametrize("person", [None, "Mara"])
async def test_an_unknown_proposal_is_404(front, person):
    """In both forms."""
    for accept in ("application/json", LINES):
        assert (await front.by(person).audit("nowhere", accept)).status == 404


async def test_an_outsider_reads_no_record(front, proposal):
    """In none of its forms."""
    for accept in ("application/json", LINES):
        assert (await front.by("Nadia").audit(proposal, accept)).status == 403


@pytest.fixture
async def documented(front):
    """One with a file."""
    proposal_id = await front.begin()
    assert (await front.put_file(proposal_id, "note.md", b"# A note", by="Ines")).status == 201
    return proposal_id


async def test_an_export_is_verified_without_the_app(front, documented):
    """It holds the record, its files and the key ids; keys and an anchor verify all of it."""
    told = await front.export(documented)
    assert (told.status, told.type) == (200, ARCHIVE)
    opened = unpack(told.body)
    assert opened.record == open_review_records().raw(documented)
    assert list(opened.documents.values()) == [b"# A note"]
    assert opened.manifest.keys == (record_keys().signing_key.id,)
    anchors = audits.examine(documented).anchors
    verdict = verify_export(opened, keys=record_keys(), anchors=anchors)
    assert (verdict.record.state, verdict.checked) == (State.WHOLE, 1)
    assert [each.head for each in opened.manifest.seen] == [each.head for each in anchors]


async def test_an_export_without_documents_has_their_hashes(front, documented):
    """Also if one is gone or differs from the recorded one."""
    (file,) = unpack((await front.export(documented, documents="false")).body).manifest.files
    assert (file.name, file.present) == ("note.md", False)
    stored = await front.show(documented)
    assert stored.body["attachments"][0]["sha256"] == file.sha256
    container, (kept,) = open_attachments()._container, named_files(open_review_records().read(documented).entries)
    container.upload_blob(kept.blob, b"another", overwrite=True)
    for gone in (False, True):
        if gone:
            container.delete_blob(kept.blob)
        opened = unpack((await front.export(documented)).body)
        assert (opened.manifest.files[0].present, opened.documents) == (False, {})


async def test_an_export_that_is_too_large_says_what_to_do(front, documented, monkeypatch):
    """Its documents can be downloaded separately."""
    monkeypatch.setattr(audits, "LARGEST_EXPORT", 10)
    told = await front.export(documented)
    assert told.status == 413
    assert "documents=false" in told.body["whatToDo"]
    assert (await front.export(documented, documents="false")).status == 200


async def test_an_outsider_exports_nothing(front, proposal):
    """And an unknown proposal cannot be exported."""
    assert (await front.by("Nadia").export(proposal)).status == 403
    assert (await front.export("nowhere")).status == 404
    assert (await front.export(proposal, documents="some")).status == 400
