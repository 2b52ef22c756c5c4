"""GetJobStatus, SendAlert and IssueBill, called directly, on real tables; each may run twice."""

import json
import logging
import uuid

import pytest

from activities.billing import issue_bill
from activities.jobs import get_job_status, send_alert
from gateways.tables import open_table


@pytest.fixture(autouse=True)
def _storage(azurite, monkeypatch):
    """Write to the Azurite of the test session."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)


@pytest.fixture
def instance():
    """An id that no other test uses."""
    return uuid.uuid4().hex


def call(activity, argument):
    """Call what the host would call."""
    return activity._function.get_user_function()(argument)


def test_the_state_of_a_job_is_that_of_its_row(instance):
    """Without a row it is unknown."""
    assert call(get_job_status, {"jobId": instance})["state"] == "unknown"
    open_table("Jobs").upsert_entity({"PartitionKey": "jobs", "RowKey": instance, "State": "failed", "Detail": "d"})
    assert call(get_job_status, {"jobId": instance}) == {"state": "failed", "detail": "d"}


@pytest.mark.parametrize(("outcome", "level"), [("completed", logging.INFO), ("expired", logging.WARNING)])
def test_an_alert_is_recorded_once_and_logged(instance, outcome, level, caplog, monkeypatch):
    """As one line of JSON, with the same date at a second run and without the detail, which others write."""
    caplog.set_level(logging.INFO, "greenlight.jobs")
    alert = {"instanceId": instance, "jobId": "works", "outcome": outcome, "detail": "a secret", "polls": 3}
    first = call(send_alert, alert)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "999999")
    assert call(send_alert, {**alert, "outcome": "failed"}) == first
    assert first == {**alert, "alertedAt": first["alertedAt"]}
    told = [json.loads(record.message) for record in caplog.records]
    assert told == [
        {"record": "alert", "instanceId": instance, "jobId": "works", "outcome": outcome, "polls": 3,
         "alertedAt": first["alertedAt"]}
    ] * 2  # fmt: skip
    assert caplog.records[0].levelno == level


def test_a_bill_is_issued_once(instance, monkeypatch):
    """A second run returns the first bill."""
    bill = {
        "instanceId": instance, "number": 1, "account": "Town works", "cents": 148510, "currency": "EUR",
        "due": "2026-03-02T09:00:00+00:00",
    }  # fmt: skip
    first = call(issue_bill, bill)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "999999")
    assert call(issue_bill, {**bill, "cents": 5}) == first == {**bill, "issuedAt": first["issuedAt"]}
