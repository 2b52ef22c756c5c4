"""The decision page, which the links in letters open: GET shows the question, POST answers it once.

GET changes nothing, because mail programs open links before anybody reads the letter. A link is not a sign-in: it says
who may answer what, until when; the answer is judged at the desk like every other one. Links and tokens are not logged.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from approvals.names import same
from approvals.record.entries import Via
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.choices import ChosenAnswer, to_verb
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from approvals.rules.identities import name_in_review
from approvals.rules.links import Expired, InvalidLink, Link, read_link
from approvals.rules.state import AwaitingChanges, Review
from approvals.rules.verbs import Decide, RequestChanges
from approvals.validation import Invalid
from clients.attachments import serve
from clients.web.headers import json_headers
from clients.web.link_replies import (
    ANSWERED,
    DAMAGED,
    EXPIRED,
    FORGED,
    GONE,
    OTHER_PROPOSAL,
    OTHER_SITE,
    LinkProblem,
    OpenLink,
    problem_of_refusal,
    problem_of_unreadable,
    show_faults,
    show_form,
    show_problem,
    show_result,
    unavailable,
)
from clients.web.link_requests import NotReadable, read_fields, wants_json
from clients.web.origins import crosses_sites
from clients.web.outages import answers_outages
from clients.web.rates import slow_down
from clients.web.responses import send
from gateways import clock
from gateways.letters.letters import public_url
from gateways.letters.link_keys import link_keys
from gateways.people import open_directory
from gateways.review_records import open_review_records
from pages.rendering import icon
from services import desk
from services.replays import review_of
from services.review_changes import Unknown, VerbRecorded

bp = df.Blueprint()
log = logging.getLogger("greenlight.links")

TOKEN = "token"
"""The name of the token in the query string or in a form. It is never in the path, which telemetry stores."""


@bp.function_name(name="ShowDecisionPage")
@bp.route(route="decide", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answers_outages(unavailable)
async def show_decision_page(req: func.HttpRequest) -> func.HttpResponse:
    """Show the question and a form, 200; or the refusal that an answer would get: 403, 404, 409 or 410."""
    too_many = slow_down(req)
    if too_many:
        return too_many
    opened = await asyncio.to_thread(_look_up, req.params.get(TOKEN, ""))
    if isinstance(opened, LinkProblem):
        return show_problem(opened, as_json=wants_json(req))
    return show_form(opened, now=clock.now(), as_json=wants_json(req))


@bp.function_name(name="GetLinkedAttachment")
@bp.route(route="decide/attachments/{name}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answers_outages(unavailable)
async def get_linked_attachment(req: func.HttpRequest) -> func.HttpResponse:
    """Return a file of the document that a link asks about, as long as the link is open."""
    too_many = slow_down(req)
    if too_many:
        return too_many
    opened = await asyncio.to_thread(_look_up, req.params.get(TOKEN, ""))
    if isinstance(opened, LinkProblem):
        return show_problem(opened, as_json=wants_json(req))
    return await serve(opened.review, req.route_params["name"])


@bp.function_name(name="GetIcon")
@bp.route(route="decide/icon.svg", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answers_outages(unavailable)
def get_icon(req: func.HttpRequest) -> func.HttpResponse:
    """Return the icon of the pages, the same for everybody; browsers ask for one."""
    return slow_down(req) or send(icon(), headers=json_headers(), mimetype="image/svg+xml")


@bp.function_name(name="DecideByLink")
@bp.route(route="decide", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def decide_by_link(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Record an answer, 200; or refuse it, for example 409 if the link was used or somebody else has decided."""
    too_many = slow_down(req)
    if too_many:
        return too_many
    as_json = wants_json(req)
    if crosses_sites(req, (req.url, public_url())):
        return show_problem(OTHER_SITE, as_json=as_json)
    fields = _fields(req)
    if isinstance(fields, LinkProblem):
        return show_problem(fields, as_json=as_json)
    opened = await asyncio.to_thread(_look_up, str(fields.get(TOKEN) or req.params.get(TOKEN, "")))
    if isinstance(opened, LinkProblem):
        return show_problem(opened, as_json=as_json)
    read = _read(fields, opened)
    if isinstance(read, LinkProblem):
        return show_problem(read, as_json=as_json)
    if isinstance(read, _FaultyAnswer):
        return show_faults(opened, read.error, read.fields, now=clock.now(), as_json=as_json)
    done = await _act(client, opened, read)
    if isinstance(done, LinkProblem):
        return show_problem(done, as_json=as_json)
    return show_result(done, read, as_json=as_json)


def _look_up(token: str) -> OpenLink | LinkProblem:
    """Return the link of a token with its current record; or why it cannot be used to answer.

    This judges an answer without recording it. Blocks.
    """
    now = clock.now()
    match read_link(token, link_keys(), now):
        case InvalidLink():
            log.warning(json.dumps({"record": "link", "refused": "forged"}))
            return FORGED
        case Expired(link=link):
            log.info(json.dumps({"record": "link", "refused": "expired", "proposalId": link.proposal}))
            return EXPIRED
        case Link() as link:
            pass
    try:
        chain = open_review_records().read(link.proposal)
    except Tampered:
        log.exception("the record of %s is not what was written", link.proposal)
        return DAMAGED
    if chain is None:
        return GONE
    review, directory = review_of(chain), open_directory()
    link = link.model_copy(update={"person": name_in_review(review, link.person, directory)})
    if _has_asked_for_changes(review, link):
        return ANSWERED
    meant = Decide(approver=link.person, decision="approve")
    match accept(review, meant, _actor(link), now, directory=directory):
        case ActionRefused() as refused:
            return problem_of_refusal(refused)
        case AlreadyRecorded():
            return ANSWERED
        case Accepted():
            return OpenLink(link=link, token=token, entries=chain.entries, review=review)


def _has_asked_for_changes(review: Review, link: Link) -> bool:
    """Say whether the link's person has asked for changes in the link's round."""
    phase = review.phase
    return isinstance(phase, AwaitingChanges) and review.round == link.round and same(phase.by, link.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FaultyAnswer:
    """An answer with errors."""

    error: Invalid
    fields: Mapping[str, Any]


def _fields(req: func.HttpRequest) -> Mapping[str, Any] | LinkProblem:
    """Return the sent fields, or why they cannot be read; in that case the link is unknown."""
    try:
        fields = read_fields(req)
    except Invalid as error:
        return problem_of_unreadable(400, str(error))
    return problem_of_unreadable(fields.status, fields.reason) if isinstance(fields, NotReadable) else fields


def _read(fields: Mapping[str, Any], opened: OpenLink) -> Decide | RequestChanges | _FaultyAnswer | LinkProblem:
    if fields.get("proposalId") not in (None, "", opened.link.proposal):
        return OTHER_PROPOSAL
    try:
        return to_verb(ChosenAnswer.from_dict(fields), opened.review.policy, opened.link.person)
    except Invalid as error:
        return _FaultyAnswer(error=error, fields=fields)


async def _act(
    client: df.DurableOrchestrationClient, opened: OpenLink, verb: Decide | RequestChanges
) -> VerbRecorded | LinkProblem:
    try:
        done = await desk.act(client, opened.link.proposal, verb, _actor(opened.link))
    except Tampered:
        return DAMAGED
    match done:
        case VerbRecorded(repeated=False):
            return done
        case VerbRecorded():
            return ANSWERED
        case ActionRefused():
            return problem_of_refusal(done)
        case Unknown():
            return GONE


def _actor(link: Link) -> Actor:
    return Actor(name=link.person, via=Via.LINK, link=link)
