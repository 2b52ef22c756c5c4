"""Adding a record up: what each entry makes of the review that it comes to."""

from dataclasses import replace
from typing import assert_never

from approvals.names import among, key, same
from approvals.policy.policy import Policy, Stage
from approvals.record.documents import policy_hash
from approvals.record.entries import (
    Asked,
    Attached,
    ChangesRequested,
    Checked,
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
    StageClosed,
    StageOpened,
    Submitted,
    Withdrawn,
)
from approvals.rules.limits import MOST_BY_ONE
from approvals.rules.revisions import Revision
from approvals.rules.state import Answer, ClosedStage, OpenStage, Review, Status


def replay(entries: tuple[Entry, ...]) -> Review:
    """Add up a whole record; it has at least the entry of its submission."""
    review = submitted(entries[0])
    for entry in entries[1:]:
        review = apply(review, entry)
    return review


def submitted(entry: Entry) -> Review:
    """Return the review that begins with this entry; raises ValueError where it is no submission."""
    if not isinstance(entry, Submitted):
        raise ValueError("a record begins with its submission")
    return Review(
        number=entry.number,
        last_at=entry.at,
        proposal_id=entry.proposal_id,
        title=entry.title,
        summary=entry.summary,
        author=entry.by,
        cost=entry.cost,
        currency=entry.currency,
        department=entry.department,
        policy_name=entry.policy_name,
        policy=Policy.from_dict(entry.policy),
        policy_hash=policy_hash(entry.policy),
        submitted_at=entry.at,
        attachments=entry.attachments,
        document=entry.document,
        status=Status.CHECKING,
        revisions=(Revision(number=1, round=1, document=entry.document, by=entry.by, at=entry.at, change="handed it in"),),
        involved=(entry.by,),
    )


def apply(review: Review, entry: Entry) -> Review:
    """Return the review one entry on. Entries were judged before they were written, so nothing is refused here."""
    acts = (*review.acts, (key(entry.by), entry.kind)) if entry.kind in MOST_BY_ONE else review.acts
    after = replace(review, number=entry.number, last_at=entry.at, acts=acts)
    match entry:
        case Checked():
            stages = tuple(Stage.from_dict(each) for each in entry.stages)
            planned = replace(after, status=Status.IN_REVIEW, reviewed=entry.document)
            answers = tuple(each for each in review.answers if each.number not in (entry.void or ()))
            return replace(planned, findings=entry.findings, stages=stages, answers=answers)
        case StageOpened():
            return _open(after, entry)
        case Decided():
            return _decided(after, entry)
        case StageClosed():
            return _closed(after, entry)
        case Delegated() | Reassigned():
            return _handed_over(after, entry)
        case Reminded():
            return _reminded(after, entry)
        case Escalated():
            return _escalated(after, entry)
        case Commented():
            return _commented(after, entry)
        case CommentsSent():
            return replace(after, comments_held=(), comments_told_at=entry.at)
        case ChangesRequested():
            left = review.stage.deadline - entry.at if review.stage else None
            paused = replace(after, status=Status.CHANGES_REQUESTED, stage=None, paused=review.stage, remaining=left)
            spent = _spent(review, entry.link_id)
            return replace(paused, changes_until=entry.until, changes_by=entry.by, spent_links=spent)
        case Resubmitted():
            return _resubmitted(after, entry)
        case Attached():
            return _attached(after, entry)
        case Withdrawn():
            return replace(after, withdrawn_by=entry.by, reason=entry.reason)
        case Ended():
            return replace(
                after,
                status=Status(entry.outcome),
                stage=None,
                ended_at=entry.at,
                decided_by=entry.decided_by,
                outcome_word=entry.word,
                reason=entry.reason,
            )
        case Submitted():
            raise ValueError("a record holds one submission, at its beginning")
        case never:
            assert_never(never)


def _open(review: Review, entry: StageOpened) -> Review:
    plan = review.stages[entry.index]
    stage = OpenStage(
        index=entry.index,
        opened_at=entry.at,
        deadline=entry.deadline,
        rung=entry.rung,
        asked=entry.asked,
        reminders=entry.reminders,
        needed=entry.needed or 1,
    )
    status = Status.AWAITING_BUDGET if plan.kind == "budget" else Status.IN_REVIEW
    answers = tuple(
        replace(answer, seat=entry.early[answer.number], stage=entry.index) if answer.number in entry.early else answer
        for answer in review.answers
    )
    opened = replace(review, stage=stage, status=status, answers=answers, paused=None, edited_at=None)
    return _having_asked(opened, entry.asked)


def _decided(review: Review, entry: Decided) -> Review:
    answer = Answer(
        number=entry.number,
        person=entry.by,
        seat=entry.seat,
        on_behalf_of=entry.on_behalf_of,
        word=entry.decision,
        comment=entry.comment,
        effect=entry.effect,
        at=entry.at,
        via=entry.via,
        round=review.round,
        stage=None if entry.seat is None else review.next_stage,
        document=entry.document,
        decision_id=entry.decision_id,
        link_id=entry.link_id,
    )
    spent = _spent(review, answer.link_id)
    decisions = (*review.decisions, answer)
    return replace(review, answers=(*review.answers, answer), decisions=decisions, spent_links=spent)


def _spent(review: Review, link_id: str | None) -> tuple[str, ...]:
    return (*review.spent_links, link_id) if link_id else review.spent_links


def _closed(review: Review, entry: StageClosed) -> Review:
    closed = ClosedStage(index=entry.index, round=review.round, outcome=entry.outcome, by=entry.decided_by, at=entry.at)
    return replace(review, stage=None, closed=(*review.closed, closed), next_stage=review.next_stage + 1)


def _handed_over(review: Review, entry: Delegated | Reassigned) -> Review:
    assert review.stage  # a task is handed over in an open stage only
    asked = tuple(
        replace(each, person=entry.to, on_behalf_of=entry.on_behalf_of) if each.seat == entry.seat else each
        for each in review.stage.asked
    )
    others = tuple(
        each for each in review.handed_over if not (each[0] == entry.stage and same(each[1].seat, entry.seat))
    )
    held = Asked(seat=entry.seat, person=entry.to, on_behalf_of=entry.on_behalf_of)
    handed_over = others if same(entry.to, entry.seat) else (*others, (entry.stage, held))
    return _having_asked(replace(review, stage=replace(review.stage, asked=asked), handed_over=handed_over), asked)


def _reminded(review: Review, entry: Reminded) -> Review:
    assert review.stage  # only an open stage has people to remind
    reminders = max(entry.planned, review.stage.reminders)
    return replace(review, stage=replace(review.stage, last_reminder=entry.at, reminders=reminders))


def _escalated(review: Review, entry: Escalated) -> Review:
    assert review.stage  # only an open stage has an end
    stage = OpenStage(
        index=review.stage.index,
        opened_at=entry.at,
        deadline=entry.deadline,
        rung=entry.rung,
        asked=entry.asked,
        needed=entry.needed or 1,
    )
    return _having_asked(replace(review, stage=stage, escalations=review.escalations + 1), entry.asked)


def _commented(review: Review, entry: Commented) -> Review:
    others = tuple(each for each in review.last_words if not same(each[0], entry.by))
    said = replace(review, comments=review.comments + 1, last_words=(*others, (entry.by, entry.comment)))
    match entry.letter:
        case True:
            return replace(said, comments_told_at=entry.at)
        case False:
            return replace(said, comments_held=(*review.comments_held, entry.number))
        case None:
            return said


def _attached(review: Review, entry: Attached) -> Review:
    """Take over a file. Answers hold for the document that they were given for."""
    new = entry.attachment
    attachments = (*(each for each in review.attachments if each.name != new.name), new)
    asked_for = review.status is Status.CHANGES_REQUESTED
    begins = review.stage is not None or bool(review.closed)  # as it was before entries said it
    number = review.round + 1 if asked_for or begins else review.round
    if entry.round is not None:
        number = entry.round
    part, did = ("replacedFiles", "replaced") if entry.replaced else ("addedFiles", "added")
    changed = replace(_revised(review, entry, number, f"{did} {new.name}", (part,)), attachments=attachments)
    if asked_for:
        return changed
    edited_at = None if entry.round is None else entry.at
    return replace(_from_the_start(changed, entry, number), edited_at=edited_at)


def _resubmitted(review: Review, entry: Resubmitted) -> Review:
    """Take over the words that the author changed. Answers hold for the document that they were given for."""
    rewritten, number = review, review.round + 1
    if entry.document != review.document:
        words = tuple(entry.changed)
        rewritten = _revised(review, entry, number, f"changed the {', the '.join(words)}", words)
    rewritten = replace(rewritten, **entry.changed, resubmission=entry.document)
    paused = replace(rewritten, changes_until=None, changes_by=None)
    if entry.document_changed:
        return _from_the_start(paused, entry, number)
    kept = replace(paused, status=Status.IN_REVIEW, round=number, round_began=entry.number)
    moved = tuple(replace(answer, round=number) for answer in kept.answers)
    return replace(kept, answers=moved)


def _revised(
    review: Review, entry: Attached | Resubmitted, number: int, change: str, parts: tuple[str, ...]
) -> Review:
    """Return the review with the document of an entry, which is of the round of that number."""
    revision = Revision(
        number=entry.number,
        round=number,
        document=entry.document,
        by=entry.by,
        at=entry.at,
        change=change,
        parts=parts,
    )
    return replace(review, document=entry.document, revisions=(*review.revisions, revision))


def _from_the_start(review: Review, entry: Attached | Resubmitted, number: int) -> Review:
    """Return to the checks with another document: the plan is made anew, and what was approved is void, or kept."""
    return replace(
        review,
        status=Status.CHECKING,
        round=number,
        round_began=entry.number if number > review.round else review.round_began,
        stages=(),
        findings=(),
        next_stage=0,
        stage=None,
        paused=None,
        answers=_kept(review, number) if entry.answers_kept else (),
    )


def _kept(review: Review, number: int) -> tuple[Answer, ...]:
    """Return the answers as early ones of another round. Those from the ladder end: the approvers are asked first."""
    return tuple(
        replace(answer, round=number, stage=None, seat=None)
        for answer in review.answers
        if answer.stage is None or among(answer.seat or "", review.stages[answer.stage].approvers)
    )


def _having_asked(review: Review, asked: tuple[Asked, ...]) -> Review:
    """Return the review after the last entry has asked these people."""
    new = tuple(each.person for each in asked if not among(each.person, review.involved))
    known = {person for person, _ in review.first_asked}
    first = dict.fromkeys(key(each.person) for each in asked if key(each.person) not in known)
    return replace(
        review,
        involved=(*review.involved, *new),
        first_asked=(*review.first_asked, *((person, review.number) for person in first)),
    )
