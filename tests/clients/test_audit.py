"""GetAudit: the record as it lies in storage, and a verdict that finds what was changed or cut."""

import json

import pytest

from approvals.record.chain import verify
from clients.audit import LINES
from clients.web.replies import AuditReply
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records
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


def reply_of(told):
    """The answer in the form that the OpenAPI document describes."""
    return AuditReply.model_validate_json(json.dumps(told.body))


async def test_the_record_is_shown_entry_by_entry(front, proposal):
    """With its hashes, and without a verdict that nobody asked for."""
    told = await front.audit(proposal)
    reply = reply_of(told)
    kinds = [each["kind"] for each in reply.entries]
    assert kinds == ["submitted", "checked", "stageOpened", "decided", "stageClosed", "ended"]
    assert reply.entries[-1]["hash"] == reply.head
    assert reply.entries[1]["prev"] == reply.entries[0]["hash"]
    assert reply.verdict is None


async def test_what_is_shown_can_be_verified_elsewhere(front, proposal):
    """Written in the one way in which records are, it is the record."""
    reply = reply_of(await front.audit(proposal))
    lines = [
        json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" for each in reply.entries
    ]
    assert "".join(lines).encode() == open_review_records().raw(proposal)


@pytest.mark.parametrize("accept", [LINES, f"{LINES}, */*;q=0.1"])
async def test_the_record_itself_can_be_kept(front, proposal, accept):
    """Byte for byte, one line an entry."""
    told = await front.audit(proposal, accept)
    assert (told.type, told.body) == (LINES, open_review_records().raw(proposal))
    assert verify(told.body).ok


@pytest.mark.parametrize("word", ["true", "True", "1"])
async def test_a_good_record_is_said_to_be_good(front, proposal, word):
    """Held against what the list saw of it last."""
    verdict = reply_of(await front.audit(proposal, verify=word)).verdict
    assert (verdict.ok, verdict.entries, verdict.finding, verdict.line) == (True, 6, None, None)


async def test_a_record_that_has_grown_since_is_good(front):
    """The list is late by nature."""
    proposal_id = await front.begin()
    await front.check(proposal_id)
    await front.act(proposal_id, "comments", {"by": "Mara", "comment": "Soon."})
    verdict = reply_of(await front.audit(proposal_id, verify="true")).verdict
    assert (verdict.ok, verdict.entries) == (True, 4)
    assert open_proposal_index().find(proposal_id).entries == 3


async def test_one_flipped_byte_is_found(front, proposal, rewrite):
    """And where; the entries before it are shown."""
    rewrite(proposal, lambda content: content.replace(b"Fine.", b"Fire."))
    reply = reply_of(await front.audit(proposal, verify="true"))
    assert (reply.verdict.ok, reply.verdict.line, len(reply.entries)) == (False, 4, 3)
    assert reply.verdict.finding


async def test_a_cut_tail_is_found(front, proposal, rewrite):
    """The chain alone does not show it: what is left of it is good."""
    rewrite(proposal, lambda content: b"".join(content.splitlines(keepends=True)[:3]))
    assert (await front.audit(proposal)).status == 200
    verdict = reply_of(await front.audit(proposal, verify="true")).verdict
    assert (verdict.ok, verdict.line) == (False, 4)


async def test_on_a_damaged_record_nothing_is_decided(front, proposal, rewrite):
    """Every route says so, with where to look; none of them fails without a word."""
    rewrite(proposal, lambda content: content.replace(b"Fine.", b"Fire."))
    for told in (
        await front.show(proposal),
        await front.audit(proposal),
        await front.act(proposal, "comments", {"by": "Mara", "comment": "x"}),
        await front.by("Mara").act(proposal, "comments", {"comment": "x"}),
        await front.by("Mara").audit(proposal, verify="true"),
    ):
        assert (told.status, told.body["code"]) == (500, "tampered")
        assert "audit?verify=true" in told.body["whatToDo"]


@pytest.mark.parametrize("flag", ["maybe", "yes", "2"])
async def test_a_flag_that_is_none_is_a_fault(front, flag):
    """Not silently a no."""
    assert (await front.audit("nowhere", verify=flag)).status == 400


@pytest.mark.parametrize("person", [None, "Mara"])
async def test_what_is_not_there_is_404(front, person):
    """In both forms."""
    for accept in ("application/json", LINES):
        assert (await front.by(person).audit("nowhere", accept)).status == 404


async def test_an_outsider_reads_no_record(front, proposal):
    """In no form of it."""
    for accept in ("application/json", LINES):
        assert (await front.by("Nadia").audit(proposal, accept)).status == 403
