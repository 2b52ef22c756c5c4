"""ShowResubmitPage, ResubmitFromPage: hand a proposal in again, with what the approver asked for in view."""

from typing import Any

import azure.durable_functions as df
import azure.functions as func

from approvals.names import same
from approvals.record.entries import ChangesRequested, Entry
from approvals.rules.state import AwaitingChanges, Review
from approvals.rules.verbs import Attach, Resubmit, Verb
from approvals.validation import Invalid
from clients.ui.acts import act_in_turn
from clients.ui.submit import typed_in
from clients.ui.uploads import FilledForm, keep, read_form
from clients.web.access import VisibleProposal, see
from clients.web.identity import level
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, redirect, show
from clients.web.visitors import Visitor, error_page, shell, visitor
from pages.submit import Draft, RequestedChange, by_field, resubmit_page
from services.previews import foresee_again

bp = df.Blueprint()

ROUTE = "ui/proposals/{proposalId}/resubmit"


@bp.function_name(name="ShowResubmitPage")
@bp.route(route=ROUTE, methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def show_resubmit_page(req: func.HttpRequest) -> func.HttpResponse:
    """Show the form with what the proposal holds now; 403 to others than its author, 409 when nobody asked."""
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    seen = await _open(who, req.route_params["proposalId"])
    if isinstance(seen, func.HttpResponse):
        return seen
    return _show(who, seen, _draft_of(seen.review))


@bp.function_name(name="ResubmitFromPage")
@bp.route(route=ROUTE, methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def resubmit_from_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Put the new files on record, then hand the proposal in again and go to its page; or show the form with faults.

    Files that were chosen are stored and stay in the form, whatever else is wrong. With the button of the preview
    nothing is put on record: the form comes back with who would be asked.
    """
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    seen = await _open(who, req.route_params["proposalId"])
    if isinstance(seen, func.HttpResponse):
        return seen
    try:
        filled = read_form(req)
    except Invalid as error:
        return _show(who, seen, _draft_of(seen.review, faults=by_field(error.errors)), status=400)
    files, _, faults = await keep(seen.review.proposal_id, filled)
    attached: list[Verb] = [Attach(by=who.name, **each.model_dump()) for each in files]
    try:
        again = _resubmission(who.name, filled)
        if not faults and filled.is_preview:
            preview = foresee_again(seen.review, again)
            return _show(who, seen, _typed(seen.review, filled, stored_files=files), preview=preview)
        faults = faults or await act_in_turn(client, seen.review.proposal_id, [*attached, again], who.actor)
    except Invalid as error:
        faults += error.errors
    if faults:
        typed = _typed(seen.review, filled, stored_files=files, faults=by_field(faults))
        return _show(who, seen, typed, status=400)
    return redirect(f"/api/ui/proposals/{seen.review.proposal_id}?done=resubmitted")


async def _open(who: Visitor, proposal_id: str) -> VisibleProposal | func.HttpResponse:
    """Return a proposal that this visitor may hand in again now, or the page that says why not."""
    seen = await see(who.caller, proposal_id)
    if isinstance(seen, func.HttpResponse):
        return error_page(seen)
    if not same(seen.review.author, who.name):
        return explain(403, "Only the author can submit it again", f"The author is {seen.review.author}.")
    if not isinstance(seen.review.phase, AwaitingChanges):
        return explain(409, "Nobody has asked for changes", "The proposal's page shows its state.")
    return seen


def _show(
    who: Visitor, seen: VisibleProposal, draft: Draft, *, preview: dict[str, Any] | None = None, status: int = 200
) -> func.HttpResponse:
    wish = _wish(seen.review, seen.chain.entries)
    return show(resubmit_page(shell(who, "submit"), draft, wish, preview=preview), status=status)


def _wish(review: Review, entries: tuple[Entry, ...]) -> RequestedChange:
    """Return the latest request for changes, which is what the author has to answer."""
    asked = next((each for each in reversed(entries) if isinstance(each, ChangesRequested)), None)
    assert review.changes  # `_open` has seen to that
    return RequestedChange(
        by=review.changes.by,
        at=asked.at if asked else review.last_at,
        words=asked.comment if asked else "",
        until=review.changes.until,
    )


def _draft_of(review: Review, **more: Any) -> Draft:
    cost = f"{review.cost:,.2f}".removesuffix(".00") if review.cost else ""
    return Draft(
        proposal_id=review.proposal_id,
        title=review.title,
        summary=review.summary,
        cost=cost,
        currency=review.currency,
        department=review.department or "",
        files=review.attachments,
        **more,
    )


def _typed(review: Review, filled: FilledForm, **more: Any) -> Draft:
    given = filled.fields
    return Draft(
        proposal_id=review.proposal_id,
        title=given.get("title", ""),
        summary=given.get("summary", ""),
        cost=given.get("cost", ""),
        currency=given.get("currency", ""),
        department=given.get("department", ""),
        comment=given.get("comment", ""),
        files=review.attachments,
        **more,
    )


def _resubmission(author: str, filled: FilledForm) -> Resubmit:
    """Return the verb; a field that is left empty stays as it is. Raises `Invalid` with every fault."""
    typed = typed_in(filled, "title", "summary", "department", "comment")
    return Resubmit.from_dict({"by": author, **typed})
