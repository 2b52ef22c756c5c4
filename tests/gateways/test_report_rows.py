"""What reports are made of is asked for once, and then only what is new."""

import uuid
from datetime import timedelta

import pytest

from gateways import clock
from gateways.connections import open_table_service
from gateways.proposal_index import TableIndex
from gateways.report_rows import REPORTED, ReportRows
from tests.gateways.test_proposal_index import NOW, row


@pytest.fixture
def table():
    """A table of this test's own."""
    return open_table_service().create_table(f"Reports{uuid.uuid4().hex[:8]}")


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """The day on which the rows were written."""
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))


class Counted:
    """A table that counts what it is asked for."""

    def __init__(self, table):
        self.table, self.rows = table, 0

    def query_entities(self, *arguments, **options):
        """Ask, and count the rows that come."""
        for entity in self.table.query_entities(*arguments, **options):
            self.rows += 1
            yield entity


def test_rows_read_back_equal(table):
    """Hours of stages, ends and deadlines."""
    index, rows = TableIndex(table), ReportRows(table)
    index.write(row("p-1", department="works", stage_hours=(("design", 5.25),), ended_at=NOW, status="approved"))
    index.write(row("p-2"))
    found = {each.proposal_id: each for each in rows.read()}
    assert found["p-1"].stage_hours == (("design", 5.25),)
    assert (found["p-1"].ended_at, found["p-1"].department) == (NOW, "works")
    assert found["p-2"].waiting_for == ("Mara Lindqvist",)


def test_a_second_report_reads_only_what_has_changed_since(table, monkeypatch):
    """However many rows exist."""
    index, counted = TableIndex(table), Counted(table)
    for number in range(30):
        index.write(row(f"p-{number}"))
    rows = ReportRows(counted)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1, hours=1))
    assert len(rows.read()) == 30
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1, hours=2))
    index.write(row("p-3", entries=9, status="approved"))
    found = {each.proposal_id: each.status for each in rows.read()}
    assert (len(found), found["p-3"]) == (30, "approved")
    assert counted.rows == 31


def test_rows_older_than_the_report_are_left_out(table, monkeypatch):
    """Also if they grow too old while they are cached."""
    index, rows = TableIndex(table), ReportRows(table)
    index.write(row("p-old", submitted_at=NOW - REPORTED))
    index.write(row("p-new"))
    assert [each.proposal_id for each in rows.read()] == ["p-new"]
    monkeypatch.setattr(clock, "now", lambda: NOW + REPORTED + timedelta(days=2))
    assert rows.read() == ()
