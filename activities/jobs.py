"""GetJobStatus reads the state of a job; SendAlert reports how the job ended."""

import json
import logging

import azure.durable_functions as df

from approvals.jobs import Alert
from gateways import clock
from gateways.jobs import open_jobs

bp = df.Blueprint()
log = logging.getLogger("greenlight.jobs")


@bp.activity_trigger(input_name="job", activity="GetJobStatus")
def get_job_status(job: dict) -> dict:
    """Read the state of `{jobId}`. It changes nothing, so it may run twice."""
    return open_jobs().status(job["jobId"]).to_dict()


@bp.activity_trigger(input_name="alert", activity="SendAlert")
def send_alert(alert: dict) -> dict:
    """Record the alert, log it as one structured line, and return the recorded alert.

    There is one row per instance. After a crash in between, the line may be logged twice, with the same date.
    """
    sent = open_jobs().alert(Alert.from_dict(alert), now=clock.now())
    line = {
        "record": "alert",
        "instanceId": sent.instance_id,
        "jobId": sent.job_id,
        "outcome": sent.outcome,
        "polls": sent.polls,
        "alertedAt": sent.alerted_at,
    }
    log.log(logging.INFO if sent.outcome == "completed" else logging.WARNING, json.dumps(line))
    return sent.to_dict()
