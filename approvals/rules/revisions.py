"""The documents that a proposal has had: what each changed, who made it, and when."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from approvals.instants import minute
from approvals.policy.stages import Tolerable

MOST_TOLD = 5
"""Changes in one sentence; the record has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One document of a proposal."""

    number: int
    """Of the entry that made it."""
    round: int
    """The first round that is about it, or was while it lasted."""
    document: str
    """SHA-256 in hex."""
    by: str
    at: datetime
    change: str
    """What was done, as it is said of who did it: `replaced offer.md`."""
    parts: tuple[str, ...] = ()
    """Of what the document is made that is other than before: words, `addedFiles`, `replacedFiles`."""

    @property
    def sentence(self) -> str:
        """What was done, by whom, and when."""
        return f"{self.by} {self.change} at {minute(self.at)}"


def told(revisions: Collection[Revision]) -> str:
    """Return the latest revisions in a sentence, without a full stop."""
    latest = [each.sentence for each in revisions][-MOST_TOLD:]
    earlier = len(revisions) - len(latest)
    before = f"after {earlier} earlier change{'' if earlier == 1 else 's'} " if earlier else ""
    return before + ", ".join(latest)


def tolerated(changed: Iterable[str], keep: Collection[Tolerable]) -> bool:
    """Say whether answers outlive a change of these words, or of `addedFiles` or `replacedFiles`."""
    return set(changed) <= set(keep)
