"""SubmitProposal, PreviewPolicy, ListProposals, GetProposal: submit a proposal, preview it, find and read proposals."""

import asyncio
import re
import uuid
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from approvals.about import write_tag
from approvals.record.verdict import Tampered
from approvals.rules.forms import LARGEST_BODY
from approvals.rules.state import Status
from approvals.rules.view import show
from approvals.validation import LATER, Invalid, Line, read_json
from clients.web.access import record_damaged, see
from clients.web.flags import read_flag
from clients.web.freshness import keep
from clients.web.identity import Caller, caller, claim, level
from clients.web.outages import answers_outages, while_reading, while_starting
from clients.web.rates import admit
from clients.web.replies import ProposalLine, ProposalList, SubmissionReply
from clients.web.responses import answer, problem
from gateways import clock
from gateways.list_pages import MOST_ROWS, Question
from gateways.people import name_of
from gateways.proposal_index import open_proposal_index
from services.previews import foresee
from services.submissions import IdTaken, Submission, read_submission, submit

bp = df.Blueprint()

FILTERS = ("status", "approver", "author", "top", "continuationToken")
PREVIEW_OF = ("author", "cost", "currency", "department")
"""The query parameters that describe the proposal in a policy's preview."""

TOP = 20
"""Rows per page by default."""

_PLATFORM = frozenset({"code", "clientId"})
"""Query parameters of the platform for function keys; they are not filters."""

_FIGURE = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", re.ASCII)
"""A number in the notation of JSON, without an exponent."""

_LINE = TypeAdapter[str](Line, config=LATER)


@bp.function_name(name="SubmitProposal")
@bp.route(route="proposals", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(while_starting)
async def submit_proposal(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Check a proposal, record it, start its review: 202, or 400, 409, 413 with what to do about it.

    With an `?id=` that the sender chooses the same request may be repeated until a response comes. With `?preview=true`
    nothing is submitted: 200 with the stages that the proposal would go through.
    """
    who, preview = admit(req), read_flag(req, "preview")
    if isinstance(who, func.HttpResponse):
        return who
    if isinstance(preview, func.HttpResponse):
        return preview
    proposal_id = req.params.get("id") or uuid.uuid4().hex
    size = len(req.get_body())
    if size > LARGEST_BODY:
        return problem(413, f"The body has {size:,} bytes.", f"Send up to {LARGEST_BODY:,}; larger files one by one.")
    try:
        submission = await asyncio.to_thread(_read_submission, req, who, proposal_id)
        if isinstance(submission, func.HttpResponse):
            return submission
        if preview:
            return answer(foresee(submission))
        submitted = await submit(client, submission, is_new=not req.params.get("id"))
    except Invalid as error:
        what_to_do = "Fix what errors lists; GET /api/openapi.json has the schema. Nothing was submitted."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")
    except Tampered as error:
        return record_damaged(proposal_id, error)
    if isinstance(submitted, IdTaken):
        return problem(
            409,
            f"The id {proposal_id!r} already belongs to something else.",
            "Choose another id, or leave ?id= out.",
            code="conflict",
        )
    reply = SubmissionReply(proposal_id=proposal_id, instance_id=proposal_id)
    return answer(reply.to_dict(), status=202, headers={"Location": f"/api/proposals/{proposal_id}"})


@bp.function_name(name="PreviewPolicy")
@bp.route(route="policies/{name}/preview", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
async def preview_policy(req: func.HttpRequest) -> func.HttpResponse:
    """Return who would have to approve a proposal with that cost and department under one of the app's policies."""
    who = admit(req)
    if isinstance(who, func.HttpResponse):
        return who
    try:
        submission = await asyncio.to_thread(lambda: _judge_submission(_asked_about(req), who, uuid.uuid4().hex))
    except Invalid as error:
        what_to_do = f"Fix what errors lists; {', '.join(PREVIEW_OF)} describe the proposal."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")
    return submission if isinstance(submission, func.HttpResponse) else answer(foresee(submission))


def _asked_about(req: func.HttpRequest) -> dict[str, Any]:
    """Return the form of a proposal with only the values that a policy depends on."""
    given = {name: req.params[name] for name in PREVIEW_OF if name in req.params}
    form: dict[str, Any] = {"title": "a proposal", "policy": req.route_params["name"], **given}
    if "cost" in given:
        if not _FIGURE.fullmatch(given["cost"]):
            raise Invalid("cost: give a number")
        form["cost"] = float(given["cost"])
    return form


@bp.function_name(name="GetProposal")
@bp.route(route="proposals/{proposalId}", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
async def get_proposal(req: func.HttpRequest) -> func.HttpResponse:
    """Return the state of a proposal, from its record."""
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    seen = await see(who, req.route_params["proposalId"])
    if isinstance(seen, func.HttpResponse):
        return seen
    review = seen.review
    tag = write_tag(review.document, review.round, review.number)
    return keep(req, answer(show(review, now=clock.now())), tag)


@bp.function_name(name="ListProposals")
@bp.route(route="proposals", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
async def list_proposals(req: func.HttpRequest) -> func.HttpResponse:
    """Return a page of proposals, newest first: systems see all, people those that they wrote or have to decide."""
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    try:
        question, top, token = _read_question(req, who)
        found = await asyncio.to_thread(lambda: open_proposal_index().page(question, top=top, token=token))
    except Invalid as error:
        what_to_do = f"Fix what errors lists; filters are {', '.join(FILTERS)}."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")
    page = ProposalList(proposals=tuple(map(ProposalLine.of, found.rows)), continuation_token=found.token)
    return keep(req, answer(page.to_dict()))


def _read_submission(req: func.HttpRequest, who: Caller, proposal_id: str) -> Submission | func.HttpResponse:
    return _judge_submission(read_json(req.get_body() or b"{}"), who, proposal_id)


def _judge_submission(body: Any, who: Caller, proposal_id: str) -> Submission | func.HttpResponse:
    """Check a proposal. For a signed-in person the author may be left out and must not be anybody else."""
    author = body.get("author") if isinstance(body, dict) else None
    if isinstance(body, dict) and who.name is not None and isinstance(author, str | None):
        name = claim(who, author)
        if isinstance(name, func.HttpResponse):
            return name
        body = {**body, "author": name}
    submission = read_submission(body, proposal_id, who.via)
    if submission.barred is None:
        return submission
    return problem(
        403,
        f"policy: {submission.barred}.",
        "Use a policy that you may use; the app's setting POLICY_AUTHORS lists who may submit their own.",
        code="policyNotAllowed",
    )


def _read_question(req: func.HttpRequest, who: Caller) -> tuple[Question, int, str | None]:
    """Read the query string: what is asked, how many rows, and where to continue.

    Raises `Invalid` that names every error. A misspelt filter must not be ignored.
    """
    given = dict(req.params)
    errors = [f"{name[:40]}: there is no such filter" for name in given if name not in {*FILTERS, *_PLATFORM}]
    if given.get("status", Status.CHECKING) not in set(Status):
        errors.append(f"status: use one of {', '.join(Status)}")
    top = given.get("top", str(TOP))
    if not re.fullmatch(r"[0-9]{1,3}", top, re.ASCII) or not 1 <= int(top) <= MOST_ROWS:
        errors.append(f"top: give a number from 1 to {MOST_ROWS}")
    for name in ("approver", "author"):
        try:
            _LINE.validate_python(given.get(name, "-"))
        except ValidationError:
            errors.append(f"{name}: give one name in one line")
    if errors:
        raise Invalid("; ".join(errors)[:400], tuple(errors))
    names = {name: name_of(given[name]) if name in given else None for name in ("approver", "author")}
    question = Question(status=given.get("status"), viewer=who.name, **names)
    return question, int(top), given.get("continuationToken")
