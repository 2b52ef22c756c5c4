"""The versions of a proposal's document: its words and files after each change, and what the change was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unicodedata import normalize

from approvals.record.documents import Attachment
from approvals.record.entries import Entry
from approvals.rules.replay import apply, review_of_submission
from approvals.rules.state import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A word or figure of the document that was changed."""

    name: str
    """`title`, `summary`, `cost`, `currency` or `department`."""
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The document during one period."""

    number: int
    """From 1; the highest is the present document."""
    round: int
    """The first round that is, or was, about it."""
    document: str
    """SHA-256 in hex."""
    by: str
    at: datetime
    change: str
    """What was done, as a predicate after the person's name: `replaced offer.md`."""
    title: str
    currency: str
    attachments: tuple[Attachment, ...]
    rewritten: tuple[Rewritten, ...] = ()
    """What differs from the version before; so do the fields below."""
    added: tuple[Attachment, ...] = ()
    replaced: tuple[tuple[Attachment, Attachment], ...] = ()
    """Each file before and after."""

    def file(self, name: str) -> Attachment | None:
        """Return the file of that name, in either Unicode form; None if there is none."""
        wanted = normalize("NFC", name)
        return next((each for each in self.attachments if normalize("NFC", each.name) == wanted), None)


def versions(entries: Iterable[Entry]) -> tuple[Version, ...]:
    """Return all versions in a record, the first one first; files are never removed, only replaced."""
    first, *others = entries
    review = review_of_submission(first)
    found = [_version(review, 1)]
    for entry in others:
        before, review = review, apply(review, entry)
        if len(review.revisions) > len(before.revisions):
            found.append(_version(review, len(found) + 1, before))
    return tuple(found)


def find_version(among: Sequence[Version], *, number: int | None = None, round: int | None = None) -> Version | None:
    """Return the version of that number, or the last one that the round was about; without either the latest one."""
    if number is not None:
        return next((each for each in among if each.number == number), None)
    fitting = [each for each in among if round is None or each.round <= round]
    return fitting[-1] if fitting else None


def _version(review: Review, number: int, before: Review | None = None) -> Version:
    old = {each.name: each for each in before.attachments} if before else {}
    made = review.revisions[-1]
    return Version(
        number=number,
        round=made.round,
        document=made.document,
        by=made.by,
        at=made.at,
        change=made.change,
        title=review.title,
        currency=review.currency,
        attachments=review.attachments,
        rewritten=_rewritten(before, review) if before else (),
        added=tuple(each for each in review.attachments if each.name not in old) if before else (),
        replaced=tuple((old[each.name], each) for each in review.attachments if each != old.get(each.name, each)),
    )


def _rewritten(before: Review, after: Review) -> tuple[Rewritten, ...]:
    return tuple(
        Rewritten(name=name, before=before.words[name], after=value)
        for name, value in after.words.items()
        if before.words[name] != value
    )
