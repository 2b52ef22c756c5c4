"""The reviews that records add up to, so that a long record is not added up from its first entry each time.

An entry's hash stands for everything up to it. So a review that was computed once holds for every record that has this
hash at its place, whoever reads it; only the entries behind it are added.
"""

from functools import cache

from approvals.record.chain import Chain
from approvals.rules.replay import apply, replay
from approvals.rules.state import Review
from gateways.latest import Latest

_MOST_REVIEWS = 1_600
"""Reviews that are remembered, of all proposals: of each one those before an action, after it, and after what
followed."""


@cache
def _latest_reviews() -> Latest[Review]:
    """Return the reviews of this process, by the hash of the last entry that was added."""
    return Latest(_MOST_REVIEWS)


def review_of(chain: Chain, number: int | None = None, *, latest: Latest[Review] | None = None) -> Review:
    """Return the review that a record adds up to, or did up to the entry with that number; after that `latest` has it.

    A record of which fewer entries are there adds up to what they say.
    """
    known = latest or _latest_reviews()
    wanted = chain.entries if number is None else chain.entries[:number]
    review = next((found for head in reversed(chain.heads[: len(wanted)]) if (found := known.find(head))), None)
    if review is None:
        review = replay(wanted)
    for entry in wanted[review.number :]:
        review = apply(review, entry)
    known.keep(chain.heads[len(wanted) - 1], review)
    return review
