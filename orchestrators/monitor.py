"""MonitorJobStatus: polls a job until it ends or the time limit is reached, then sends an alert."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.jobs import LONGEST_DETAIL, Alert, JobStatus, MonitorState, SentAlert
from approvals.workflows import MONITOR
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import A_DAY, call, call_once, read_input
from orchestrators.reporting import show

bp = df.Blueprint()

POLLS_A_GENERATION = 20
"""Each poll adds eight rows to the history. After so many polls the workflow continues as new with an empty one."""


@bp.orchestration_trigger(context_name="context", orchestration=MONITOR.name)
def monitor_job_status(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Poll immediately, after each interval, and at the expiry; send an alert when the job ends or time is up."""
    watch = read_input(context, MonitorState).watch(context.current_utc_datetime)
    for _ in range(POLLS_A_GENERATION):
        job = yield from _poll(context, watch.form.job_id)
        watch = watch.after_poll()
        now = context.current_utc_datetime
        outcome = watch.outcome(job, now)
        if outcome:
            alert = Alert(
                instance_id=context.instance_id,
                job_id=watch.form.job_id,
                outcome=outcome,
                detail=job.detail,
                polls=watch.polls,
            )
            return (yield from _send_alert(context, alert))

        next_poll = watch.next_poll(now)
        show(
            context,
            "polling",
            jobId=watch.form.job_id,
            job=job.to_dict(),
            polls=watch.polls,
            nextPoll=next_poll.isoformat(),
            expires=watch.expires.isoformat(),
        )
        yield context.create_timer(next_poll)
        watch = watch.with_next_interval()

    context.continue_as_new(watch.carry_over().to_dict())
    return {}


def _poll(context: df.DurableOrchestrationContext, job_id: str) -> Generator[TaskBase, Any, JobStatus]:
    """Poll the job. A failed poll does not end the monitoring; the next poll is its retry."""
    answer = yield from attempt(call_once(context, "GetJobStatus", {"jobId": job_id}))
    if isinstance(answer, Failed):
        return JobStatus(state="unknown", detail=f"the job's state could not be read: {answer.reason}"[:LONGEST_DETAIL])
    return JobStatus.from_dict(answer)


def _send_alert(context: df.DurableOrchestrationContext, alert: Alert) -> Generator[TaskBase, Any, dict[str, Any]]:
    """Send the alert and return the recorded one: of two runs under one id the first alert stays."""
    show(context, "alerting", jobId=alert.job_id, outcome=alert.outcome, polls=alert.polls)
    sent = SentAlert.from_dict((yield call(context, "SendAlert", alert.to_dict(), patience=A_DAY)))
    show(context, sent.outcome, jobId=sent.job_id, polls=sent.polls)
    return {
        "outcome": sent.outcome,
        "jobId": sent.job_id,
        "detail": sent.detail,
        "polls": sent.polls,
        "alertedAt": sent.alerted_at,
    }
