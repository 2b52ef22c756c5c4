"""FanOutFanIn: checks all attachments of a proposal in parallel and summarises the findings."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.checks import ChecksSubmission
from approvals.findings import Checked, FailedCheck, FindingsRecord, add_up
from approvals.workflows import FAN_OUT
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import call, read_input
from orchestrators.reporting import show

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=FAN_OUT.name)
def fan_out_fan_in(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """List the checks, run them in parallel, and record the summary of their results."""
    opened = context.current_utc_datetime.isoformat()
    submission = read_input(context, ChecksSubmission)
    show(context, "listing", attachments=len(submission.attachments))
    listed = yield call(context, "ListChecks", submission.to_dict())
    work = listed["work"]

    show(context, "checking", attachments=len(work))
    results = (yield from _check_all(context, work)) if work else []
    total = add_up(results)

    show(context, "recording", attachments=len(work), counts=total.counts.to_dict(), failed=len(total.failed))
    record = FindingsRecord(proposal_id=context.instance_id, opened_at=opened, sum=total)
    recorded = yield call(context, "RecordFindings", record.to_dict())
    show(context, recorded["outcome"], attachments=len(work), counts=recorded["counts"], failed=len(total.failed))
    return recorded


def _check_all(
    context: df.DurableOrchestrationContext, work: list[dict[str, Any]]
) -> Generator[TaskBase, Any, list[Checked | FailedCheck]]:
    """Check all attachments in parallel and return each result, even if the checks of another one have failed.

    `task_all` starts all of them and ends with the first failure; after that each one is awaited separately.
    """
    tasks = [call(context, "CheckAttachment", piece) for piece in work]
    yield from attempt(context.task_all(tasks))
    results = list[Checked | FailedCheck]()
    for piece, task in zip(work, tasks, strict=True):
        result = yield from attempt(task)
        if isinstance(result, Failed):
            results.append(FailedCheck(attachment=piece["attachment"]["name"], reason=result.reason))
        else:
            results.append(Checked.from_dict(result))
    return results
