"""The results of automatic checks: findings, and their summary over all attachments of a proposal."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from approvals.forms import AsTuple
from approvals.validation import Boundary, Line

Check = Literal["type", "size", "virus", "text", "image"]
Severity = Literal["ok", "warning", "error"]

CLEAN: tuple[str, ...] = ("passed",)
"""The outcomes in which the checks found nothing, or had nothing to check, as a policy sees it."""


class Finding(Boundary):
    """The result of one check of one attachment."""

    attachment: Line
    check: Check
    severity: Severity
    message: Line


class Checked(Boundary):
    """All findings about one attachment: the result of CheckAttachment."""

    attachment: Line
    bytes: int
    findings: Annotated[tuple[Finding, ...], AsTuple]


class FailedCheck(Boundary):
    """An attachment whose checks could not be carried out. This says nothing about the attachment itself."""

    attachment: Line
    reason: str


class Counts(Boundary):
    """How many findings there are of each severity."""

    ok: int
    warning: int
    error: int


class ChecksSummary(Boundary):
    """The summary of all checks of a proposal: the output of FanOutFanIn."""

    outcome: Literal["passed", "warnings", "objections", "incomplete"]
    """The worst result. An error is an objection; without an error, a check that failed to run makes it incomplete."""
    attachments: int
    """The number of attachments, checked or not."""
    bytes: int
    """The size of all checked attachments together."""
    counts: Counts
    findings: Annotated[tuple[Finding, ...], AsTuple]
    failed: Annotated[tuple[FailedCheck, ...], AsTuple]


class FindingsRecord(Boundary):
    """The input of RecordFindings: the summary, and the proposal that it belongs to."""

    proposal_id: str
    opened_at: Annotated[str, Field(description="when this run started, ISO 8601 in UTC")]
    sum: ChecksSummary


def add_up(results: Sequence[Checked | FailedCheck]) -> ChecksSummary:
    """Summarise the results of all attachments. A proposal without attachments passes."""
    checked = [each for each in results if isinstance(each, Checked)]
    failed = tuple(each for each in results if isinstance(each, FailedCheck))
    findings = tuple(finding for each in checked for finding in each.findings)
    severities = [finding.severity for finding in findings]
    counts = Counts(ok=severities.count("ok"), warning=severities.count("warning"), error=severities.count("error"))
    return ChecksSummary(
        outcome=_worst(counts, failed),
        attachments=len(results),
        bytes=sum(each.bytes for each in checked),
        counts=counts,
        findings=findings,
        failed=failed,
    )


def _worst(
    counts: Counts, failed: tuple[FailedCheck, ...]
) -> Literal["passed", "warnings", "objections", "incomplete"]:
    if counts.error:
        return "objections"
    if failed:
        return "incomplete"
    return "warnings" if counts.warning else "passed"
