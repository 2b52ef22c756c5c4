"""Records in real append blobs: one order, nothing doubled, nothing half."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import ResourceNotFoundError, ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, LinearRetry

from approvals.record.chain import GENESIS, read_chain, seal, verify
from approvals.record.entries import Commented, Submitted, Via
from approvals.record.verdict import Anchor, Tampered
from gateways.record_keys import record_keys
from gateways.review_records import BlobRecords, open_review_records

PROPOSAL = "p-1"


def sizes(records):
    """Return the length of each record."""
    return {proposal: extent.size for proposal, extent in records.extents()}


@pytest.fixture(autouse=True)
def container(azurite, monkeypatch):
    """A container that the gateway makes, and its client."""
    name = f"records-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("RECORDS_CONTAINER", name)
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.get_container_client(name)


@pytest.fixture
def proposal():
    """An id; the container is this test's own."""
    return PROPOSAL


def entry(number, by="Ines Carvalho", comment=""):
    """Return an entry that says something; the first begins the record."""
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    shared = {"number": number, "at": at, "by": by, "via": Via.PERSON, "document": "0" * 64}
    if number > 1:
        return Commented(**shared, comment=comment)
    return Submitted(
        **shared, proposal_id=PROPOSAL, title=comment, summary="", cost=0.0, currency="EUR", department=None,
        policy_name="own", policy={}, attachments=(),
    )  # fmt: skip


def test_a_new_record_reads_back_equal(proposal, container):
    """Create and read return the same; the blob can be read by tools for JSON lines."""
    records = open_review_records()
    chain = records.create(proposal, [entry(1), entry(2, comment="Über")])
    assert records.read(proposal) == chain
    assert records.raw(proposal).count(b"\n") == 2
    settings = container.get_blob_client(f"{proposal}.jsonl").get_blob_properties().content_settings
    assert settings.content_type == "application/x-ndjson"


def test_a_record_is_created_once(proposal):
    """A second creation changes nothing."""
    records = open_review_records()
    first = records.create(proposal, [entry(1, by="Ines")])
    assert records.create(proposal, [entry(1, by="Mara")]) is None
    assert records.read(proposal) == first


def test_an_unknown_record_is_none(proposal):
    """So is one that a crash left empty, which may still be created."""
    records = open_review_records()
    assert (records.read(proposal), records.raw(proposal)) == (None, None)
    records._blob(proposal).create_append_blob()
    assert (records.read(proposal), sizes(records)) == (None, {})
    assert records.create(proposal, [entry(1)]) == records.read(proposal)


def test_entries_follow_each_other(proposal):
    """Each append continues the chain and returns it in readable form."""
    records = open_review_records()
    chain = records.create(proposal, [entry(1)])
    for number in range(2, 6):
        chain = records.append(proposal, [entry(number)], after=chain)
    assert records.read(proposal) == chain
    anchor = Anchor(head=chain.head, entries=5)
    assert verify(records.raw(proposal), keys=record_keys(), proposal_id=proposal, anchors=[anchor]).ok
    assert sizes(records) == {proposal: chain.size}


def test_several_entries_are_appended_together_or_not_at_all(proposal, container):
    """They are one block, so no reader sees only some of them."""
    records = open_review_records()
    chain = records.create(proposal, [entry(1)])
    grown = records.append(proposal, [entry(2), entry(3)], after=chain)
    assert container.get_blob_client(f"{proposal}.jsonl").get_blob_properties().append_blob_committed_block_count == 2
    assert records.append(proposal, [entry(2, by="Mara"), entry(3, by="Mara")], after=chain) is None
    assert records.read(proposal) == grown


def test_one_of_64_simultaneous_appends_wins():
    """The others learn that they were late, and the record has one entry more."""
    records, proposal = open_review_records(), PROPOSAL
    chain = records.create(proposal, [entry(1)])
    with ThreadPoolExecutor(64) as pool:
        attempts = [
            pool.submit(records.append, proposal, [entry(2, by=f"Person {number}")], after=chain)
            for number in range(64)
        ]
        (winner,) = [grown for attempt in attempts if (grown := attempt.result())]
    assert records.read(proposal) == winner


def test_one_of_many_simultaneous_creations_wins():
    """All get the same record."""
    records, proposal = open_review_records(), PROPOSAL
    with ThreadPoolExecutor(16) as pool:
        attempts = [pool.submit(records.create, proposal, [entry(1, by=f"Person {n}")]) for n in range(16)]
        (winner,) = [chain for attempt in attempts if (chain := attempt.result())]
    assert records.read(proposal) == winner


class LosingTransport(RequestsTransport):
    """Loses the answers to the next appends on their way back, as a broken line does: what was asked was done."""

    lose = 0
    """How many."""
    meanwhile = staticmethod(lambda: None)
    """What others do before it is sent again."""

    def send(self, request, **options):
        response = super().send(request, **options)
        if self.lose and "comp=appendblock" in request.url:
            self.lose -= 1
            self.meanwhile()
            raise ServiceResponseError("the line broke")
        return response


@pytest.fixture
def losing_records(azurite):
    """A line on which answers get lost, and the records behind it."""
    transport = LosingTransport()
    at_once = LinearRetry(backoff=0, random_jitter_range=0)
    service = BlobServiceClient.from_connection_string(
        azurite.connection_string, transport=transport, retry_policy=at_once
    )
    with service:
        yield transport, BlobRecords(service.get_container_client(os.environ["RECORDS_CONTAINER"]))


def test_an_append_whose_answer_was_lost_is_neither_doubled_nor_a_lost_race(losing_records, proposal):
    """The SDK repeats it and learns that the blob has grown: by its own block."""
    answers, records = losing_records
    assert open_review_records().read(proposal) is None
    answers.lose = 1
    chain = records.create(proposal, [entry(1)])
    answers.lose = 2
    grown = records.append(proposal, [entry(2), entry(3)], after=chain)
    assert answers.lose == 0
    assert open_review_records().read(proposal) == grown
    assert len(grown.entries) == 3


def test_an_append_whose_answer_was_lost_counts_even_if_others_followed(losing_records, proposal):
    """The block at its own offset shows it."""
    answers, records = losing_records
    others = open_review_records()
    chain = records.create(proposal, [entry(1)])
    answers.meanwhile = lambda: others.append(proposal, [entry(3, by="Mara")], after=others.read(proposal))
    answers.lose = 1
    grown = records.append(proposal, [entry(2)], after=chain)
    assert [each.by for each in grown.entries] == ["Ines Carvalho"] * 2
    assert [each.by for each in others.read(proposal).entries][-1] == "Mara"


def test_an_append_to_a_shortened_record_is_a_lost_race(proposal, container):
    """Somebody rewrote it; the next read reports the damage."""
    records = open_review_records()
    chain = records.create(proposal, [entry(1), entry(2)])
    blob = container.get_blob_client(f"{proposal}.jsonl")
    blob.delete_blob()
    blob.create_append_blob()
    assert records.append(proposal, [entry(3)], after=chain) is None


def test_an_append_to_a_deleted_record_is_an_error(proposal, container):
    """A lost race would be retried for ever."""
    records = open_review_records()
    chain = records.create(proposal, [entry(1)])
    container.delete_blob(f"{proposal}.jsonl")
    with pytest.raises(ResourceNotFoundError):
        records.append(proposal, [entry(2)], after=chain)


def test_a_change_from_outside_is_reported(proposal, container):
    """Reading checks the chain; the raw bytes can still be read."""
    records = open_review_records()
    records.create(proposal, [entry(1, by="Ines"), entry(2)])
    damaged = records.raw(proposal).replace(b"Ines", b"Mara", 1)
    blob = container.get_blob_client(f"{proposal}.jsonl")
    blob.delete_blob()
    blob.create_append_blob()
    blob.append_block(damaged)
    with pytest.raises(Tampered):
        records.read(proposal)
    assert records.raw(proposal) == damaged


def test_the_record_of_another_proposal_is_reported(proposal, container):
    """Copied over this one, each of its lines is authentic."""
    records = open_review_records()
    records.create(proposal, [entry(1), entry(2)])
    other = container.get_blob_client("p-2.jsonl")
    other.create_append_blob()
    other.append_block(records.raw(proposal))
    with pytest.raises(Tampered, match="another proposal"):
        records.read("p-2")


def test_entries_appended_without_the_key_are_reported(proposal, container):
    """Their hashes are right."""
    records = open_review_records()
    chain = records.create(proposal, [entry(1)])
    container.get_blob_client(f"{proposal}.jsonl").append_block(seal([entry(2)], head=chain.head))
    with pytest.raises(Tampered, match="not authenticated"):
        records.read(proposal)


def test_sizes_cover_all_records_and_nothing_else(container):
    """The sweep compares them with the list."""
    records = open_review_records()
    made = {f"p-{number}": records.create(f"p-{number}", [entry(1)]).size for number in range(3)}
    container.upload_blob("readme.txt", b"not a record")
    assert sizes(records) == made


@pytest.mark.parametrize("name", ["../secret", "a/b", "a\\b", "", "%2e%2e", ".hidden", "x" * 101, "a\n"])
def test_an_invalid_id_has_no_record(name):
    """Storage is not asked, because a path could lead out of the container."""
    records = open_review_records()
    assert (records.read(name), records.raw(name)) == (None, None)
    with pytest.raises(ValueError, match="not the id"):
        records.create(name, [entry(1)])


def test_an_empty_chain_has_the_genesis_head():
    """No bytes, no entries."""
    assert (read_chain(b"").head, read_chain(b"").size) == (GENESIS, 0)
