"""Retention: nothing is purged by mistake."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.retention import FINISHED, instance_to_purge, outcome_of, read_rule
from approvals.validation import Invalid

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENTRY = {
    "name": "BudgetApproval",
    "instanceId": "b-1",
    "runtimeStatus": "Completed",
    "createdTime": "2026-01-01T09:00:00Z",
    "lastUpdatedTime": "2026-01-04T09:00:00.1234567Z",
    "output": {"outcome": "approved"},
}


@pytest.mark.parametrize(
    ("settings", "days", "limit"),
    [
        ({}, 0, 500),
        ({"RETENTION_DAYS": ""}, 0, 500),
        ({"RETENTION_DAYS": "0", "RETENTION_LIMIT": "5"}, 0, 5),
        ({"RETENTION_DAYS": " 30 "}, 30, 500),
    ],
)
def test_the_settings_say_how_long_instances_are_kept(settings, days, limit):
    """For ever if they are empty."""
    rule = read_rule(settings)
    assert (rule.days, rule.limit, rule.purges) == (days, limit, days > 0)


@pytest.mark.parametrize("name", ["RETENTION_DAYS", "RETENTION_LIMIT"])
@pytest.mark.parametrize("text", ["-1", "thirty", "30.5", "1e3", "٣٠", "²", "9" * 5000, "100001"])
def test_a_setting_that_is_no_number_is_refused_by_name(name, text):
    """Nothing is purged on a guess."""
    with pytest.raises(Invalid, match=f"{name} must be a whole number"):
        read_rule({name: text})


def test_the_audit_line_of_a_due_instance_has_its_facts():
    """Times have at most six digits of a second."""
    ended = instance_to_purge(ENTRY, NOW)
    assert ended
    assert (ended.instance_id, ended.workflow, ended.status, ended.outcome) == (
        "b-1",
        "BudgetApproval",
        "Completed",
        "approved",
    )
    assert ended.last_updated - ended.created == timedelta(days=3, microseconds=123456)


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)), st.integers(1, 400))  # noqa: DTZ001
def test_only_instances_that_ended_before_the_cutoff_are_due(last_updated, days):
    """One at the cutoff is not."""
    updated = last_updated.replace(tzinfo=UTC)
    cutoff = read_rule({"RETENTION_DAYS": str(days)}).cutoff(NOW)
    found = instance_to_purge({**ENTRY, "lastUpdatedTime": updated.isoformat()}, cutoff)
    assert bool(found) is (NOW - updated > timedelta(days=days))


@pytest.mark.parametrize("status", ["Running", "Pending", "Suspended", "ContinuedAsNew", "Canceled", "completed", ""])
def test_an_instance_that_may_go_on_is_never_due(status):
    """However old it is; nor is one of unknown status."""
    assert instance_to_purge({**ENTRY, "runtimeStatus": status}, NOW) is None


@pytest.mark.parametrize("status", FINISHED)
def test_an_entity_is_never_due(status):
    """It has no end."""
    assert instance_to_purge({**ENTRY, "runtimeStatus": status}, NOW)
    assert instance_to_purge({**ENTRY, "runtimeStatus": status, "instanceId": "@counter@approved"}, NOW) is None


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ({"outcome": "billed", "bills": 10}, "billed"),
        ({"outcome": "x" * 200}, "x" * 100),
        ({"outcome": 7}, None),
        ({}, None),
        (True, None),
        ("it failed", None),
        (None, None),
    ],
)
def test_the_outcome_is_kept_if_there_is_one(output, outcome):
    """A word; a longer text is cut."""
    assert outcome_of(output) == outcome
    assert instance_to_purge({**ENTRY, "output": output, "name": None}, NOW).outcome == outcome
