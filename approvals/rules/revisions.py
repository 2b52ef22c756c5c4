"""The documents of a proposal over time: what changed, who changed it, and when."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from approvals.instants import minute
from approvals.policy.stages import Tolerable

MOST_TOLD = 5
"""Changes in one sentence; the record has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One document of a proposal."""

    number: int
    """The number of the entry that created it."""
    round: int
    """The first round with this document."""
    document: str
    """SHA-256 in hex."""
    by: str
    at: datetime
    change: str
    """What was changed, as the predicate of a sentence: `replaced offer.md`."""
    parts: tuple[str, ...] = ()
    """The changed parts of the document: names of fields, `addedFiles`, `replacedFiles`."""

    @property
    def sentence(self) -> str:
        """What was changed, by whom, and when."""
        return f"{self.by} {self.change} at {minute(self.at)}"


def describe(revisions: Collection[Revision]) -> str:
    """Return the latest revisions in a sentence, without a full stop."""
    latest = [each.sentence for each in revisions][-MOST_TOLD:]
    earlier = len(revisions) - len(latest)
    before = f"after {earlier} earlier change{'' if earlier == 1 else 's'} " if earlier else ""
    return before + ", ".join(latest)


def is_tolerated(changed: Iterable[str], keep: Collection[Tolerable]) -> bool:
    """Say whether answers stay valid after a change of these fields, or of `addedFiles` or `replacedFiles`."""
    return set(changed) <= set(keep)
