"""AddFiles: the author of an open proposal adds files to it, or replaces some, on the page of the proposal."""

import unicodedata

import azure.durable_functions as df
import azure.functions as func

from approvals.attachments import MOST_ATTACHMENTS
from approvals.rules.verbs import Attach
from approvals.validation import Invalid
from clients.ui.acts import act_in_turn
from clients.ui.proposal import show_again, what_is_allowed
from clients.ui.uploads import FilledForm, keep, read_form
from clients.ui.visible_proposals import find_proposal
from clients.web.access import VisibleProposal
from clients.web.identity import level
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import redirect
from clients.web.visitors import Visitor, visitor
from pages.proposal import proposal_address
from pages.submit import by_field
from pages.verb_forms import ATTACH, SentForm

bp = df.Blueprint()


@bp.function_name(name="AddFiles")
@bp.route(route="ui/proposals/{proposalId}/files", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def add_files(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Put files on record and go back to the page, or show it with what is wrong: 400, or 403 where they may not.

    Nothing is stored before it is known that this person may add files. A good file is taken even if another one of the
    same form is not.
    """
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    found = await find_proposal(who, req.route_params["proposalId"])
    if isinstance(found, func.HttpResponse):
        return found
    if not what_is_allowed(found.review, who.name).attach:
        refusal = "Only the author may add files, as long as the proposal is not decided."
        return await show_again(who, found, SentForm(verb=ATTACH, refusal=refusal), 403)
    try:
        filled = read_form(req)
    except Invalid as error:
        return await _show_faults(who, found, list(error.errors))
    faults = _too_many(found, filled) or await _add(client, who, found, filled)
    if faults:
        return await _show_faults(who, found, faults)
    return redirect(f"{proposal_address(found.review.proposal_id)}?done={ATTACH}")


def _too_many(found: VisibleProposal, filled: FilledForm) -> list[str]:
    """Say why no file of the form is taken: there is none, or there would be more than a proposal may have."""
    if not filled.files:
        return ["files: choose at least one file"]
    names = {each.name for each in found.review.attachments}
    names |= {unicodedata.normalize("NFC", name) for name, _ in filled.files}  # as the record has them
    if len(names) <= MOST_ATTACHMENTS:
        return []
    return [f"files: a proposal has at most {MOST_ATTACHMENTS}; this would make {len(names)}"]


async def _add(
    client: df.DurableOrchestrationClient, who: Visitor, found: VisibleProposal, filled: FilledForm
) -> list[str]:
    """Store the files and put each on record; returns what was wrong."""
    files, _, faults = await keep(found.review.proposal_id, filled)
    verbs = [Attach(by=who.name, **each.model_dump()) for each in files]
    return faults + await act_in_turn(client, found.review.proposal_id, verbs, who.actor)


async def _show_faults(who: Visitor, found: VisibleProposal, errors: list[str]) -> func.HttpResponse:
    """Show the page as it is now: some files may have been taken."""
    again = await find_proposal(who, found.review.proposal_id)
    if isinstance(again, func.HttpResponse):
        return again
    told = by_field(errors)
    sentences = [each for sentences in told.values() for each in sentences]
    return await show_again(who, again, SentForm(verb=ATTACH, faults={"files": " ".join(sentences)}), 400)
