"""The decision page: what a person sees who follows the link in a letter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from approvals.attachments import KINDS
from approvals.record.documents import Attachment
from approvals.record.entries import Entry
from approvals.rules.choices import choices
from approvals.rules.eligibility import find_seat
from approvals.rules.state import Review, Status
from approvals.visible import one_line, visible
from approvals.words.wording import moment, people, size, stage_name, time_left
from pages.facts import facts
from pages.remarks import remarks
from pages.rendering import Page, message_page, render

LONGEST_COMMENT = 8_000
"""Characters, the same limit as for verbs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormInput:
    """A form with errors that is shown again: its content, and the errors by field."""

    decision: str = ""
    comment: str = ""
    faults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def decision_page(
    review: Review, entries: Iterable[Entry], *, person: str, token: str, now: datetime, filled: FormInput | None = None
) -> Page:
    """Return the page for answering: the proposal, its documents, the comments so far, and the form.

    `review` has an open stage that waits for this person; `token` is the token of the link.
    """
    open_stage = review.stage
    assert open_stage
    asked = find_seat(review, person)
    filled = filled or FormInput()
    return render(
        "decide.html",
        review=review,
        person=person,
        stage=stage_name(open_stage.plan),
        on_behalf_of=asked.on_behalf_of if asked else None,
        facts=facts(review, deadline=f"{moment(open_stage.deadline)}, {time_left(open_stage.deadline, now)}"),
        summary=visible(review.summary),
        documents=[_document(each, token) for each in review.attachments],
        token=token,
        remarks=remarks(entries),
        choices=choices(review.policy),
        deadline=open_stage.deadline,
        time_left=time_left(open_stage.deadline, now),
        longest_comment=LONGEST_COMMENT,
        decision=filled.decision,
        comment=filled.comment,
        faults=filled.faults,
    )


def _document(attachment: Attachment, token: str) -> dict[str, Any]:
    return {
        "name": one_line(attachment.name),
        "about": one_line(f"{attachment.content_type}, {size(attachment.size)}"),
        "address": f"decide/attachments/{quote(attachment.name, safe='')}?token={quote(token, safe='')}",
        "picture": attachment.content_type.startswith("image/") and attachment.content_type in KINDS,
    }


def result_page(review: Review, label: str) -> Page:
    """Return the page that confirms an answer and shows the state of the proposal."""
    return message_page(f"Your answer: {label}", f"It is recorded for “{one_line(review.title)}”.", _outlook(review))


def _outlook(review: Review) -> str:
    match review.status:
        case Status.APPROVED | Status.REJECTED | Status.WITHDRAWN | Status.EXPIRED | Status.FAILED:
            return f"The proposal is {review.status.value} now. You can close this page."
        case Status.CHANGES_REQUESTED:
            return f"{review.author} is asked to change it. You get another letter when it is submitted again."
        case _:
            waiting = people(tuple(one_line(each.person) for each in review.waiting_for))
            return f"Next, {waiting} must answer. You can close this page." if waiting else "You can close this page."
