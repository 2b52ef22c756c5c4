"""A counter's state: a number, and which shares of the latest reviews are in it.

What a review adds to a counter follows from its record: it was submitted once, escalated twice, approved once. So its
workflow does not say "one more" but "of this proposal there are two by now", and the same said again adds nothing,
whoever says it, however often, in whatever order.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from approvals.identifiers import InstanceId
from approvals.rules.clockwork import Count
from approvals.validation import Boundary

MOST_SEEN = 1_000
"""Reviews that a counter remembers, those that were counted last, up to 25 characters each: together less than the
30,000 that the hub keeps in a table cell.

A share of a forgotten review counts from `known`, which is what its workflow knows to be in the counter already. The
list of proposals confirms that within a sweep or two (clients/sweep.py), also for a workflow that is started anew. So a
share could count twice only where a thousand other reviews were counted between a count and that confirmation."""


class Share(Boundary):
    """The input of `add` for a review: what of the counter's number is the review's."""

    proposal_id: InstanceId
    known: Count
    """How much of it was counted before, as far as the sender knows."""
    total: Count
    """How much it is now; it never becomes less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One counter."""

    value: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    """How much of `value` is which review's, by a digest of its id, the one counted last at the end."""

    def plus(self, number: int) -> "Tally":
        """Return the tally with so many more, of nobody's."""
        return replace(self, value=self.value + number)

    def with_share(self, share: Share) -> "Tally":
        """Return the tally that holds a review's share: with the difference to what it holds of it already."""
        digest = _digest(share.proposal_id)
        before = self.seen.get(digest, share.known)
        others = {each: count for each, count in self.seen.items() if each != digest}
        seen = list({**others, digest: max(before, share.total)}.items())[-MOST_SEEN:]
        return Tally(value=self.value + max(0, share.total - before), seen=dict(seen))

    def reset(self) -> "Tally":
        """Return the tally at nought. What was counted is not counted again."""
        return replace(self, value=0)

    @classmethod
    def from_state(cls, state: Any) -> "Tally":
        """Read an entity's state: what `to_state` wrote, or None for a counter that is new."""
        if isinstance(state, Mapping):
            return cls(value=state["value"], seen=state["seen"])
        return cls(value=state or 0)

    def to_state(self) -> Any:
        """Return plain JSON data: the number alone, as it was before there were shares, where no review is in it."""
        return {"value": self.value, "seen": dict(self.seen)} if self.seen else self.value


def _digest(proposal_id: str) -> str:
    """64 bits: among a thousand ids two are the same once in 10^13 counters."""
    return hashlib.sha256(proposal_id.encode()).hexdigest()[:16]
