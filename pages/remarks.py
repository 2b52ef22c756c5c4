"""What people said about a proposal: their actions with a comment, and every decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from approvals.record.entries import ChangesRequested, Commented, Decided, Delegated, Entry, Reassigned, Resubmitted
from approvals.words.wording import comment_of

MOST_REMARKS = 30
"""The latest ones; the record has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One statement of a person."""

    by: str
    did: str
    """As a predicate after the person's name: `commented`."""
    at: datetime
    words: str
    """Empty for a decision without a comment."""


def remarks(entries: Iterable[Entry]) -> list[Remark]:
    """Return the statements, the latest last."""
    found = []
    for entry in entries:
        did, words = _did(entry), comment_of(entry)
        if did and (words or isinstance(entry, Decided)):
            found.append(Remark(by=entry.by, did=did, at=entry.at, words=words))
    return found[-MOST_REMARKS:]


def _did(entry: Entry) -> str | None:
    match entry:
        case Decided():
            return f"answered “{entry.decision}”"
        case Commented():
            return "commented"
        case ChangesRequested():
            return "asked for changes"
        case Resubmitted():
            return "submitted it again"
        case Delegated() | Reassigned():
            return "handed the task over"
        case _:
            return None
