"""The reviews that records add up to, so that a long record is not added up from its first entry each time.

An entry's hash stands for everything up to it. So a review that was computed once holds for every record that has this
hash at its place, whoever reads it; only the entries behind it are added.
"""

from collections import OrderedDict
from functools import cache
from threading import Lock

from approvals.record.chain import Chain
from approvals.rules.replay import apply, replay
from approvals.rules.state import Review

MOST_PROPOSALS = 200
"""Proposals whose reviews are remembered; the one that was not used for the longest time is dropped first."""

MOST_STATES = 8
"""Of one proposal, the latest: those before an action, after it, and after what followed."""


class Replays:
    """The latest reviews of the latest proposals. Threads may share them."""

    def __init__(self) -> None:
        # By the hash of a record's first entry, and by that of the last entry that was added.
        self._known = OrderedDict[str, OrderedDict[str, Review]]()
        self._lock = Lock()

    def review_of(self, chain: Chain, number: int | None = None) -> Review:
        """Return the review after the entry with that number, by default after the last one."""
        wanted = len(chain.entries) if number is None else number
        review = self._nearest(chain, wanted)
        if review is None:
            review = replay(chain.entries[:wanted])
        for entry in chain.entries[review.number : wanted]:
            review = apply(review, entry)
        self._remember(chain, review)
        return review

    def _nearest(self, chain: Chain, wanted: int) -> Review | None:
        """Return the latest review that is known up to an entry."""
        with self._lock:
            known = self._known.get(chain.heads[0]) if _is_whole(chain) else None
            fitting = [
                review
                for head, review in (known or {}).items()
                if review.number <= wanted and chain.heads[review.number - 1] == head
            ]
        return max(fitting, key=lambda review: review.number, default=None)

    def _remember(self, chain: Chain, review: Review) -> None:
        if not _is_whole(chain):
            return
        with self._lock:
            known = self._known.setdefault(chain.heads[0], OrderedDict())
            head = chain.heads[review.number - 1]
            known[head] = review
            known.move_to_end(head)
            self._known.move_to_end(chain.heads[0])
            if len(known) > MOST_STATES:
                known.popitem(last=False)
            if len(self._known) > MOST_PROPOSALS:
                self._known.popitem(last=False)


@cache
def open_replays() -> Replays:
    """Return the reviews of this process."""
    return Replays()


def review_of(chain: Chain, number: int | None = None) -> Review:
    """Return the review that a record adds up to, or did up to the entry with that number."""
    return open_replays().review_of(chain, number)


def _is_whole(chain: Chain) -> bool:
    """Say whether each entry has its hash, as in a record that was read or written."""
    return len(chain.heads) == len(chain.entries)
