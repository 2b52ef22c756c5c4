"""Who is meant in a review: one name for each person, whatever somebody calls them."""

from collections.abc import Iterator

from approvals.directory import Directory
from approvals.names import same
from approvals.rules.state import Review
from approvals.rules.verbs import Verb

_NAMES = ("by", "approver", "owner", "to")
"""Fields of verbs that name a person."""


def known_as(review: Review, name: str, directory: Directory) -> str:
    """Return the name under which a review has the person that a name means.

    A record keeps the names that its people had when it was written, also where the directory has learnt since who
    somebody is. Where the record says nothing of them it is the directory's name, or the one that was given.
    """
    meant = directory.name_of(name)
    return next((each for each in _named(review) if same(directory.name_of(each), meant)), meant)


def restate(review: Review, verb: Verb, directory: Directory) -> Verb:
    """Return the verb with the names under which the review has its people."""
    given = {field: getattr(verb, field, None) for field in _NAMES}
    return verb.model_copy(
        update={field: known_as(review, name, directory) for field, name in given.items() if name is not None}
    )


def _named(review: Review) -> Iterator[str]:
    """Yield everybody that a review names, its author first, and then who has answered under which name."""
    yield review.author
    yield from (answer.person for answer in review.decisions)
    yield from review.involved
    for stage in review.policy.all_stages:
        yield from stage.approvers
        for rung in stage.escalate_to:
            yield from rung.to
    yield from review.policy.budget_owners
