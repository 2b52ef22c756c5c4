"""What automatic checks come to: findings, and their sum over all attachments of a proposal."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from approvals.forms import AsTuple
from approvals.validation import Boundary, Line

Check = Literal["type", "size", "virus", "text", "image"]
Severity = Literal["ok", "warning", "error"]

CLEAN: tuple[str, ...] = ("passed",)
"""What a policy is told of checks that have found nothing, or had nothing to look at."""


class Finding(Boundary):
    """What one check says about one attachment."""

    attachment: Line
    check: Check
    severity: Severity
    message: Line


class Checked(Boundary):
    """All that was found about one attachment: the result of CheckAttachment."""

    attachment: Line
    bytes: int
    findings: Annotated[tuple[Finding, ...], AsTuple]


class Unchecked(Boundary):
    """An attachment whose checks could not be carried out, which says nothing about the attachment."""

    attachment: Line
    reason: str


class Counts(Boundary):
    """How many findings there are of each severity."""

    ok: int
    warning: int
    error: int


class Sum(Boundary):
    """All checks of a proposal: the output of FanOutFanIn."""

    outcome: Literal["passed", "warnings", "objections", "incomplete"]
    """The worst of it: an error is an objection; without one, a check that was not carried out leaves it open."""
    attachments: int
    """How many there are, checked or not."""
    bytes: int
    """What the checked ones weigh together."""
    counts: Counts
    findings: Annotated[tuple[Finding, ...], AsTuple]
    failed: Annotated[tuple[Unchecked, ...], AsTuple]


class FindingsRecord(Boundary):
    """The input of RecordFindings: the sum, and of whose attachments."""

    proposal_id: str
    opened_at: Annotated[str, Field(description="when this run began, ISO 8601 in UTC")]
    sum: Sum


def add_up(results: Sequence[Checked | Unchecked]) -> Sum:
    """Sum up the results of all attachments; no results are a proposal without attachments, which passes."""
    checked = [each for each in results if isinstance(each, Checked)]
    failed = tuple(each for each in results if isinstance(each, Unchecked))
    findings = tuple(finding for each in checked for finding in each.findings)
    severities = [finding.severity for finding in findings]
    counts = Counts(ok=severities.count("ok"), warning=severities.count("warning"), error=severities.count("error"))
    return Sum(
        outcome=_worst(counts, failed),
        attachments=len(results),
        bytes=sum(each.bytes for each in checked),
        counts=counts,
        findings=findings,
        failed=failed,
    )


def _worst(counts: Counts, failed: tuple[Unchecked, ...]) -> Literal["passed", "warnings", "objections", "incomplete"]:
    if counts.error:
        return "objections"
    if failed:
        return "incomplete"
    return "warnings" if counts.warning else "passed"
