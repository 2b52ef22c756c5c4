"""The checks of attachments: list them, check one attachment, and record the summary."""

import azure.durable_functions as df

from approvals.checks import ChecksSubmission, Work, list_work
from approvals.findings import FindingsRecord
from gateways.findings import open_findings
from services.document_checks import check_file

bp = df.Blueprint()


@bp.activity_trigger(input_name="submission", activity="ListChecks")
def list_checks(submission: dict) -> dict:
    """List the checks of each attachment."""
    return {"work": [work.to_dict() for work in list_work(ChecksSubmission.from_dict(submission))]}


@bp.activity_trigger(input_name="work", activity="CheckAttachment")
def check_attachment(work: dict) -> dict:
    """Read one attachment and check it; raises if it cannot be read. It changes nothing, so it may run twice."""
    return check_file(Work.from_dict(work)).to_dict()


@bp.activity_trigger(input_name="record", activity="RecordFindings")
def record_findings(record: dict) -> dict:
    """Record the summary and return it."""
    summed_up = FindingsRecord.from_dict(record)
    open_findings().record(summed_up)
    return summed_up.sum.to_dict()
