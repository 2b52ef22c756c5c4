"""Automatic checks of attachments: the declared type, a sensible size, and no known harm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from approvals.attachments import (
    KINDS,
    LARGEST_UPLOAD,
    MOST_ATTACHMENTS,
    InlineAttachment,
    StoredAttachment,
    kind_of,
)
from approvals.findings import Check, Checked, Finding, Severity
from approvals.forms import AsTuple, Form
from approvals.validation import Boundary

LONGEST_TEXT = 200_000
"""Characters: about a hundred pages, more than people read for one decision."""
SHORTEST_SIDE = 32
"""Pixels. In a smaller picture a person can recognise nothing."""

VIRUS_TEST = "".join(("X5O!P%@AP[4\\PZX5", "4(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS", "-TEST-FILE!$H+H*")).encode()
"""The EICAR test string, which every scanner reports. It is in pieces here, so that no scanner reports this file."""


_LINE_ON_WHITE = (
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAgAQAAAAB8r8axAAAAGElEQVR42mP8z8DAwMDAxDAIKChgpKaTAEXPAjvqd2siAAAAAElFTkSuQmCC"
)
"""A PNG of 48 x 32 pixels."""


class ChecksForm(Form):
    """The attachments to check; there may be none."""

    example: ClassVar = {
        "attachments": [
            {"name": "note.md", "contentType": "text/markdown", "content": "IyBNaWxsIFN0cmVhbQo="},
            {"name": "deck.png", "contentType": "image/png", "content": _LINE_ON_WHITE},
        ]
    }

    most_files: ClassVar = MOST_ATTACHMENTS

    attachments: Annotated[tuple[InlineAttachment, ...], AsTuple] = Field(default=(), max_length=MOST_ATTACHMENTS)

    @property
    def files(self) -> tuple[InlineAttachment, ...]:
        """The attachments."""
        return self.attachments

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input, with references to the stored attachments."""
        return ChecksSubmission(attachments=stored).to_dict()


class ChecksSubmission(Boundary):
    """The input of FanOutFanIn, and of ListChecks."""

    attachments: Annotated[tuple[StoredAttachment, ...], AsTuple] = Field(default=(), max_length=MOST_ATTACHMENTS)


class Work(Boundary):
    """The checks of one attachment: the input of CheckAttachment."""

    attachment: StoredAttachment
    checks: Annotated[tuple[Check, ...], AsTuple]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The measurements of an image. `trouble` says why it was not decoded, None if it was."""

    width: int = 0
    height: int = 0
    trouble: str | None = None


def list_work(submission: ChecksSubmission) -> tuple[Work, ...]:
    """Return the checks of each attachment, by its declared type."""
    return tuple(Work(attachment=each, checks=_checks_of(each.content_type)) for each in submission.attachments)


def inspect(work: Work, content: bytes, picture: Picture | None) -> Checked:
    """Carry out the checks of one attachment; `picture` has the measurements if `image` is among the checks."""
    subject = _Subject(attachment=work.attachment, content=content, picture=picture or Picture(trouble="not measured"))
    findings = []
    for check in work.checks:
        severity, message = _CHECKS[check](subject)
        findings.append(Finding(attachment=work.attachment.name, check=check, severity=severity, message=message[:200]))
    return Checked(attachment=work.attachment.name, bytes=len(content), findings=tuple(findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    attachment: StoredAttachment
    content: bytes
    picture: Picture


Verdict = tuple[Severity, str]


def _checks_of(content_type: str) -> tuple[Check, ...]:
    match content_type.partition("/")[0]:
        case "text":
            return ("type", "size", "virus", "text")
        case "image":
            return ("type", "size", "virus", "image")
        case _:
            return ("type", "size", "virus")


def _check_type(subject: _Subject) -> Verdict:
    declared, found = subject.attachment.content_type, kind_of(subject.content)
    if declared not in KINDS:
        return "error", f"files declared as {declared[:60]!r} are not accepted"
    if found is None:
        return "error", f"declared as {declared}, but it is neither that nor UTF-8 text"
    same = found.startswith("text/") if declared.startswith("text/") else found == declared
    return ("ok", f"is {declared}") if same else ("error", f"declared as {declared}, but it is {found}")


def _check_size(subject: _Subject) -> Verdict:
    size, expected = len(subject.content), subject.attachment.size
    if size != expected:
        return "error", f"has {size} bytes, but {expected} were submitted"
    if not 0 < size <= LARGEST_UPLOAD:
        return "error", f"has {size} bytes; 1 to {LARGEST_UPLOAD} are accepted"
    return "ok", f"has {size} bytes"


def _check_virus(subject: _Subject) -> Verdict:
    if VIRUS_TEST in subject.content:
        return "error", "contains the virus-test string"
    return "ok", "does not contain the virus-test string"


def _check_text(subject: _Subject) -> Verdict:
    length = len(subject.content.decode(errors="replace").strip("\ufeff \n\r\t\f"))
    if not length:
        return "error", "contains no text"
    if length > LONGEST_TEXT:
        return "warning", f"has {length} characters; few people read more than {LONGEST_TEXT}"
    return "ok", f"has {length} characters"


def _check_image(subject: _Subject) -> Verdict:
    picture = subject.picture
    size = f"{picture.width} x {picture.height} pixels"
    if picture.trouble is not None:
        return "error", f"could not be decoded: {picture.trouble}"
    if min(picture.width, picture.height) < SHORTEST_SIDE:
        return "warning", f"has {size}; below {SHORTEST_SIDE} per side little can be recognised"
    return "ok", f"has {size}"


_CHECKS: Mapping[Check, Callable[[_Subject], Verdict]] = MappingProxyType(
    {
        "type": _check_type,
        "size": _check_size,
        "virus": _check_virus,
        "text": _check_text,
        "image": _check_image,
    }
)
