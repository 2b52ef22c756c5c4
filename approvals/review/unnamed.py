"""Whose an answer is that does not say so: of the one person who is waited for, and of nobody where there are more."""

from approvals.review.standing import Refused
from approvals.review.state import Review

_NOBODY = "the answer does not say who gave it, and nobody is waited for now"
_SEVERAL = "the answer does not say who gave it, and {count} people are waited for; name the approver"


def whose(review: Review, decision_id: str) -> str | Refused:
    """Return the person whom an unnamed answer counts for.

    `review` is as the record holds it: time that has run out since is for whoever judges the answer. A second delivery
    of the same answer, known by its `decision_id`, is the same person's, who may not be waited for any more. Otherwise
    it would be taken for an answer to the next stage.
    """
    known = next((each.person for each in review.decisions if each.decision_id == decision_id), None)
    if known:
        return known
    waiting = review.waiting_for
    match len(waiting):
        case 0:
            return Refused(code="notAsked", reason=_NOBODY)
        case 1:
            return waiting[0].person
        case count:
            return Refused(code="notAsked", reason=_SEVERAL.format(count=count))
