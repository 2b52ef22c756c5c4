"""How much one person may write into a record, and how much all of them together: each look at it reads it all.

The author's own way out is never closed by others: files, resubmission and withdrawal go on where everything else but
decisions has stopped.
"""

from collections.abc import Mapping
from types import MappingProxyType

from approvals.names import key
from approvals.record.entries import Entry, Kind
from approvals.rules.eligibility import Refused
from approvals.rules.state import Review

MOST_BY_ONE: Mapping[Kind, int] = MappingProxyType(
    {Kind.COMMENTED: 100, Kind.REMINDED: 100, Kind.DELEGATED: 50, Kind.REASSIGNED: 50}
)
"""Of each kind as many as one person may do to one proposal; what is not named is bounded by the rules of a review."""

MOST_ENTRIES = 1_000
"""From then on what `MOST_BY_ONE` names is refused to everybody."""

MOST_OF_AUTHOR = 5_000
"""From then on files and resubmissions are refused too: nobody but the author can have come so far."""

_AUTHORS = frozenset({Kind.ATTACHED, Kind.RESUBMITTED})


def why_too_many(review: Review, entry: Entry) -> Refused | None:
    """Say why an entry would be one too many; None where there is room for it."""
    most = MOST_ENTRIES if entry.kind in MOST_BY_ONE else MOST_OF_AUTHOR if entry.kind in _AUTHORS else None
    if most is not None and review.number >= most:
        taken = "decisions, and what its author does, are" if entry.kind in MOST_BY_ONE else "only decisions are"
        return Refused(code="conflict", reason=f"the record has {review.number:,} entries; {taken} taken now")
    allowed = MOST_BY_ONE.get(entry.kind)
    if allowed is not None and review.acts.count((key(entry.by), entry.kind)) >= allowed:
        return Refused(
            code="conflict", reason=f"{entry.by} has done this {allowed} times here, and nobody may more often"
        )
    return None
