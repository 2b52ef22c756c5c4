"""What a decision link is answered with: a page for people, JSON for programs, the same status either way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import azure.functions as func

from approvals.record.entries import Entry
from approvals.rules.choices import CHANGES, choices, find_choice
from approvals.rules.eligibility import Code, Refused, asked_as
from approvals.rules.links import Link
from approvals.rules.state import Review
from approvals.rules.verbs import Decide, RequestChanges
from approvals.validation import Boundary, Invalid
from clients.web.link_requests import wants_json
from clients.web.outages import retry_after, untaken
from clients.web.page_replies import explain, show
from clients.web.replies import AttachmentView, Time, VerbReply
from clients.web.responses import answer, problem
from pages.decision import FormInput, decision_page, result_page
from pages.rendering import message_page
from services.review_changes import Contention, Done


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """A link that can be answered with now, and the record that it is about."""

    link: Link
    token: str
    """As it came; the page that shows the link's proposal has it, and nothing else."""
    entries: tuple[Entry, ...]
    review: Review


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProblem:
    """Why a link does not lead any further, and what to do now."""

    status: int
    code: str
    """One word for programs."""
    heading: str
    detail: str
    what_to_do: str
    changes: tuple[str, ...] = ()
    """What was done to the document since the letter, where that is why."""


FORGED = LinkProblem(
    status=403,
    code="forged",
    heading="This is not a link of ours",
    detail="The link is not one that Greenlight has made, or it was cut on the way.",
    what_to_do="Open it from the letter itself, or copy all of it.",
)
EXPIRED = LinkProblem(
    status=410,
    code="expired",
    heading="This link has expired",
    detail="The time to answer with this link is over.",
    what_to_do="If your answer is still needed, there is a newer letter.",
)
OTHER_SITE = LinkProblem(
    status=403,
    code="crossSite",
    heading="This answer was not taken",
    detail="It was sent from a page of another site.",
    what_to_do="Open the link from the letter and answer there.",
)
OTHER_PROPOSAL = LinkProblem(
    status=403,
    code="otherProposal",
    heading="This answer was not taken",
    detail="The link was made for another proposal than the answer names.",
    what_to_do="Use the letter about that proposal.",
)
GONE = LinkProblem(
    status=404,
    code="unknown",
    heading="This proposal is not here any more",
    detail="There is no record of the proposal that the link was made for.",
    what_to_do="Ask whoever runs Greenlight.",
)
ANSWERED = LinkProblem(
    status=409,
    code="replayed",
    heading="You have answered already",
    detail="Your answer is on record; a link can be used once.",
    what_to_do="There is nothing left for you to do.",
)
DAMAGED = LinkProblem(
    status=500,
    code="tampered",
    heading="This proposal cannot be decided now",
    detail="Its record is not what was written, so nothing is decided by what it says.",
    what_to_do="Ask whoever runs Greenlight to verify the record.",
)
UNAVAILABLE = LinkProblem(
    status=503,
    code="unavailable",
    heading="Please send it again",
    detail="Greenlight could not reach its storage, so it does not know whether your answer was taken.",
    what_to_do="Wait a little, open the link again and answer again: an answer counts once.",
)
CROWDED = LinkProblem(
    status=503,
    code="crowded",
    heading="Please send it again",
    detail="Too many answers came at the same moment; yours was not taken down.",
    what_to_do="Go back and send it again.",
)

_LEAVE_IT = "There is nothing left for you to do."
_REFUSALS: dict[Code, tuple[int, str, str]] = {
    "replayed": (409, "This link has been used", _LEAVE_IT),
    "alreadyDecided": (409, "You have answered already", _LEAVE_IT),
    "over": (409, "This has been decided", _LEAVE_IT),
    "documentChanged": (409, "The document has changed", "Read it again: a letter with a new link is sent for it."),
    "superseded": (410, "This link does not hold any more", "If your answer is still needed, there is a newer letter."),
    "notNow": (409, "No answer can be taken now", "You get a letter when your answer is needed."),
}


def refused_by(refused: Refused) -> LinkProblem:
    """Return what to tell somebody whose answer is not taken down; 403 for whatever is about who they are."""
    status, heading, what_to_do = _REFUSALS.get(
        refused.code, (403, "You cannot answer here", "Ask the author of the proposal who is to answer.")
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


def unread(status: int, detail: str) -> LinkProblem:
    """Return what to tell somebody whose answer is too long, or of a kind that is not read here."""
    heading = "This answer was not taken"
    return LinkProblem(
        status=status,
        code="invalid",
        heading=heading,
        detail=f"{detail}.",
        what_to_do="Use the form of the link's page.",
    )


class ChoiceView(Boundary):
    """An answer that can be given."""

    decision: str
    label: str
    effect: str
    needs_comment: bool


class LinkView(Boundary):
    """What a decision link asks, for programs; POST `{decision, comment}` to the same address to answer."""

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


def show_problem(told: LinkProblem, *, as_json: bool) -> func.HttpResponse:
    """Say why it goes no further."""
    if as_json:
        return problem(told.status, told.detail, told.what_to_do, code=told.code, changes=told.changes)
    return explain(told.status, told.heading, told.detail, told.what_to_do)


def unavailable(req: func.HttpRequest, error: Exception) -> func.HttpResponse:
    """Answer a request to a link that met an outage; a link decides once, so the same may be sent again."""
    if wants_json(req):
        return untaken(req, error)
    told = CROWDED if isinstance(error, Contention) else UNAVAILABLE
    page = message_page(told.heading, told.detail, told.what_to_do)
    return show(page, status=told.status, headers={"Retry-After": retry_after(error)})


def show_form(opened: OpenLink, *, now: datetime, as_json: bool) -> func.HttpResponse:
    """Show the proposal and what can be answered."""
    if as_json:
        return answer(_view(opened).to_dict())
    return show(decision_page(opened.review, opened.entries, person=opened.link.person, token=opened.token, now=now))


def show_faults(
    opened: OpenLink, error: Invalid, fields: Mapping[str, Any], *, now: datetime, as_json: bool
) -> func.HttpResponse:
    """Show what is wrong with an answer: 400, and to people their form as they filled it in."""
    if as_json:
        what_to_do = "Mend what errors names and send it again; nothing was taken down."
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
    """Return the faults of a form by field, in words for whoever filled it in; `form` has those of no field."""
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


def show_result(done: Done, verb: Decide | RequestChanges, *, as_json: bool) -> func.HttpResponse:
    """Say that an answer is on record, and where the proposal stands now."""
    if as_json:
        return answer(VerbReply.of(done).to_dict())
    word = verb.decision if isinstance(verb, Decide) else CHANGES
    choice = find_choice(done.review.policy, word)
    return show(result_page(done.review, choice.label if choice else word))


def _view(opened: OpenLink) -> LinkView:
    review, link = opened.review, opened.link
    assert review.stage  # the link fits the open stage
    asked = asked_as(review, link.person)
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
