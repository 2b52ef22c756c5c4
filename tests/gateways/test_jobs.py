"""Jobs, alerts, bills and the audit, in real tables: the first to write wins."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from approvals.billing import Bill
from approvals.jobs import UNKNOWN, Alert, JobStatus, job_key
from approvals.retention import EndedInstance
from gateways.audit import open_audit
from gateways.invoices import open_invoices
from gateways.jobs import PARTITION, open_jobs
from gateways.tables import open_table

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def instance():
    """An id that no other test uses."""
    return uuid.uuid4().hex


@pytest.mark.parametrize("name", ["plain", "a/b\\c#d?e%f!g", "it's 100 % É 橋", "\x85\x9f", "x" * 200])
def test_a_job_is_found_under_its_key(name):
    """With any id."""
    assert open_jobs().status(name + "-") == UNKNOWN
    row = {"PartitionKey": PARTITION, "RowKey": job_key(name), "State": "running", "Detail": "piles driven"}
    open_table("Jobs").upsert_entity(row)
    assert open_jobs().status(name) == JobStatus(state="running", detail="piles driven")


def test_a_row_without_a_state_is_unknown(instance):
    """The columns may be missing, or not be text."""
    open_table("Jobs").upsert_entity({"PartitionKey": PARTITION, "RowKey": instance})
    assert open_jobs().status(instance).state == "unknown"
    open_table("Jobs").upsert_entity({"PartitionKey": PARTITION, "RowKey": instance, "State": 7, "Detail": 7})
    assert open_jobs().status(instance).state == "unknown"


def test_the_first_alert_of_an_instance_stays(instance):
    """With its date."""
    alert = Alert(instance_id=instance, job_id="works", outcome="failed", detail="É", polls=3)
    first = open_jobs().alert(alert, now=NOW)
    later = alert.model_copy(update={"outcome": "completed", "polls": 9})
    assert open_jobs().alert(later, now=NOW + timedelta(days=1)) == first
    assert (first.outcome, first.polls, first.alerted_at) == ("failed", 3, NOW.isoformat())


def bill(instance, number, cents=10**14):
    """Return a bill of more cents than 32 bits hold."""
    return Bill(
        instance_id=instance, number=number, account="Town works", cents=cents, currency="EUR", due=NOW.isoformat()
    )


def test_each_number_is_issued_once(instance):
    """One of many simultaneous calls issues it, and all of them get the same bill."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda cents: open_invoices().issue(bill(instance, 1, cents), now=NOW).cents, range(8)))
    assert len(set(results)) == 1
    assert open_invoices().issue(bill(instance, 2), now=NOW).cents == 10**14
    rows = list(open_table("Bills").query_entities(f"InstanceId eq '{instance}'"))
    assert sorted(row["Number"] for row in rows) == [1, 2]


def ended_instance(instance, **change):
    """Return an instance that has ended."""
    facts = {
        "instance_id": instance, "workflow": "BudgetApproval", "status": "Completed", "created": NOW,
        "last_updated": NOW, "outcome": "approved",
    }  # fmt: skip
    return EndedInstance(**{**facts, **change})


def test_each_end_of_an_instance_is_recorded_once(instance):
    """An instance that was started again under its id has another end, and a second row."""
    audit = open_audit()
    audit.keep(ended_instance(instance), now=NOW)
    audit.keep(ended_instance(instance), now=NOW + timedelta(days=1))
    audit.keep(ended_instance(instance, last_updated=NOW + timedelta(hours=1), outcome=None), now=NOW)
    rows = sorted(
        open_table("Audit").query_entities(f"PartitionKey eq '{instance}'"), key=lambda row: row["LastUpdatedAt"]
    )
    assert [(row["Outcome"], row["RecordedAt"]) for row in rows] == [
        ("approved", NOW.isoformat()),
        ("", NOW.isoformat()),
    ]


def test_an_unusual_id_is_recorded_too():
    """The durable API accepts ids that table keys cannot hold."""
    odd = f"a b%{uuid.uuid4().hex}"
    open_audit().keep(ended_instance(odd), now=NOW)
    assert [row["Status"] for row in open_table("Audit").query_entities(f"InstanceId eq '{odd}'")] == ["Completed"]
