"""The proposal that a page is about, if its visitor may see it; else the page that says why not."""

from http import HTTPStatus

import azure.functions as func

from clients.web.access import VisibleProposal, record_damaged, see
from clients.web.page_replies import explain
from clients.web.visitors import Visitor

_WHY: dict[int, tuple[str, str, str]] = {
    HTTPStatus.NOT_FOUND: (
        "There is no such proposal",
        "Nothing is on record under this address.",
        "Upper and lower case differ. The inbox lists the proposals in which you have a part.",
    ),
    HTTPStatus.FORBIDDEN: (
        "You have no part in this proposal",
        "Its author sees it, and everybody who is or was asked to decide.",
        "Ask its author if you should see it. The inbox lists the proposals in which you have a part.",
    ),
}
_DAMAGED = (
    "This proposal cannot be shown",
    "Its record is not what was written, so nothing is decided by what it says.",
    "Ask whoever runs Greenlight to verify the record.",
)


async def find_proposal(who: Visitor, proposal_id: str) -> VisibleProposal | func.HttpResponse:
    """Return the proposal, or the page in its place: 404 if it does not exist, 403 if it is not for this person."""
    seen = await see(who.caller, proposal_id)
    return _explained(seen) if isinstance(seen, func.HttpResponse) else seen


def damaged_page(proposal_id: str, finding: object) -> func.HttpResponse:
    """Return the page about a changed record, and alert the operators."""
    return _explained(record_damaged(proposal_id, finding))


def _explained(refusal: func.HttpResponse) -> func.HttpResponse:
    return explain(refusal.status_code, *_WHY.get(refusal.status_code, _DAMAGED))
