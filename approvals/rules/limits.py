"""How many entries one person and all people together may add to a record, because every access reads all of it.

Other people cannot block the author: files, resubmission and withdrawal are still accepted when everything else except
decisions is refused.
"""

from collections.abc import Mapping
from types import MappingProxyType

from approvals.names import key
from approvals.record.entries import Entry, Kind
from approvals.rules.eligibility import ActionRefused
from approvals.rules.state import Review

MOST_BY_ONE: Mapping[Kind, int] = MappingProxyType(
    {Kind.COMMENTED: 100, Kind.REMINDED: 100, Kind.DELEGATED: 50, Kind.REASSIGNED: 50}
)
"""How often one person may do each of these to one proposal. The rules of a review limit all other kinds."""

MOST_ENTRIES = 1_000
"""From this number on, the kinds in `MOST_BY_ONE` are refused for everybody."""

MOST_OF_AUTHOR = 5_000
"""From this number on, files and resubmissions are refused too. Only the author can cause so many entries."""

_AUTHORS = frozenset({Kind.ATTACHED, Kind.RESUBMITTED})


def why_too_many(review: Review, entry: Entry) -> ActionRefused | None:
    """Return why an entry exceeds a limit; None if it does not."""
    most = MOST_ENTRIES if entry.kind in MOST_BY_ONE else MOST_OF_AUTHOR if entry.kind in _AUTHORS else None
    if most is not None and review.number >= most:
        accepted = "decisions and the author's actions" if entry.kind in MOST_BY_ONE else "decisions"
        return ActionRefused(
            code="conflict", reason=f"the record has {review.number:,} entries; only {accepted} are accepted now"
        )
    allowed = MOST_BY_ONE.get(entry.kind)
    if allowed is not None and review.acts.count((key(entry.by), entry.kind)) >= allowed:
        return ActionRefused(
            code="conflict", reason=f"{entry.by} has done this {allowed} times, which is the limit for one proposal"
        )
    return None
