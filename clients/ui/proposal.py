"""ShowProposal, ActFromProposal: everything about one proposal on a page, and all that its reader may do there."""

import asyncio
from dataclasses import replace

import azure.durable_functions as df
import azure.functions as func

from approvals.record.documents import Attachment
from approvals.record.verdict import Tampered
from approvals.rules.eligibility import ActionRefused
from approvals.rules.permissions import Permissions, permissions
from approvals.rules.state import Review
from approvals.rules.versions import versions
from approvals.validation import Invalid
from clients.ui.proposal_forms import read_verb, sent_form, with_faults, with_refusal
from clients.ui.visible_proposals import damaged_page, find_proposal
from clients.verbs import REFUSALS
from clients.web.access import VisibleProposal
from clients.web.freshness import has_tag, tag_of
from clients.web.identity import level
from clients.web.link_requests import NotReadable, read_fields
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, redirect, show, show_kept
from clients.web.visitors import Visitor, shell, visitor
from gateways import clock
from gateways.people import open_directory
from pages.documents import texts_wanted
from pages.proposal import ShownProposal, proposal_address, proposal_page
from pages.rendering import Page
from pages.verb_forms import SentForm
from services import desk
from services.documents import FileAltered, FileMissing, read_document
from services.review_changes import VerbRecorded

bp = df.Blueprint()


@bp.function_name(name="ShowProposal")
@bp.route(route="ui/proposals/{proposalId}", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def show_proposal(req: func.HttpRequest) -> func.HttpResponse:
    """Show a proposal to somebody who has, or had, a part in it."""
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    found = await find_proposal(who, req.route_params["proposalId"])
    if isinstance(found, func.HttpResponse):
        return found
    asked = {"done_verb": req.params.get("done", ""), "whole_history": req.params.get("history") == "all"}
    shown = replace(_without_texts(who, found), **asked)
    # The texts are on record with their hashes, so a page without them says whether the whole one is still true.
    bare = _page(who, shown)
    tag = tag_of(bare.html)
    if has_tag(req, tag, f'"{bare.state}"') or not texts_wanted(shown.versions):
        return show_kept(req, bare, tag)
    shown, all_read = await _with_texts(shown)
    return show_kept(req, _page(who, shown), tag) if all_read else show(_page(who, shown))


@bp.function_name(name="ActFromProposal")
@bp.route(route="ui/proposals/{proposalId}", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def act_from_proposal(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Take one form down and show the page anew, or say why not, with what was typed: 400, 403, 409 or 429."""
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    proposal_id = req.route_params["proposalId"]
    found = await find_proposal(who, proposal_id)
    if isinstance(found, func.HttpResponse):
        return found
    try:
        fields = read_fields(req)
        if isinstance(fields, NotReadable):
            return explain(fields.status, "This was not understood", f"{fields.reason[:1].upper()}{fields.reason[1:]}.")
        form = sent_form(fields)
    except Invalid as error:
        return explain(400, "This was not understood", f"{str(error)[:1].upper()}{str(error)[1:]}.")
    try:
        verb = read_verb(fields, found.review, who.name)
        done = verb if isinstance(verb, ActionRefused) else await desk.act(client, proposal_id, verb, who.actor)
    except Invalid as error:
        return await show_again(who, found, with_faults(form, error), 400)
    except Tampered as error:
        return damaged_page(proposal_id, error)
    if isinstance(done, VerbRecorded):
        return redirect(f"{proposal_address(proposal_id)}?done={form.verb}")
    now_there = await find_proposal(who, proposal_id)
    if isinstance(now_there, func.HttpResponse) or not isinstance(done, ActionRefused):
        return now_there if isinstance(now_there, func.HttpResponse) else redirect(proposal_address(proposal_id))
    return await show_again(who, now_there, with_refusal(form, done), int(REFUSALS[done.code][0]))


async def show_again(who: Visitor, found: VisibleProposal, sent: SentForm, status: int) -> func.HttpResponse:
    """Show the page with a form that was not taken down, and why."""
    shown, _ = await _with_texts(_without_texts(who, found))
    return show(_page(who, replace(shown, sent=sent)), status=status)


def _without_texts(who: Visitor, found: VisibleProposal) -> ShownProposal:
    return ShownProposal(
        review=found.review,
        entries=found.chain.entries,
        versions=versions(found.chain.entries),
        permissions=what_is_allowed(found.review, who.name),
    )


def what_is_allowed(review: Review, person: str) -> Permissions:
    """Return what a person may do to a proposal now."""
    return permissions(review, person, clock.now(), directory=open_directory())


async def _with_texts(shown: ShownProposal) -> tuple[ShownProposal, bool]:
    """Read the texts that the page has the words of, all at the same time; says whether there were all of them."""
    wanted = texts_wanted(shown.versions)
    read = await asyncio.gather(*(asyncio.to_thread(_words, each) for each in wanted))
    texts = {each.sha256: words for each, words in zip(wanted, read, strict=True) if words is not None}
    return replace(shown, texts=texts), None not in read


def _words(attachment: Attachment) -> str | None:
    """Return the words of a text; None where it is gone, or is not what was put: its own page says so."""
    try:
        return read_document(attachment).decode("utf-8-sig", errors="replace")
    except (FileMissing, FileAltered):
        return None


def _page(who: Visitor, shown: ShownProposal) -> Page:
    return proposal_page(shell(who), shown, now=clock.now())
