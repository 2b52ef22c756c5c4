"""The state of a counter: a number, and how much of it each of the latest reviews contributed.

A review's contribution follows from its record: submitted once, escalated twice, approved once. So a workflow does not
report "one more" but "two in total for this proposal". A repeated report adds nothing, in any order.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from approvals.identifiers import InstanceId
from approvals.rules.turns import Count
from approvals.validation import Boundary

MOST_SEEN = 1_000
"""How many reviews a counter remembers, the latest ones, up to 25 characters each: together less than the 30,000
characters that the hub keeps in a table cell.

For a forgotten review the counter relies on `known`, the contribution that its workflow knows to be counted. The list
of proposals confirms this value within one or two sweeps (clients/sweep.py), also for a restarted workflow. So a
contribution could be counted twice only if a thousand other reviews were counted before this confirmation."""


class Contribution(Boundary):
    """The input of `add` for a review: the review's part of the counter's number."""

    proposal_id: InstanceId
    known: Count
    """How much was counted before, as far as the sender knows."""
    total: Count
    """The review's part now; it never decreases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterState:
    """The state of one counter."""

    value: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    """Each review's part of `value`, by a digest of its id, the latest at the end."""

    def plus(self, number: int) -> "CounterState":
        """Return the state with a number added that belongs to no review."""
        return replace(self, value=self.value + number)

    def with_contribution(self, contribution: Contribution) -> "CounterState":
        """Return the state with a review's part: only the difference to the part before is added."""
        digest = _digest(contribution.proposal_id)
        before = self.seen.get(digest, contribution.known)
        others = {each: count for each, count in self.seen.items() if each != digest}
        seen = list({**others, digest: max(before, contribution.total)}.items())[-MOST_SEEN:]
        return CounterState(value=self.value + max(0, contribution.total - before), seen=dict(seen))

    def reset(self) -> "CounterState":
        """Return the state with the number 0. What was counted is not counted again."""
        return replace(self, value=0)

    @classmethod
    def from_state(cls, state: Any) -> "CounterState":
        """Read an entity's state: the data that `to_state` wrote, or None for a new counter."""
        if isinstance(state, Mapping):
            return cls(value=state["value"], seen=state["seen"])
        return cls(value=state or 0)

    def to_state(self) -> Any:
        """Return plain JSON data; only the number, as in older versions, if no review has contributed."""
        return {"value": self.value, "seen": dict(self.seen)} if self.seen else self.value


def _digest(proposal_id: str) -> str:
    """64 bits: among a thousand ids two collide once in 10^13 counters."""
    return hashlib.sha256(proposal_id.encode()).hexdigest()[:16]
