"""MonitorJobStatus: look at a job again and again until it ends or the time is over, then tell somebody."""

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
"""Each look leaves eight rows in the history. After so many the workflow starts itself anew with an empty one."""


@bp.orchestration_trigger(context_name="context", orchestration=MONITOR.name)
def monitor_job_status(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Look at once, then after each interval, a last time at the expiry; alert when the job ends or time is over."""
    watch = read_input(context, MonitorState).watch(context.current_utc_datetime)
    for _ in range(POLLS_A_GENERATION):
        job = yield from _look(context, watch.form.job_id)
        watch = watch.polled()
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
            return (yield from _tell(context, alert))

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
        watch = watch.grown()

    context.continue_as_new(watch.carry_over().to_dict())
    return {}


def _look(context: df.DurableOrchestrationContext, job_id: str) -> Generator[TaskBase, Any, JobStatus]:
    """Ask how the job stands. A look that fails does not end the watch, and the next one is its retry."""
    answer = yield from attempt(call_once(context, "GetJobStatus", {"jobId": job_id}))
    if isinstance(answer, Failed):
        return JobStatus(state="unknown", detail=f"it could not be asked: {answer.reason}"[:LONGEST_DETAIL])
    return JobStatus.from_dict(answer)


def _tell(context: df.DurableOrchestrationContext, alert: Alert) -> Generator[TaskBase, Any, dict[str, Any]]:
    """Send the alert; the output is what is on record, as of two runs under one id the first one's alert stays."""
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
