"""GetJobStatus and SendAlert: look at a job, and tell what became of it."""

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
    """Look at `{jobId}`; it changes nothing, so it may run twice."""
    return open_jobs().status(job["jobId"]).to_dict()


@bp.activity_trigger(input_name="alert", activity="SendAlert")
def send_alert(alert: dict) -> dict:
    """Record the alert, write it as one structured line, and return what is on record.

    There is one row for each instance. The line may come twice, after a crash in between, and then has the same date.
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
