"""The checks of a proposal's files within a look, without a workflow of their own, where they are quick and simple.

A picture has to be decoded, which takes long and may take the process with it; and a file that cannot be read now has
to be read again later. Both are the business of the workflow FanOutFanIn, which survives that.
"""

from collections.abc import Sequence

from azure.core.exceptions import AzureError

from approvals.attachments import StoredAttachment
from approvals.checks import ChecksSubmission, Work, inspect, list_work
from approvals.findings import CLEAN, Checked, FindingsRecord, add_up
from approvals.rules.state import Review
from approvals.rules.turns import files_of, findings_of
from gateways.attachments import open_attachments
from gateways.findings import open_findings
from gateways.images import measure


def check_files(review: Review) -> tuple[str, ...] | None:
    """Check the files of a document; return the findings in the words of policies, or None if a workflow has to check.

    Blocks. What was found in detail is kept in the table of findings, unless all is well. Doing it again changes
    nothing.
    """
    results = _check(files_of(review))
    if results is None:
        return None
    total = add_up(results)
    findings = findings_of(total)
    if set(findings) - set(CLEAN):
        opened = review.last_at.isoformat()
        try:
            open_findings().record(FindingsRecord(proposal_id=review.proposal_id, opened_at=opened, sum=total))
        except AzureError:
            return None
    return findings


def _check(files: Sequence[StoredAttachment]) -> list[Checked] | None:
    work = list_work(ChecksSubmission(attachments=tuple(files)))
    if any("image" in each.checks for each in work):
        return None
    try:
        return [check_file(each) for each in work]
    except (AzureError, ValueError):
        return None


def check_file(work: Work) -> Checked:
    """Read a file and check it. Blocks; it changes nothing. Raises azure.core's errors if the file cannot be read."""
    content = open_attachments().read(work.attachment)
    return inspect(work, content, measure(content) if "image" in work.checks else None)
