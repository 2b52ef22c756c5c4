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
from approvals.rules.state import (
    Answer,
    AwaitingChanges,
    BetweenStages,
    Checking,
    ClosedStage,
    OpenStage,
    Over,
    Pause,
    Review,
    Withdrawing,
)


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
        involved=(entry.by,),
    )


def apply(review: Review, entry: Entry) -> Review:
    """Return the review one entry on. Entries were judged before they were written, so nothing is refused here."""
    acts = (*review.acts, (key(entry.by), entry.kind)) if entry.kind in MOST_BY_ONE else review.acts
    after = replace(review, number=entry.number, last_at=entry.at, acts=acts)
    match entry:
        case Checked():
            stages = tuple(Stage.from_dict(each) for each in entry.stages)
            planned = replace(after, phase=BetweenStages(), reviewed=entry.document)
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
            stage = _open_stage(after)
            pause = Pause(stage=stage, remaining=stage.deadline - entry.at)
            asked = AwaitingChanges(pause=pause, until=entry.until, by=entry.by)
            return replace(after, phase=asked, spent_links=_spent(review, entry.link_id))
        case Resubmitted():
            return _resubmitted(after, entry)
        case Attached():
            return _attached(after, entry)
        case Withdrawn():
            return replace(after, phase=Withdrawing(by=entry.by, reason=entry.reason, unmet=review.changes))
        case Ended():
            return replace(after, phase=_over(review, entry))
        case Submitted():
            raise ValueError("a record holds one submission, at its beginning")
        case never:
            assert_never(never)


def _open(review: Review, entry: StageOpened) -> Review:
    stage = OpenStage(
        index=entry.index,
        plan=review.stages[entry.index],
        opened_at=entry.at,
        deadline=entry.deadline,
        rung=entry.rung,
        asked=entry.asked,
        reminders=entry.reminders,
    )
    answers = tuple(
        replace(answer, seat=entry.early[answer.number], stage=entry.index) if answer.number in entry.early else answer
        for answer in review.answers
    )
    return replace(review, phase=stage, answers=answers, involved=_involved(review, entry.asked))


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
    return replace(review, phase=BetweenStages(), closed=(*review.closed, closed), next_stage=review.next_stage + 1)


def _handed_over(review: Review, entry: Delegated | Reassigned) -> Review:
    stage = _open_stage(review)
    asked = tuple(
        replace(each, person=entry.to, on_behalf_of=entry.on_behalf_of) if each.seat == entry.seat else each
        for each in stage.asked
    )
    return replace(review, phase=replace(stage, asked=asked), involved=_involved(review, asked))


def _reminded(review: Review, entry: Reminded) -> Review:
    stage = _open_stage(review)
    reminders = max(entry.planned, stage.reminders)
    return replace(review, phase=replace(stage, last_reminder=entry.at, reminders=reminders))


def _escalated(review: Review, entry: Escalated) -> Review:
    before = _open_stage(review)
    stage = OpenStage(
        index=before.index,
        plan=before.plan,
        opened_at=entry.at,
        deadline=entry.deadline,
        rung=entry.rung,
        asked=entry.asked,
    )
    involved = _involved(review, entry.asked)
    return replace(review, phase=stage, escalations=review.escalations + 1, involved=involved)


def _attached(review: Review, entry: Attached) -> Review:
    """Take over a file. Answers hold for the document that they were given for."""
    new = entry.attachment
    attachments = (*(each for each in review.attachments if each.name != new.name), new)
    changed = replace(review, attachments=attachments, document=entry.document)
    if isinstance(review.phase, AwaitingChanges):
        return changed
    return _from_the_start(changed, new_round=review.stage is not None or bool(review.closed))


def _resubmitted(review: Review, entry: Resubmitted) -> Review:
    """Take over the words that the author changed. Answers hold for the document that they were given for."""
    rewritten = replace(review, **entry.changed, document=entry.document, resubmission=entry.document)
    if entry.document_changed:
        return _from_the_start(rewritten, new_round=True)
    resumed = review.phase.pause if isinstance(review.phase, AwaitingChanges) else None
    moved = tuple(replace(answer, round=review.round + 1) for answer in review.answers)
    return replace(rewritten, phase=BetweenStages(resumed=resumed), round=review.round + 1, answers=moved)


def _over(review: Review, entry: Ended) -> Over:
    return Over(
        outcome=entry.outcome,
        by=entry.decided_by,
        word=entry.word,
        reason=entry.reason,
        at=entry.at,
        unmet=review.changes,
    )


def _from_the_start(review: Review, *, new_round: bool) -> Review:
    """Return to the checks with another document: the plan is made anew, and what was approved is void."""
    return replace(
        review,
        phase=Checking(),
        round=review.round + 1 if new_round else review.round,
        stages=(),
        findings=(),
        next_stage=0,
        answers=(),
    )


def _open_stage(review: Review) -> OpenStage:
    """Return the stage that is open, where an entry can only be about one that is."""
    if review.stage is None:
        raise ValueError(f"entry {review.number} is about an open stage, and none is open")
    return review.stage


def _involved(review: Review, asked: tuple[Asked, ...]) -> tuple[str, ...]:
    new = tuple(each.person for each in asked if not among(each.person, review.involved))
    return (*review.involved, *new)
