"""People in a review: one name for each person, whichever of their names is used."""

from collections.abc import Iterator

from approvals.directory import Directory
from approvals.names import same
from approvals.rules.state import Review
from approvals.rules.verbs import Verb

_NAMES = ("by", "approver", "owner", "to")
"""Fields of verbs that name a person."""


def name_in_review(review: Review, name: str, directory: Directory) -> str:
    """Return the name that a review uses for the person with this name.

    A record keeps the names from the time when it was written, even if the directory has changed since. For a person
    who is not in the record it is the directory's name, or the given one.
    """
    meant = directory.name_of(name)
    return next((each for each in _names_in(review) if same(directory.name_of(each), meant)), meant)


def with_known_names(review: Review, verb: Verb, directory: Directory) -> Verb:
    """Return the verb with the names that the review uses for its people."""
    given = {field: getattr(verb, field, None) for field in _NAMES}
    return verb.model_copy(
        update={field: name_in_review(review, name, directory) for field, name in given.items() if name is not None}
    )


def _names_in(review: Review) -> Iterator[str]:
    """Yield all names in a review: first the author, then the people who answered, then all others."""
    yield review.author
    yield from (answer.person for answer in review.decisions)
    yield from review.involved
    for stage in review.policy.all_stages:
        yield from stage.approvers
        for rung in stage.escalate_to:
            yield from rung.to
    yield from review.policy.budget_owners
