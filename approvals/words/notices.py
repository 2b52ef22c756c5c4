"""Which notices follow from the entries of a record, and who gets them.

A notice is derived from the record alone, and its key consists of the entry and the person. So deriving it twice gives
the same notice with the same key, and a letter that was sent is not sent again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from approvals.names import among, digest, key, same
from approvals.record.entries import (
    AskedPerson,
    Attached,
    ChangesRequested,
    Commented,
    CommentsSent,
    Decided,
    Delegated,
    Ended,
    Entry,
    Escalated,
    Reassigned,
    Reminded,
    Resubmitted,
    StageOpened,
    Withdrawn,
)
from approvals.rules.replay import apply, review_of_submission
from approvals.rules.state import Review, Status


class NoticeKind(StrEnum):
    """The kind of a notice."""

    ASKED = "asked"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    DELEGATED = "delegated"
    REASSIGNED = "reassigned"
    CHANGES_REQUESTED = "changesRequested"
    RESUBMITTED = "resubmitted"
    DOCUMENT_CHANGED = "documentChanged"
    COMMENTED = "commented"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one person."""

    kind: NoticeKind
    person: str
    entry: Entry
    """The entry that the notice is about."""
    review: Review
    """The review right after that entry."""
    to_answer: bool
    """Whether this person has to answer; if so, the letter may have a decision link."""
    on_behalf_of: str | None = None
    """Who delegated the task to this person."""
    is_asked_again: bool = False
    """Whether this person was asked about this proposal before, and its author has changed it since."""
    quoted_entry: Entry | None = None
    """The entry with the comment to quote: its own, the author's for a revision, or the deciding person's."""
    comments: tuple[Commented, ...] = ()
    """The comments, for a notice about comments."""

    @property
    def key(self) -> str:
        """The key that prevents a second letter: `<entry number>-<kind>-<hash of person>`, valid as a blob's name."""
        return f"{self.entry.number}-{self.kind.value}-{digest(self.person)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter to a person: the same content in text and in HTML."""

    to_name: str
    to_address: str | None
    """None if the person's address is not known."""
    subject: str
    """One line."""
    text: str
    html: str
    proposal_id: str


def notices_for(entries: Sequence[Entry], *, told: int, before: Review | None = None) -> tuple[Notice, ...]:
    """Return the notices about the entries from number `told` + 1 on, in the order of the entries.

    `before` is the review after entry `told`, if it is known, so that earlier entries need not be added up. Confusing
    ones are left out: a request to a person whose answer is not needed any more, and a notice about a
    revision to a person who is asked about it at the same time.
    """
    steps = tuple(_steps(entries, before))
    if not steps:
        return ()
    notices = [notice for step in steps if step.entry.number > told for notice in _tell(step)]
    wanted = [notice for notice in notices if not notice.to_answer or _still_waits(notice, steps[-1].after)]
    asked = tuple(notice.person for notice in wanted if notice.kind is NoticeKind.ASKED)
    return tuple(
        notice
        for notice in wanted
        if notice.kind not in (NoticeKind.RESUBMITTED, NoticeKind.DOCUMENT_CHANGED) or not among(notice.person, asked)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An entry, with the review before and after it."""

    before: Review
    entry: Entry
    after: Review
    quoted_entry: Entry | None
    comments: tuple[Commented, ...]


def _steps(entries: Sequence[Entry], known: Review | None) -> Iterator[_Step]:
    """Yield the steps after what is known."""
    review, done = known, known.number if known else 0
    said: dict[type[Entry], Entry] = {type(entry): entry for entry in entries[:done]}
    for entry in entries[done:]:
        before = review or review_of_submission(entry)
        review = apply(before, entry) if review else before
        said[type(entry)] = entry
        comments = _comments_in(entry, entries)
        yield _Step(before=before, entry=entry, after=review, quoted_entry=_words_on(entry, said), comments=comments)


def _comments_in(entry: Entry, entries: Sequence[Entry]) -> tuple[Commented, ...]:
    """Return the comments that an entry causes a letter about."""
    match entry:
        case Commented(letter=True):
            return (entry,)
        case CommentsSent():
            return tuple(each for each in entries if isinstance(each, Commented) and each.number in entry.comments)
        case _:
            return ()


def _words_on(entry: Entry, latest: dict[type[Entry], Entry]) -> Entry | None:
    """Return the entry with the comment to quote; `latest` has the last entry of each kind."""
    match entry:
        case StageOpened():
            return latest.get(Resubmitted)
        case Ended():
            decided = latest.get(Decided)
            return decided if decided and same(decided.by, entry.decided_by) else None
        case _:
            return entry


def _tell(step: _Step) -> tuple[Notice, ...]:
    """Return the notices about one entry."""
    entry, before, after = step.entry, step.before, step.after
    approvers = tuple(person for person in after.involved if not same(person, after.author))
    match entry:
        case StageOpened():
            return (*_ask(step, NoticeKind.ASKED, after.waiting_for), *_of_new_round(step))
        case Reminded():
            reminded = tuple(each for each in after.waiting_for if among(each.person, entry.people))
            return _ask(step, NoticeKind.REMINDED, reminded)
        case Escalated():
            return _escalation(step, entry)
        case Delegated() | Reassigned():
            return _handing_over(step, entry)
        case ChangesRequested():
            return _inform(step, NoticeKind.CHANGES_REQUESTED, (after.author,))
        case Resubmitted():
            return _inform(step, NoticeKind.RESUBMITTED, approvers)
        case Attached(round=None) if after.round > before.round:
            return _inform(step, NoticeKind.DOCUMENT_CHANGED, approvers)
        case Commented() | CommentsSent():
            return _commenting(step)
        case Withdrawn():
            return _inform(step, NoticeKind.WITHDRAWN, approvers)
        case Ended():
            withdrawn = after.status is Status.WITHDRAWN
            return _inform(step, NoticeKind.ENDED, (after.author,) if withdrawn else (after.author, *approvers))
        case _:
            return ()


def _of_new_round(step: _Step) -> tuple[Notice, ...]:
    """Notify people who are not asked now that the document has changed, once, after the author's last change."""
    review = step.after
    if step.before.edited_at is None or not any(each.round == review.round > 1 for each in review.revisions):
        return ()
    told = (review.author, *(each.person for each in review.waiting_for))
    return _inform(step, NoticeKind.DOCUMENT_CHANGED, tuple(each for each in review.involved if not among(each, told)))


def _commenting(step: _Step) -> tuple[Notice, ...]:
    """Notify the author, the people asked, and who waits for changes, but nobody about only their own comments."""
    review, writers = step.after, {key(each.by) for each in step.comments}
    wanting = (review.changes.by,) if review.changes else ()
    asked = (*(each.person for each in review.waiting_for), *wanting)
    people = tuple(each for each in (review.author, *asked) if writers - {key(each)})
    return _inform(step, NoticeKind.COMMENTED, people)


def _escalation(step: _Step, entry: Escalated) -> tuple[Notice, ...]:
    """Ask the people on the new rung, and notify those who did not answer in time."""
    asked = _ask(step, NoticeKind.ESCALATED, step.after.waiting_for)
    new = tuple(notice.person for notice in asked)
    missing = tuple(person for person in entry.missing if not among(person, new))
    return (*asked, *_inform(step, NoticeKind.ESCALATED, missing))


def _handing_over(step: _Step, entry: Delegated | Reassigned) -> tuple[Notice, ...]:
    """Ask the person who has the task now. Notify the person who had it, unless they gave it away themselves."""
    kind = NoticeKind.DELEGATED if isinstance(entry, Delegated) else NoticeKind.REASSIGNED
    new = tuple(each for each in step.after.waiting_for if each.seat == entry.seat)
    former = tuple(each.person for each in step.before.waiting_for if each.seat == entry.seat)
    return (*_ask(step, kind, new), *_inform(step, kind, _without(former, entry.by)))


def _ask(step: _Step, kind: NoticeKind, people: tuple[AskedPerson, ...]) -> tuple[Notice, ...]:
    """Return notices to people whose answer is needed; a person with two seats gets one."""
    first = {key(each.person): each for each in reversed(people)}
    return tuple(
        Notice(
            kind=kind,
            person=each.person,
            entry=step.entry,
            review=step.after,
            to_answer=True,
            on_behalf_of=each.on_behalf_of,
            is_asked_again=step.after.round > 1 and among(each.person, step.before.involved),
            quoted_entry=step.quoted_entry,
        )
        for each in reversed(first.values())
    )


def _inform(step: _Step, kind: NoticeKind, people: tuple[str, ...]) -> tuple[Notice, ...]:
    """Return notices to people who do not have to do anything."""
    first = {key(person): person for person in reversed(people)}
    return tuple(
        Notice(
            kind=kind,
            person=person,
            entry=step.entry,
            review=step.after,
            to_answer=False,
            quoted_entry=step.quoted_entry,
            comments=step.comments,
        )
        for person in reversed(first.values())
    )


def _without(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return tuple(each for each in people if not same(each, person))


def _still_waits(notice: Notice, now: Review) -> bool:
    """Say whether the answer that a notice asks for is still needed, in the same round, stage and rung."""
    then = notice.review
    if now.stage is None or then.stage is None or now.round != then.round:
        return False
    if (now.stage.index, now.stage.rung) != (then.stage.index, then.stage.rung):
        return False
    return any(same(each.person, notice.person) for each in now.waiting_for)
