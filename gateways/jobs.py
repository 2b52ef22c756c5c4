"""The table `Jobs`, which other systems write, and the table `Alerts` of the sent alerts."""

from datetime import datetime
from typing import Any, Protocol

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient

from approvals.jobs import UNKNOWN, Alert, JobStatus, SentAlert, job_key, read_job
from gateways.tables import insert_first, keys, open_table

PARTITION = "jobs"
"""The partition key of all rows in `Jobs`."""


class Jobs(Protocol):
    """What the app needs from the tables."""

    def status(self, job_id: str) -> JobStatus:
        """Return the state of a job; unknown if it has no row."""
        ...

    def alert(self, alert: Alert, *, now: datetime) -> SentAlert:
        """Record an alert; returns the recorded one for its instance."""
        ...


class TableJobs:
    """Jobs and alerts in Azure Table Storage."""

    def __init__(self, *, jobs: TableClient, alerts: TableClient) -> None:
        self._jobs = jobs
        self._alerts = alerts

    def status(self, job_id: str) -> JobStatus:
        """Read the job's row: `State` running, completed or failed, and `Detail`."""
        try:
            row = self._jobs.get_entity(PARTITION, job_key(job_id))
        except ResourceNotFoundError:
            return UNKNOWN
        return read_job(row.get("State"), row.get("Detail"))

    def alert(self, alert: Alert, *, now: datetime) -> SentAlert:
        """Insert into `Alerts`; one row for each instance."""
        row = insert_first(
            self._alerts,
            {
                **keys(alert.instance_id, "alert"),
                "InstanceId": alert.instance_id,
                "JobId": alert.job_id,
                "Outcome": alert.outcome,
                "Detail": alert.detail,
                "Polls": alert.polls,
                "AlertedAt": now.isoformat(),
            },
        )
        return _read_alert(row)


def _read_alert(row: Any) -> SentAlert:
    return SentAlert(
        instance_id=row["InstanceId"],
        job_id=row["JobId"],
        outcome=row["Outcome"],
        detail=row["Detail"],
        polls=row["Polls"],
        alerted_at=row["AlertedAt"],
    )


def open_jobs() -> Jobs:
    """Return the tables that the settings name."""
    return TableJobs(jobs=open_table("Jobs"), alerts=open_table("Alerts"))
