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
            return replace(planned, findings=entry.findings, stages=stages)
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
            others = tuple(each for each in review.last_words if not same(each[0], entry.by))
            return replace(after, comments=review.comments + 1, last_words=(*others, (entry.by, entry.comment)))
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
    )
    status = Status.AWAITING_BUDGET if plan.kind == "budget" else Status.IN_REVIEW
    answers = tuple(
        replace(answer, seat=entry.early[answer.number], stage=entry.index) if answer.number in entry.early else answer
        for answer in review.answers
    )
    involved = _involved(review, entry.asked)
    return replace(review, stage=stage, status=status, answers=answers, paused=None, involved=involved)


def _decided(review: Review, entry: Decided) -> Review:
    answer = Answer(
        number=entry.number,
        person=entry.by,
        seat=entry.seat,
        on_behalf_of=entry.on_behalf_of,
        word=entry.decision,
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
    return replace(review, stage=replace(review.stage, asked=asked), involved=_involved(review, asked))


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
    )
    involved = _involved(review, entry.asked)
    return replace(review, stage=stage, escalations=review.escalations + 1, involved=involved)


def _attached(review: Review, entry: Attached) -> Review:
    """Take over a file. Answers hold for the document that they were given for."""
    new = entry.attachment
    attachments = (*(each for each in review.attachments if each.name != new.name), new)
    changed = replace(review, attachments=attachments, document=entry.document)
    if review.status is Status.CHANGES_REQUESTED:
        return changed
    return _from_the_start(changed, new_round=review.stage is not None or bool(review.closed))


def _resubmitted(review: Review, entry: Resubmitted) -> Review:
    """Take over the words that the author changed. Answers hold for the document that they were given for."""
    rewritten = replace(review, **entry.changed, document=entry.document, resubmission=entry.document)
    paused = replace(rewritten, changes_until=None, changes_by=None)
    if entry.document_changed:
        return _from_the_start(paused, new_round=True)
    kept = replace(paused, status=Status.IN_REVIEW, round=review.round + 1)
    moved = tuple(replace(answer, round=kept.round) for answer in kept.answers)
    return replace(kept, answers=moved)


def _from_the_start(review: Review, *, new_round: bool) -> Review:
    """Return to the checks with another document: the plan is made anew, and what was approved is void."""
    return replace(
        review,
        status=Status.CHECKING,
        round=review.round + 1 if new_round else review.round,
        stages=(),
        findings=(),
        next_stage=0,
        stage=None,
        paused=None,
        answers=(),
    )


def _involved(review: Review, asked: tuple[Asked, ...]) -> tuple[str, ...]:
    new = tuple(each.person for each in asked if not among(each.person, review.involved))
    return (*review.involved, *new)
