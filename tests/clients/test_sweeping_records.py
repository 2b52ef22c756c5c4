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


async def test_the_record_of_an_ended_review_is_checked_again(sweep, hand_in, end, tamper, caplog):
    """An earlier sweep copied its head, so damage shows even if its row is gone."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    assert (tampered(caplog), open_kept_heads().find(name).entries) == ([], 2)
    tamper(name, shorter)
    await sweep()
    assert tampered(caplog) == [(name, "cut")]


async def test_a_deleted_record_is_reported_each_time(sweep, hand_in, end, tamper, caplog):
    """By its row, or by its stored head if the row is gone too."""
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


async def test_a_cut_record_does_not_restart_its_review(sweep, client, hand_in, end, tamper, caplog):
    """Without its row it looks like one that was never started."""
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


async def test_the_workflows_status_also_shows_a_cut_record(sweep, client, hand_in, end, tamper, caplog):
    """Its row is gone and its head was never stored; the status has the number of entries."""
    name = hand_in()
    end(name, told=2)
    client.add(name, status="Terminated", customStatus={"entries": 2})
    tamper(name, shorter)
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert tampered(caplog) == [(name, "cut")]


async def test_reviews_go_on_if_records_cannot_be_checked(sweep, client, hand_in, monkeypatch, caplog):
    """The second place is unreachable."""
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
