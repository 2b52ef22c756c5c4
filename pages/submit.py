"""The page on which a proposal is handed in, or handed in again after changes were asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from approvals.record.documents import Attachment
from approvals.visible import one_line, visible
from approvals.words.wording import people, size
from pages.rendering import Page
from pages.shell import Shell, render_in_shell
from pages.uploads import file_limits

LONGEST_TEXT = 8_000
"""Characters of a summary or a comment, as the API has it."""

_FIELDS = ("title", "summary", "cost", "currency", "department", "policy", "files", "comment")


_IN_WORDS = {
    ("title", "String"): "Give a title of 1 to 200 characters.",
    ("currency", "String"): "Give the three letters of a currency, such as EUR.",
    ("cost", "Input"): "Give an amount, such as 148,500 or 12.50.",
}
"""What the checks of a form say for programs, in words for somebody who types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody has typed and chosen so far."""

    proposal_id: str
    title: str = ""
    summary: str = ""
    cost: str = ""
    currency: str = "EUR"
    department: str = ""
    policy: str = "default"
    comment: str = ""
    files: tuple[Attachment, ...] = ()
    """What is on record already."""
    stored_files: tuple[Attachment, ...] = ()
    """What was chosen and is stored, so that it comes with the form when it is sent again."""
    faults: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Sentences by field; `form` has those that belong to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedChange:
    """What an approver asked to be changed."""

    by: str
    at: datetime
    words: str
    until: datetime | None


def submit_page(
    shell: Shell,
    draft: Draft,
    *,
    policies: Sequence[tuple[str, str]],
    preview: Mapping[str, Any] | None = None,
) -> Page:
    """Return the form for a new proposal; `policies` are names with their descriptions, `preview` who will be asked."""
    return render_in_shell(
        "submit.html",
        shell,
        **_common(draft),
        again=False,
        address="/api/ui/submit",
        scripts=("uploads.js", "preview.js"),
        policies=policies,
        preview=_preview(preview) if preview else None,
        wish=None,
    )


def resubmit_page(
    shell: Shell, draft: Draft, wish: RequestedChange, *, preview: Mapping[str, Any] | None = None
) -> Page:
    """Return the form for a proposal that comes again, with what was asked for in view, and who will be asked."""
    shown = {"by": wish.by, "at": wish.at, "words": visible(wish.words), "until": wish.until}
    return render_in_shell(
        "submit.html",
        shell,
        **_common(draft),
        again=True,
        address=f"/api/ui/proposals/{draft.proposal_id}/resubmit",
        scripts=("uploads.js", "preview.js"),
        policies=(),
        preview=_preview(preview) if preview else None,
        wish=shown,
    )


def by_field(errors: Sequence[str]) -> dict[str, list[str]]:
    """Return errors of the form `place: what is wrong` by field, each as a sentence for the person who typed it."""
    faults = dict[str, list[str]]()
    for error in errors:
        place, colon, what = error.partition(": ")
        name = place.partition(".")[0]
        if place.startswith("attachment"):
            faults.setdefault("files", []).append(_sentence(error.removeprefix("attachment ")))
        elif colon and name in _FIELDS:
            faults.setdefault(name, []).append(_IN_WORDS.get((name, what.partition(" ")[0]), _sentence(what)))
        else:
            faults.setdefault("form", []).append(_sentence(error))
    return faults


def _common(draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft,
        "faults": draft.faults,
        "files": [_file(each) for each in draft.files if each.name not in {other.name for other in draft.stored_files}],
        "kept": [_file(each) for each in draft.stored_files],
        **file_limits(),
        "longest": LONGEST_TEXT,
    }


def _file(attachment: Attachment) -> dict[str, str]:
    return {"name": attachment.name, "about": size(attachment.size), "blob": attachment.blob}


def _preview(preview: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stages": [_stage(each) for each in preview["stages"]],
        "others": [[_stage(each) for each in way["stages"]] for way in preview["otherWays"]],
    }


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    asked = people(tuple(one_line(each) for each in stage["approvers"]))
    needed, count = stage["needed"], len(stage["approvers"])
    rule = "" if count < 2 else "all of them must agree" if needed == count else f"{needed} of {count} must agree"
    return {
        "name": one_line(stage["name"]),
        "asked": asked,
        "rule": rule,
        "until": datetime.fromisoformat(stage["latestEnd"]),
    }


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
