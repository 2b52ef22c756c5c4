"""ActOnProposal: all actions on a proposal, with one route and one table for all verbs.

The response comes when the action is recorded: 200, also for a repeated one, or a refusal that says who was faster or
what is missing.
"""

from http import HTTPStatus
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import AliasChoices

from approvals.about import About, with_tag
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import ActionRefused, Code
from approvals.rules.forms import LARGEST_VERB
from approvals.rules.verbs import VERBS, Verb
from approvals.validation import Invalid, read_json
from clients.web.access import record_damaged, refuse_strangers, unknown_proposal
from clients.web.identity import Caller, claim, level
from clients.web.outages import answers_outages, while_recording
from clients.web.rates import admit
from clients.web.replies import VerbReply
from clients.web.responses import answer, problem
from services import desk
from services.review_changes import Unknown, VerbRecorded

bp = df.Blueprint()

REFUSALS: dict[Code, tuple[HTTPStatus, str]] = {
    "invalid": (HTTPStatus.BAD_REQUEST, "Fix the request and send it again."),
    "notAsked": (HTTPStatus.FORBIDDEN, "GET the proposal: waitingFor lists the people who are asked now."),
    "selfApproval": (HTTPStatus.FORBIDDEN, "Another person must decide; the policy does not set allowSelfApproval."),
    "fourEyes": (
        HTTPStatus.FORBIDDEN,
        "Another person, who has not decided yet, must answer; delegate the task to such a person.",
    ),
    "notAllowed": (HTTPStatus.FORBIDDEN, "Choose another person, see detail."),
    "notAuthor": (HTTPStatus.FORBIDDEN, "Ask the author to do this; everybody involved may comment."),
    "alreadyDecided": (
        HTTPStatus.CONFLICT,
        "Nothing to do: the first answer counts. Comment if you want to add something.",
    ),
    "over": (HTTPStatus.CONFLICT, "Nothing to do; GET the proposal's audit to see how it was decided."),
    "notNow": (HTTPStatus.CONFLICT, "GET the proposal: status and stages show what it waits for."),
    "conflict": (HTTPStatus.CONFLICT, "Choose another person or file, see detail."),
    "documentChanged": (
        HTTPStatus.CONFLICT,
        "GET the proposal, read the changes, and answer with its document, its round, or its ETag in If-Match.",
    ),
    "replayed": (HTTPStatus.CONFLICT, "Nothing to do: a link can be used only once."),
    "superseded": (HTTPStatus.GONE, "Use the newest letter, or GET the proposal to see what it waits for."),
    "tooSoon": (HTTPStatus.TOO_MANY_REQUESTS, "Wait as many seconds as Retry-After says."),
}
"""The HTTP status for each code, and what to do about it."""


@bp.function_name(name="ActOnProposal")
@bp.route(route="proposals/{proposalId}/{verb}", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(while_recording)
async def act_on_proposal(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Check the caller and the request, record the action, and return the state of the proposal."""
    who = admit(req)
    if isinstance(who, func.HttpResponse):
        return who
    proposal_id = req.route_params["proposalId"]
    verb = _read(req, who)
    if isinstance(verb, func.HttpResponse):
        return verb
    name = claim(who, verb.actor_name)
    if isinstance(name, func.HttpResponse):
        return name
    if who.name is not None:
        verb = verb.model_copy(update={_acting_field(type(verb)): name})
        # Before any other response: only people who are involved may learn anything about a proposal.
        stranger = await refuse_strangers(who, proposal_id)
        if stranger:
            return stranger
    try:
        done = await desk.act(client, proposal_id, verb, Actor(name=name, via=who.via))
    except Tampered as error:
        return record_damaged(proposal_id, error)
    return _respond(proposal_id, done)


def _respond(proposal_id: str, done: VerbRecorded | ActionRefused | Unknown) -> func.HttpResponse:
    match done:
        case VerbRecorded():
            return answer(VerbReply.of(done).to_dict())
        case ActionRefused():
            return refusal(done)
        case Unknown():
            return unknown_proposal(proposal_id)


def refusal(refused: ActionRefused) -> func.HttpResponse:
    """Return the response for a refused action."""
    status, what_to_do = REFUSALS[refused.code]
    detail = refused.reason[:1].upper() + refused.reason[1:]
    headers = {"Retry-After": str(refused.retry_after_s)} if refused.retry_after_s else None
    return problem(status, f"{detail}.", what_to_do, headers=headers, code=refused.code, changes=refused.changes)


def _read(req: func.HttpRequest, who: Caller) -> Verb | func.HttpResponse:
    """Read the request. A signed-in person may leave their name out."""
    model = VERBS.get(req.route_params["verb"])
    if model is None:
        return problem(
            404, f"There is no action {req.route_params['verb'][:40]!r}.", f"Use one of: {', '.join(VERBS)}."
        )
    content = req.get_body()
    if len(content) > LARGEST_VERB:
        return problem(
            413, f"The body has {len(content):,} bytes.", f"Send up to {LARGEST_VERB:,}; put longer texts into a file."
        )
    try:
        body = read_json(content or b"{}")
        if isinstance(body, dict) and issubclass(model, About) and (tag := req.headers.get("If-Match")):
            body = with_tag(body, tag)
        return model.from_dict(_with_name(body, model, who.name))
    except Invalid as error:
        what_to_do = "Fix what errors lists; GET /api/openapi.json has the schema. Nothing was recorded."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")


def acting_names(model: type[Verb]) -> tuple[str, ...]:
    """Return the keys of a verb's body that may name who acts; the first one is documented."""
    name = _acting_field(model)
    alias = model.model_fields[name].validation_alias
    return tuple(str(each) for each in alias.choices) if isinstance(alias, AliasChoices) else (str(alias or name),)


def _acting_field(model: type[Verb]) -> str:
    return next(each for each in ("by", "approver", "owner") if each in model.model_fields)


def _with_name(body: Any, model: type[Verb], name: str | None) -> Any:
    names = acting_names(model)
    if name is None or not isinstance(body, dict) or any(each in body for each in names):
        return body
    return {names[0]: name, **body}
