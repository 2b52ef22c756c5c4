"""Whether an answer is about the current document: by what it names, or by what its sender can have seen."""

from collections.abc import Sequence

from approvals.about import About
from approvals.names import key
from approvals.record.entries import AskedPerson
from approvals.rules.eligibility import ActionRefused
from approvals.rules.links import Link
from approvals.rules.revisions import Revision, describe
from approvals.rules.state import Review

_ANOTHER = "the document has changed"


def outdated_link(review: Review, link: Link) -> ActionRefused | None:
    """Return what was changed in the document since the letter with a link; None if it is the same."""
    since = tuple(each for each in review.revisions if each.round > link.round)
    return _changed(_ANOTHER, since) if since and review.round > link.round and not review.end else None


def wrong_document(review: Review, about: About, person: str, seat: AskedPerson | None) -> ActionRefused | None:
    """Return why an answer is not about the current document; None if it is.

    An answer without a document is accepted if the document has not changed since this person was first asked. A
    person who was never asked may have seen any document since the submission. For a group, the group's name counts.
    """
    if not about.names_document:
        return _unnamed(review, person, seat)
    if about.document is not None and about.document.lower() != review.document:
        return _wrong_document(review, about.document.lower())
    return None if about.round is None else _wrong_round(review, about.round, named=about.document is not None)


def _unnamed(review: Review, person: str, seat: AskedPerson | None) -> ActionRefused | None:
    first = dict(review.first_asked)
    who = next((each for each in (person, seat.person if seat else person) if key(each) in first), None)
    since = _after(review, first[key(who)] if who else 1)
    when = f"{who} was asked" if who else "the proposal was submitted"
    return _changed(f"the document has changed since {when}", since) if since else None


def _wrong_document(review: Review, document: str) -> ActionRefused:
    seen = next((each for each in reversed(review.revisions) if each.document == document), None)
    if seen is None:
        return ActionRefused(code="documentChanged", reason="no document of this proposal has that hash")
    return _changed(_ANOTHER, _after(review, seen.number))


def _wrong_round(review: Review, number: int, *, named: bool) -> ActionRefused | None:
    if number > review.round:
        return ActionRefused(
            code="documentChanged", reason=f"there is no round {number} yet; the current round is {review.round}"
        )
    since = tuple(each for each in review.revisions if each.round > number)
    if number < review.round and since:
        return _changed(_ANOTHER, since)
    if number < review.round:
        reason = f"round {number} is over; the document is the same in round {review.round}, so name that round"
        return ActionRefused(code="documentChanged", reason=reason)
    several = () if named else _after(review, review.round_began)
    return (
        _changed(f"round {number} has had several documents, so give the document's hash", several) if several else None
    )


def _after(review: Review, number: int) -> tuple[Revision, ...]:
    return tuple(each for each in review.revisions if each.number > number)


def _changed(what: str, since: Sequence[Revision]) -> ActionRefused:
    sentences = tuple(each.sentence for each in since)
    return ActionRefused(code="documentChanged", reason=f"{what}: {describe(since)}", changes=sentences)
