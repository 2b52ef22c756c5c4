"""Responses to a decision link: a page for people, JSON for programs, both with the same status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import azure.functions as func

from approvals.record.entries import Entry
from approvals.rules.choices import CHANGES, choices, find_choice
from approvals.rules.eligibility import ActionRefused, Code, find_seat
from approvals.rules.links import Link
from approvals.rules.state import Review
from approvals.rules.verbs import Decide, RequestChanges
from approvals.validation import Boundary, Invalid
from clients.web.link_requests import wants_json
from clients.web.outages import retry_after, while_recording
from clients.web.page_replies import explain, show
from clients.web.replies import AttachmentView, Time, VerbReply
from clients.web.responses import answer, problem
from pages.decision import FormInput, decision_page, result_page
from pages.rendering import message_page
from services.review_changes import Contention, VerbRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """A link that can be used now, and its record."""

    link: Link
    token: str
    """The token as it came; only the link's own page contains it."""
    entries: tuple[Entry, ...]
    review: Review


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProblem:
    """Why a link cannot be used, and what to do."""

    status: int
    code: str
    """A code for programs."""
    heading: str
    detail: str
    what_to_do: str
    changes: tuple[str, ...] = ()
    """What was changed in the document since the letter, if that is the reason."""


FORGED = LinkProblem(
    status=403,
    code="forged",
    heading="This link is not valid",
    detail="Greenlight did not create this link, or a part of it is missing.",
    what_to_do="Open the link in the letter itself, or copy all of it.",
)
EXPIRED = LinkProblem(
    status=410,
    code="expired",
    heading="This link has expired",
    detail="The deadline for answering with this link has passed.",
    what_to_do="If your answer is still needed, you have a newer letter.",
)
OTHER_SITE = LinkProblem(
    status=403,
    code="crossSite",
    heading="Your answer was not recorded",
    detail="It was sent from a page of another site.",
    what_to_do="Open the link from the letter and answer there.",
)
OTHER_PROPOSAL = LinkProblem(
    status=403,
    code="otherProposal",
    heading="Your answer was not recorded",
    detail="The link belongs to another proposal than the one in the answer.",
    what_to_do="Use the letter about that proposal.",
)
GONE = LinkProblem(
    status=404,
    code="unknown",
    heading="This proposal does not exist any more",
    detail="There is no record of the proposal that the link belongs to.",
    what_to_do="Ask the people who run Greenlight.",
)
ANSWERED = LinkProblem(
    status=409,
    code="replayed",
    heading="You have already answered",
    detail="Your answer is recorded. A link can be used only once.",
    what_to_do="You do not need to do anything.",
)
DAMAGED = LinkProblem(
    status=500,
    code="tampered",
    heading="This proposal cannot be decided now",
    detail="Its record was changed by somebody else, so nothing can be decided by it.",
    what_to_do="Ask the people who run Greenlight to verify the record.",
)
UNAVAILABLE = LinkProblem(
    status=503,
    code="unavailable",
    heading="Please send your answer again",
    detail="Greenlight could not reach its storage, so it does not know whether your answer was recorded.",
    what_to_do="Wait a moment, open the link again and answer again. An answer counts only once.",
)
CROWDED = LinkProblem(
    status=503,
    code="crowded",
    heading="Please send your answer again",
    detail="Too many answers came at the same time. Your answer was not recorded.",
    what_to_do="Go back and send it again.",
)

_NOTHING_TO_DO = "You do not need to do anything."
_REFUSALS: dict[Code, tuple[int, str, str]] = {
    "replayed": (409, "This link has already been used", _NOTHING_TO_DO),
    "alreadyDecided": (409, "You have already answered", _NOTHING_TO_DO),
    "over": (409, "This has already been decided", _NOTHING_TO_DO),
    "documentChanged": (409, "The document has changed", "Please read it again. You get a letter with a new link."),
    "superseded": (410, "This link is not valid any more", "If your answer is still needed, you have a newer letter."),
    "notNow": (409, "You cannot answer now", "You get a letter when your answer is needed."),
}


def problem_of_refusal(refused: ActionRefused) -> LinkProblem:
    """Return the page for a refused answer; 403 if the reason is who the person is."""
    status, heading, what_to_do = _REFUSALS.get(
        refused.code, (403, "You cannot answer here", "Ask the author of the proposal who has to answer.")
    )
    detail = f"{refused.reason[:1].upper()}{refused.reason[1:]}."
    return LinkProblem(
        status=status,
        code=refused.code,
        heading=heading,
        detail=detail,
        what_to_do=what_to_do,
        changes=refused.changes,
    )


def problem_of_unreadable(status: int, detail: str) -> LinkProblem:
    """Return the page for an answer that is too long or in a format that is not accepted."""
    heading = "Your answer was not recorded"
    return LinkProblem(
        status=status,
        code="invalid",
        heading=heading,
        detail=f"{detail}.",
        what_to_do="Open the link and use the form on the page.",
    )


class ChoiceView(Boundary):
    """A possible answer."""

    decision: str
    label: str
    effect: str
    needs_comment: bool


class LinkView(Boundary):
    """The question of a decision link, for programs; POST `{decision, comment}` to the same URL to answer."""

    proposal_id: str
    title: str
    summary: str
    author: str
    cost: float
    currency: str
    department: str | None
    round: int
    document: str
    stage: str
    person: str
    on_behalf_of: str | None
    deadline: Time
    attachments: tuple[AttachmentView, ...]
    findings: tuple[str, ...]
    choices: tuple[ChoiceView, ...]


def show_problem(trouble: LinkProblem, *, as_json: bool) -> func.HttpResponse:
    """Show why a link cannot be used."""
    if as_json:
        return problem(trouble.status, trouble.detail, trouble.what_to_do, code=trouble.code, changes=trouble.changes)
    return explain(trouble.status, trouble.heading, trouble.detail, trouble.what_to_do)


def unavailable(req: func.HttpRequest, error: Exception) -> func.HttpResponse:
    """Answer a request during an outage. A link counts only once, so the same request may be sent again."""
    if wants_json(req):
        return while_recording(req, error)
    trouble = CROWDED if isinstance(error, Contention) else UNAVAILABLE
    page = message_page(trouble.heading, trouble.detail, trouble.what_to_do)
    return show(page, status=trouble.status, headers={"Retry-After": retry_after(error)})


def show_form(opened: OpenLink, *, now: datetime, as_json: bool) -> func.HttpResponse:
    """Show the proposal and the possible answers."""
    if as_json:
        return answer(_view(opened).to_dict())
    return show(decision_page(opened.review, opened.entries, person=opened.link.person, token=opened.token, now=now))


def show_faults(
    opened: OpenLink, error: Invalid, fields: Mapping[str, Any], *, now: datetime, as_json: bool
) -> func.HttpResponse:
    """Show the errors in an answer: 400; people see their form as they filled it in."""
    if as_json:
        what_to_do = "Fix what errors lists and send it again; nothing was recorded."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")
    filled = FormInput(
        decision=str(fields.get("decision", "")), comment=str(fields.get("comment", "")), faults=_by_field(error)
    )
    return show(
        decision_page(
            opened.review, opened.entries, person=opened.link.person, token=opened.token, now=now, filled=filled
        ),
        status=400,
    )


def _by_field(error: Invalid) -> dict[str, str]:
    """Return the errors of a form by field, for the person who filled it in; `form` has errors of no field."""
    faults = dict[str, str]()
    for each in error.errors:
        place, _, what = each.partition(": ")
        if place == "decision":
            faults[place] = "Choose one of these answers."
        elif place == "comment":
            faults[place] = f"{what[:1].upper()}{what[1:]}."
        else:
            faults["form"] = f"{each}."
    return faults


def show_result(done: VerbRecorded, verb: Decide | RequestChanges, *, as_json: bool) -> func.HttpResponse:
    """Show that an answer is recorded, and the state of the proposal."""
    if as_json:
        return answer(VerbReply.of(done).to_dict())
    word = verb.decision if isinstance(verb, Decide) else CHANGES
    choice = find_choice(done.review.policy, word)
    return show(result_page(done.review, choice.label if choice else word))


def _view(opened: OpenLink) -> LinkView:
    review, link = opened.review, opened.link
    assert review.stage  # the link fits the open stage
    asked = find_seat(review, link.person)
    return LinkView(
        proposal_id=review.proposal_id,
        title=review.title,
        summary=review.summary,
        author=review.author,
        cost=review.cost,
        currency=review.currency,
        department=review.department,
        round=review.round,
        document=review.document,
        stage=link.stage,
        person=link.person,
        on_behalf_of=asked.on_behalf_of if asked else None,
        deadline=review.stage.deadline.isoformat(),
        attachments=tuple(
            AttachmentView(name=each.name, content_type=each.content_type, size=each.size, sha256=each.sha256)
            for each in review.attachments
        ),
        findings=review.findings,
        choices=tuple(
            ChoiceView(decision=each.word, label=each.label, effect=each.effect, needs_comment=each.needs_comment)
            for each in choices(review.policy)
        ),
    )
