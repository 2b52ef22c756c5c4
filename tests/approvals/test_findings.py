"""Findings, and their sum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.findings import Checked, ChecksSummary, Counts, FailedCheck, Finding, FindingsRecord, add_up

SEVERITIES = st.sampled_from(["ok", "warning", "error"])


def checked(*severities):
    """Return an attachment of ten bytes with findings of these severities."""
    findings = tuple(Finding(attachment="a", check="size", severity=each, message="m") for each in severities)
    return Checked(attachment="a", bytes=10, findings=findings)


GONE = FailedCheck(attachment="b", reason="the blob is gone")
RESULTS = st.lists(st.one_of(st.lists(SEVERITIES, max_size=5).map(lambda found: checked(*found)), st.just(GONE)))


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([], "passed"),
        ([checked("ok")], "passed"),
        ([checked("ok", "warning")], "warnings"),
        ([checked("warning"), checked("error", "ok")], "objections"),
        ([checked("warning"), GONE], "incomplete"),
        ([checked("error"), GONE], "objections"),
    ],
)
def test_the_outcome_is_the_worst_finding(results, outcome):
    """An unchecked document has not passed."""
    assert add_up(results).outcome == outcome


@given(RESULTS, RESULTS)
def test_sums_add_up(some, others):
    """The sum of two lists is the sum of their sums, so nothing is lost on a failure."""
    one, two, both = add_up(some), add_up(others), add_up(some + others)
    assert both.attachments == one.attachments + two.attachments == len(some) + len(others)
    assert both.bytes == one.bytes + two.bytes
    assert both.findings == one.findings + two.findings
    assert both.failed == one.failed + two.failed
    assert both.counts == Counts(
        ok=one.counts.ok + two.counts.ok,
        warning=one.counts.warning + two.counts.warning,
        error=one.counts.error + two.counts.error,
    )


@given(RESULTS)
def test_the_order_does_not_matter_to_the_counts(results):
    """Results come in any order."""
    one, other = add_up(results), add_up(results[::-1])
    assert (one.outcome, one.counts, one.bytes) == (other.outcome, other.counts, other.bytes)


@given(RESULTS)
def test_a_sum_is_unchanged_after_json(results):
    """Also as part of the record."""
    record = FindingsRecord(proposal_id="p-1", opened_at="2026-03-02T09:00:00+00:00", sum=add_up(results))
    assert FindingsRecord.from_dict(record.to_dict()) == record
    assert ChecksSummary.from_dict(record.to_dict()["sum"]) == record.sum
