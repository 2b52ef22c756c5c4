"""ActOnProposal: everything that people do to a proposal, one route and one table for all verbs.

Answered when it is in the record: 200, also for what was there before, or a refusal that says who was faster, or what
is missing.
"""

from http import HTTPStatus
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import AliasChoices

from approvals.about import About, with_tag
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import Code, Refused
from approvals.rules.forms import LARGEST_VERB
from approvals.rules.verbs import VERBS, Verb
from approvals.validation import Invalid, read_json
from clients.web.access import damaged, see, unknown
from clients.web.identity import Caller, claim, level
from clients.web.outages import answers_outages, untaken
from clients.web.rates import admit
from clients.web.replies import VerbReply
from clients.web.responses import answer, problem
from services import desk
from services.review_changes import Done, Unknown

bp = df.Blueprint()

REFUSALS: dict[Code, tuple[HTTPStatus, str]] = {
    "invalid": (HTTPStatus.BAD_REQUEST, "Mend the request and send it again."),
    "notAsked": (HTTPStatus.FORBIDDEN, "GET the proposal: waitingFor names those who are asked now."),
    "selfApproval": (HTTPStatus.FORBIDDEN, "Let somebody else decide; the policy has no allowSelfApproval."),
    "fourEyes": (HTTPStatus.FORBIDDEN, "Let somebody decide who has not; or delegate to such a person."),
    "notAllowed": (HTTPStatus.FORBIDDEN, "Choose somebody else, as the detail says."),
    "notAuthor": (HTTPStatus.FORBIDDEN, "Ask the author; anybody with a part in it may comment."),
    "alreadyDecided": (HTTPStatus.CONFLICT, "Nothing to do: the first answer stands. Comment if there is more to say."),
    "over": (HTTPStatus.CONFLICT, "Nothing to do; GET the proposal's audit for how it came about."),
    "notNow": (HTTPStatus.CONFLICT, "GET the proposal: status and stages say what it waits for."),
    "conflict": (HTTPStatus.CONFLICT, "Choose another person or file, as the detail says."),
    "documentChanged": (
        HTTPStatus.CONFLICT,
        "GET the proposal, read what is new, and answer with its document, its round, or its ETag in If-Match.",
    ),
    "replayed": (HTTPStatus.CONFLICT, "Nothing to do: a link decides once."),
    "superseded": (HTTPStatus.GONE, "Use the newest letter, or GET the proposal for what it waits for."),
    "tooSoon": (HTTPStatus.TOO_MANY_REQUESTS, "Wait as many seconds as Retry-After says."),
}
"""For each reason the status, and what to do about it."""


@bp.function_name(name="ActOnProposal")
@bp.route(route="proposals/{proposalId}/{verb}", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(untaken)
async def act_on_proposal(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Check who it is and what they want, take it down, and answer with where the proposal stands now."""
    who = admit(req)
    if isinstance(who, func.HttpResponse):
        return who
    proposal_id = req.route_params["proposalId"]
    verb = _read(req, who)
    if isinstance(verb, func.HttpResponse):
        return verb
    name = claim(who, verb.acting)
    if isinstance(name, func.HttpResponse):
        return name
    if who.name is not None:
        verb = verb.model_copy(update={_acting_field(type(verb)): name})
        # Before anything else is said: how a proposal went is told to nobody who has no part in it.
        seen = await see(who, proposal_id)
        if isinstance(seen, func.HttpResponse):
            return seen
    try:
        done = await desk.act(client, proposal_id, verb, Actor(name=name, via=who.via))
    except Tampered as error:
        return damaged(proposal_id, error)
    return _respond(proposal_id, done)


def _respond(proposal_id: str, done: Done | Refused | Unknown) -> func.HttpResponse:
    match done:
        case Done():
            return answer(VerbReply.of(done).to_dict())
        case Refused():
            return refusal(done)
        case Unknown():
            return unknown(proposal_id)


def refusal(refused: Refused) -> func.HttpResponse:
    """Return the answer to what was not taken down."""
    status, what_to_do = REFUSALS[refused.code]
    detail = refused.reason[:1].upper() + refused.reason[1:]
    headers = {"Retry-After": str(refused.retry_after_s)} if refused.retry_after_s else None
    return problem(status, f"{detail}.", what_to_do, headers=headers, code=refused.code, changes=refused.changes)


def _read(req: func.HttpRequest, who: Caller) -> Verb | func.HttpResponse:
    """Understand the request; a person who is signed in need not say who they are."""
    model = VERBS.get(req.route_params["verb"])
    if model is None:
        return problem(404, f"Nobody can {req.route_params['verb'][:40]!r}.", f"Use one of: {', '.join(VERBS)}.")
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
        what_to_do = "Mend what errors names; GET /api/openapi.json has the schema. Nothing was taken down."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")


def acting_names(model: type[Verb]) -> tuple[str, ...]:
    """Return the keys under which a verb's body may say who acts; the first is the one that is documented."""
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
