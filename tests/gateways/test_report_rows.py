"""What reports are made of is asked for once, and then only what is new."""

import gzip
import json
import os
import uuid
from datetime import timedelta
from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport

from approvals.reports import report
from gateways import clock, report_rows
from gateways.connections import open_table_service
from gateways.containers import open_container
from gateways.proposal_index import TableIndex
from gateways.proposal_rows import CHANGED, changed_at, to_entity
from gateways.report_rows import REPORTED, ReportRows
from gateways.report_snapshots import BLOB, BlobSnapshots, open_snapshots
from gateways.tables import transact
from tests.gateways.test_proposal_index import NOW, row
from tests.long import long


@pytest.fixture
def table():
    """A table of this test's own."""
    return open_table_service().create_table(f"Reports{uuid.uuid4().hex[:8]}")


@pytest.fixture
def blob(monkeypatch):
    """The blob of this test's own copy, which is not there yet."""
    monkeypatch.setenv("REPORTS_CONTAINER", f"reports-{uuid.uuid4().hex[:8]}")
    return open_container(os.environ["REPORTS_CONTAINER"]).get_blob_client(BLOB)


@pytest.fixture
def snapshots(blob):
    """Where the copy is."""
    return BlobSnapshots(blob)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """The day on which the rows were written."""
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))


class CountingTable:
    """A table that counts what it is asked for."""

    def __init__(self, table):
        self.table, self.rows = table, 0

    def query_entities(self, *arguments, **options):
        """Ask, and count the rows that come."""
        for entity in self.table.query_entities(*arguments, **options):
            self.rows += 1
            yield entity


def test_rows_read_back_equal(table, snapshots):
    """Hours of stages, ends and deadlines."""
    index, rows = TableIndex(table), ReportRows(table, snapshots)
    index.write(row("p-1", stage_hours=(("design", 5.25),), ended_at=NOW, status="approved"))
    index.write(row("p-2"))
    found = {each.proposal_id: each for each in rows.read().proposals}
    assert found["p-1"].stage_hours == (("design", 5.25),)
    assert (found["p-1"].ended_at, found["p-1"].status) == (NOW, "approved")
    assert found["p-2"].waiting_for == ("Mara Lindqvist",)


def test_a_second_report_reads_only_what_has_changed_since(table, snapshots, monkeypatch):
    """However many rows exist."""
    index, counted = TableIndex(table), CountingTable(table)
    for number in range(30):
        index.write(row(f"p-{number}"))
    rows = ReportRows(counted, snapshots)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1, hours=1))
    assert len(rows.read().proposals) == 30
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1, hours=2))
    index.write(row("p-3", entries=9, status="approved"))
    found = {each.proposal_id: each.status for each in rows.read().proposals}
    assert (len(found), found["p-3"]) == (30, "approved")
    assert counted.rows == 31


def test_rows_older_than_the_report_are_left_out(table, snapshots, monkeypatch):
    """Also if they grow too old while they are cached."""
    index, rows = TableIndex(table), ReportRows(table, snapshots)
    index.write(row("p-old", submitted_at=NOW - REPORTED))
    index.write(row("p-new"))
    assert [each.proposal_id for each in rows.read().proposals] == ["p-new"]
    monkeypatch.setattr(clock, "now", lambda: NOW + REPORTED + timedelta(days=2))
    assert rows.read().proposals == ()


# The copy that a process begins with


def seed(table: Any, number: int) -> None:
    """Put rows of that many proposals into the table, an hour ago, faster than they come by themselves."""
    entities = [
        to_entity(
            row(
                f"p-{each:05}",
                submitted_at=NOW - timedelta(minutes=each),
                stage_hours=(("design", each % 90 + 0.5), ("works", 2.0)),
            )
        )
        | {CHANGED: changed_at(NOW - timedelta(hours=1))}
        for each in range(number)
    ]
    for start in range(0, number, 100):
        transact(table, [("create", each) for each in entities[start : start + 100]])


def test_another_process_begins_with_what_this_one_has_read(table, snapshots, monkeypatch):
    """And reads only what has changed since; both have the same."""
    monkeypatch.setattr(report_rows, "COPIED_AFTER", 20)
    seed(table, 25)
    first = ReportRows(table, snapshots).read()
    TableIndex(table).write(row("p-00003", submitted_at=NOW - timedelta(minutes=3), entries=9, status="approved"))
    counted = CountingTable(table)
    second = ReportRows(counted, snapshots).read()
    assert counted.rows == 1
    changed = {each.proposal_id for each in set(second.proposals) - set(first.proposals)}
    assert (len(second.proposals), changed) == (25, {"p-00003"})


def test_no_copy_is_made_for_a_few_rows(table, snapshots):
    """To read them again costs less."""
    seed(table, 25)
    assert len(ReportRows(table, snapshots).read().proposals) == 25
    assert snapshots.read() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"{")[:-4],
        gzip.compress(b"{}"),
        gzip.compress(json.dumps({"version": 2, "at": NOW.isoformat(), "rows": []}).encode()),
        gzip.compress(json.dumps({"version": 1, "at": NOW.isoformat(), "rows": [["p-1"]]}).encode()),
    ],
    ids=range(6),
)
def test_a_copy_that_cannot_be_read_is_passed_over(table, blob, snapshots, content):
    """The list has everything."""
    seed(table, 3)
    blob.upload_blob(content)
    assert len(ReportRows(table, snapshots).read().proposals) == 3


def test_a_copy_from_the_future_is_passed_over(table, snapshots, monkeypatch):
    """Its writer's clock was ahead, and what was written since would be missing."""
    monkeypatch.setattr(report_rows, "COPIED_AFTER", 1)
    seed(table, 3)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW + timedelta(days=3))
        ReportRows(table, snapshots).read()
    counted = CountingTable(table)
    assert len(ReportRows(counted, snapshots).read().proposals) == counted.rows == 3


def test_without_a_place_for_the_copy_reports_are_read_all_the_same(table, blob, snapshots, monkeypatch):
    """An identity that may not make containers, where nobody has made this one."""
    monkeypatch.setattr(report_rows, "COPIED_AFTER", 1)
    seed(table, 3)
    open_container(os.environ["REPORTS_CONTAINER"]).delete_container()
    assert len(ReportRows(table, snapshots).read().proposals) == 3
    assert blob.container_name == open_snapshots()._blob.container_name  # type: ignore[attr-defined]


def test_what_is_held_has_a_limit_and_the_newest_stay(table, snapshots, monkeypatch):
    """Whether it comes at once or little by little."""
    monkeypatch.setattr(report_rows, "MOST_REPORTED", 10)
    seed(table, 12)
    rows = ReportRows(table, snapshots)
    assert {each.proposal_id for each in rows.read().proposals} == {f"p-{each:05}" for each in range(10)}
    TableIndex(table).write(row("p-newest", submitted_at=NOW + timedelta(minutes=1)))
    kept = {each.proposal_id for each in rows.read().proposals}
    assert kept == {"p-newest", *(f"p-{each:05}" for each in range(9))}


def test_as_long_as_nothing_changes_the_rows_are_the_same_object(table, snapshots):
    """So what was made of them need not be made again."""
    seed(table, 3)
    rows = ReportRows(table, snapshots)
    first = rows.read()
    assert rows.read() is first
    TableIndex(table).write(row("p-another"))
    assert rows.read() is not first


@pytest.mark.parametrize("number", [2_000, pytest.param(10_000, marks=long)])
def test_a_report_of_many_proposals_costs_one_call_and_two_in_a_new_process(table, snapshots, monkeypatch, number):
    """The first process of all reads the list once, a thousand rows with a call."""
    seed(table, number)
    calls, real = list[str](), RequestsTransport.send

    def counting(self, request, **options):
        calls.append(f"{request.method} {request.url}")
        return real(self, request, **options)

    monkeypatch.setattr(RequestsTransport, "send", counting)
    rows = ReportRows(table, snapshots)

    def cost(read: ReportRows) -> int:
        calls.clear()
        assert report(read.read().proposals, now=NOW).proposals == number
        return len(calls)

    # The copy is asked for, and written, once each.
    assert cost(rows) <= number // 1_000 + 3
    assert cost(rows) == 1
    assert cost(ReportRows(table, snapshots)) == 2
