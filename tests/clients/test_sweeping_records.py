"""SweepReviews and the records: what was changed or deleted is told, and nobody goes on by it."""

import json
import os

import pytest
from azure.core.exceptions import ServiceRequestError

from approvals.rules.replay import replay
from gateways.kept_heads import open_kept_heads
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records
from tests import records

pytestmark = pytest.mark.usefixtures("own_storage")


def tampered(caplog):
    """What the last sweep has told of records: proposal and state."""
    lines = [json.loads(each) for each in caplog.messages if each.startswith('{"record": "record-tampered"')]
    return [(line["proposalId"], line["state"]) for line in lines]


@pytest.fixture
def tamper(azurite):
    """Return a function that changes a record, or removes it, as only somebody with the account's key can."""

    def change(name, edit):
        container = os.environ["RECORDS_CONTAINER"]
        records.rewrite(azurite.connection_string, name, edit, container=container)

    return change


def shorter(content):
    """Take the last entry away."""
    return b"".join(content.splitlines(keepends=True)[:-1])


async def test_a_review_that_has_ended_is_looked_at_again(sweep, hand_in, end, tamper, caplog):
    """Its head was copied by an earlier sweep, so that it shows even where its row is gone too."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    assert (tampered(caplog), open_kept_heads().find(name).entries) == ([], 2)
    tamper(name, shorter)
    await sweep()
    assert tampered(caplog) == [(name, "cut")]


async def test_a_record_that_was_deleted_is_told_each_time(sweep, hand_in, end, tamper, caplog):
    """By its row, and by its head where the row was deleted with it."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    tamper(name, None)
    for _ in range(2):
        await sweep()
        assert tampered(caplog) == [(name, "missing")]
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    await sweep()
    assert tampered(caplog) == [(name, "missing")]


async def test_nobody_goes_on_by_a_record_that_was_cut(sweep, client, hand_in, end, tamper, caplog):
    """With its row gone as well it looks like one that nobody has started."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    client.add(name, status="Completed", customStatus={"status": "failed", "entries": 2})
    tamper(name, shorter)
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert set(tampered(caplog)) == {(name, "cut")}
    assert replay(open_review_records().read(name).entries).number == 1


async def test_what_its_workflow_knew_of_a_record_counts_too(sweep, client, hand_in, end, tamper, caplog):
    """It was cut before its head was ever kept, and its row was deleted; the workflow's status has the number."""
    name = hand_in()
    end(name, told=2)
    client.add(name, status="Terminated", customStatus={"entries": 2})
    tamper(name, shorter)
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert tampered(caplog) == [(name, "cut")]


async def test_where_records_cannot_be_looked_after_reviews_go_on(sweep, client, hand_in, monkeypatch, caplog):
    """The second place is away."""
    client.add(hand_in(size=1))

    def fails():
        raise ServiceRequestError("away")

    monkeypatch.setattr("services.record_watch.open_kept_heads", fails)
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert "the records could not be checked" in caplog.text


def open_table_of_these_tests():
    """The list, as the sweep sees it."""
    return open_proposal_index()._table


async def test_a_record_that_is_as_it_was_found_whole_is_not_read_again(
    sweep, hand_in, end, tamper, monkeypatch, caplog
):
    """Storage says so with its ETag, which nobody can choose; whoever changes a record gives it another one."""
    names = [hand_in() for _ in range(3)]
    for name in names:
        end(name, told=2)
    read = list[str]()
    raw = open_review_records().__class__.raw
    monkeypatch.setattr(
        "gateways.review_records.BlobRecords.raw", lambda self, name: read.append(name) or raw(self, name)
    )
    await sweep()
    assert (sorted(read), tampered(caplog)) == (sorted(names), [])
    await sweep()
    assert sorted(read) == sorted(names)
    content = raw(open_review_records(), names[1])
    tamper(names[1], lambda _: content)  # the same bytes, written by somebody else
    await sweep()
    assert read[3:] == [names[1]]
    tamper(names[1], shorter)
    for _ in range(2):
        await sweep()
        assert tampered(caplog) == [(names[1], "cut")]


async def test_a_record_of_which_a_longer_head_was_copied_is_read_again(sweep, hand_in, caplog):
    """It was cut before this process first read it."""
    name = hand_in()
    await sweep()
    open_kept_heads().keep(name, entries=2, head="ab" * 32)
    await sweep()
    assert tampered(caplog) == [(name, "cut")]
