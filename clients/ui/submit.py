"""ShowSubmitPage, SubmitFromPage: submit a proposal with its files, and preview who must approve it."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from approvals.identifiers import checked_new_id
from approvals.record.documents import Attachment
from approvals.record.verdict import Tampered
from approvals.validation import Invalid
from clients.ui.uploads import FilledForm, keep, read_form
from clients.web.access import record_damaged
from clients.web.identity import level
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import redirect, show
from clients.web.visitors import Visitor, error_page, shell, visitor
from gateways.policies import DEFAULT, find_policy, policy_names
from pages.submit import Draft, by_field, submit_page
from services.previews import foresee
from services.submissions import IdTaken, Submission, read_submission, submit

bp = df.Blueprint()


@bp.function_name(name="ShowSubmitPage")
@bp.route(route="ui/submit", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def show_submit_page(req: func.HttpRequest) -> func.HttpResponse:
    """Show an empty form with a new id, so that sending it twice submits one proposal."""
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    return await _show(who, Draft(proposal_id=uuid.uuid4().hex))


@bp.function_name(name="SubmitFromPage")
@bp.route(route="ui/submit", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def submit_from_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Submit the form and go to the proposal's page, or show the form again with every fault at its field, 400.

    The preview button submits nothing: the form comes back with the people who would be asked, 200.
    """
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    try:
        filled = read_form(req)
        proposal_id = checked_new_id(filled.fields.get("id", ""))
    except Invalid as error:
        return await _show(who, Draft(proposal_id=uuid.uuid4().hex, faults=by_field(error.errors)), status=400)
    files, uploads, faults = await keep(proposal_id, filled)
    draft = _draft(proposal_id, filled, files)
    try:
        submission = await asyncio.to_thread(read_submission, _form(filled, who.name), proposal_id, who.caller.via)
        submission = replace(submission, uploads=uploads)
        if submission.barred:
            faults.append(f"policy: {submission.barred}")
    except Invalid as error:
        faults += error.errors
        submission = None
    if faults or submission is None:
        return await _show(who, replace(draft, faults=by_field(faults)), status=400)
    if filled.is_preview:
        return await _show(who, draft, preview=foresee(submission))
    return await _hand_in(client, who, submission, draft)


async def _hand_in(
    client: df.DurableOrchestrationClient, who: Visitor, submission: Submission, draft: Draft
) -> func.HttpResponse:
    try:
        done = await submit(client, submission)
    except Tampered as error:
        return error_page(record_damaged(submission.proposal_id, error))
    except Invalid as error:
        return await _show(who, replace(draft, faults=by_field(error.errors)), status=400)
    if isinstance(done, IdTaken):
        # The id is the form's own: an existing proposal came from it before, and was changed since.
        fault = {"form": ["This form was already submitted with other content. The proposal's page shows it."]}
        return await _show(who, replace(draft, proposal_id=uuid.uuid4().hex, faults=fault), status=409)
    return redirect(f"/api/ui/proposals/{submission.proposal_id}?done=submitted")


async def _show(
    who: Visitor, draft: Draft, *, preview: dict[str, Any] | None = None, status: int = 200
) -> func.HttpResponse:
    around = shell(who, "submit")
    policies = await asyncio.to_thread(_policies)
    return show(submit_page(around, draft, policies=policies, preview=preview), status=status)


def _draft(proposal_id: str, filled: FilledForm, files: tuple[Attachment, ...]) -> Draft:
    given = filled.fields
    return Draft(
        proposal_id=proposal_id,
        title=given.get("title", "").strip(),
        summary=given.get("summary", "").strip(),
        cost=given.get("cost", "").strip(),
        currency=given.get("currency", "").strip(),
        department=given.get("department", "").strip(),
        policy=given.get("policy", DEFAULT),
        stored_files=files,
    )


def _form(filled: FilledForm, author: str) -> dict[str, Any]:
    """Return the JSON form for the API; an empty field is left out."""
    untitled = "Untitled" if filled.is_preview else ""
    return {"author": author, "title": untitled, **typed_in(filled, "title", "summary", "department", "policy")}


def typed_in(filled: FilledForm, *names: str) -> dict[str, Any]:
    """Return these fields of a form, with cost and currency, in the API's form; an empty field is left out."""
    given = {name: value.strip() for name, value in filled.fields.items() if value.strip()}
    form: dict[str, Any] = {name: given[name] for name in names if name in given}
    if "currency" in given:
        form["currency"] = given["currency"].upper()
    if "cost" in given:
        form["cost"] = read_cost(given["cost"])
    return form


def read_cost(text: str) -> float | str:
    """Return an amount as people type it, `148,500` or `12.50`; the text itself if it is none."""
    plain = text.replace(" ", "").replace("\u202f", "").replace("'", "")
    if "," in plain and all(len(part) == 3 for part in plain.partition(".")[0].split(",")[1:]):
        plain = plain.replace(",", "")
    try:
        return float(plain) if plain.replace(".", "", 1).isdecimal() else text
    except ValueError:
        return text


def _policies() -> list[tuple[str, str]]:
    """Return the policies that can be chosen, with their descriptions."""
    found = list[tuple[str, str]]()
    for name in policy_names():
        try:
            policy = find_policy(name)
        except Invalid:
            continue
        if policy:
            found.append((name, policy.description or ""))
    return found
