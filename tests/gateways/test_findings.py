"""Findings in a real table."""

import uuid

from approvals.findings import Checked, FailedCheck, Finding, FindingsRecord, add_up
from gateways.findings import open_findings
from gateways.tables import open_table


def record(opened_at="2026-03-02T09:00:00+00:00", proposal_id=None, findings=4):
    """Return a record of one attachment that was checked and one that was not."""
    one = Finding(attachment="Übersicht.md", check="size", severity="ok", message="has 10 bytes")
    total = add_up(
        [
            Checked(attachment="Übersicht.md", bytes=10, findings=(one,) * findings),
            FailedCheck(attachment="b", reason="it is gone"),
        ]
    )
    return FindingsRecord(proposal_id=proposal_id or uuid.uuid4().hex, opened_at=opened_at, sum=total)


def rows(proposal_id):
    """Return what is on record for a proposal."""
    return list(open_table("Findings").query_entities(f"PartitionKey eq '{proposal_id}'"))


def test_a_run_is_recorded_once():
    """The sum and each finding, also if the activity runs twice."""
    made = record()
    open_findings().record(made)
    open_findings().record(made)
    found = rows(made.proposal_id)
    (total,) = (row for row in found if row["Kind"] == "sum")
    assert (total["Outcome"], total["Ok"], total["Bytes"]) == ("incomplete", 4, 10)
    assert total["Failed"] == '[{"attachment": "b", "reason": "it is gone"}]'
    assert [row["Attachment"] for row in found if row["Kind"] == "finding"] == ["Übersicht.md"] * 4


def test_a_later_run_of_the_same_instance_has_its_own_record():
    """Its attachments may have changed."""
    first = record()
    open_findings().record(first)
    open_findings().record(record("2026-03-03T09:00:00+00:00", first.proposal_id, 0))
    assert [row["Kind"] for row in rows(first.proposal_id)].count("sum") == 2


def test_the_largest_run_fits_into_one_transaction():
    """Ten attachments with four findings each."""
    made = record(findings=40)
    open_findings().record(made)
    assert len(rows(made.proposal_id)) == 41
