"""Replaying a record: how each entry changes the review."""

from dataclasses import replace
from typing import assert_never

from approvals.names import among, key, same
from approvals.policy.policy import Policy, Stage
from approvals.record.documents import policy_hash
from approvals.record.entries import (
    AskedPerson,
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
from approvals.rules.state import (
    Answer,
    AwaitingChanges,
    BetweenStages,
    Checking,
    ClosedStage,
    EndedReview,
    OpenStage,
    Pause,
    Review,
    WithdrawalStarted,
)


def replay(entries: tuple[Entry, ...]) -> Review:
    """Return the review after all entries of a record, which has at least the entry of its submission."""
    review = review_of_submission(entries[0])
    for entry in entries[1:]:
        review = apply(review, entry)
    return review


def review_of_submission(entry: Entry) -> Review:
    """Return the review after its first entry; raises ValueError if that is not a submission."""
    if not isinstance(entry, Submitted):
        raise ValueError("the first entry of a record must be its submission")
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
        revisions=(
            Revision(number=1, round=1, document=entry.document, by=entry.by, at=entry.at, change="submitted it"),
        ),
        involved=(entry.by,),
    )


def apply(review: Review, entry: Entry) -> Review:
    """Return the review after one more entry. Entries were judged before they were written; nothing is refused here."""
    acts = (*review.acts, (key(entry.by), entry.kind)) if entry.kind in MOST_BY_ONE else review.acts
    after = replace(review, number=entry.number, last_at=entry.at, acts=acts)
    match entry:
        case Checked():
            stages = tuple(Stage.from_dict(each) for each in entry.stages)
            planned = replace(after, phase=BetweenStages(), reviewed=entry.document)
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
            stage = _open_stage(after)
            pause = Pause(stage=stage, remaining=stage.deadline - entry.at)
            asked = AwaitingChanges(pause=pause, until=entry.until, by=entry.by)
            change_requests = (*review.change_requests, entry) if entry.decision_id else review.change_requests
            return replace(
                after, phase=asked, spent_links=_spent(review, entry.link_id), change_requests=change_requests
            )
        case Resubmitted():
            return _resubmitted(after, entry)
        case Attached():
            return _attached(after, entry)
        case Withdrawn():
            return replace(
                after, phase=WithdrawalStarted(by=entry.by, reason=entry.reason, missing_changes=review.changes)
            )
        case Ended():
            return replace(after, phase=_over(review, entry))
        case Submitted():
            raise ValueError("a record has only one submission, as its first entry")
        case never:
            assert_never(never)


def _open(review: Review, entry: StageOpened) -> Review:
    stage = OpenStage(
        index=entry.index,
        plan=review.stages[entry.index],
        began_at=entry.at,
        opened_at=entry.at,
        deadline=entry.deadline,
        rung=entry.rung,
        asked=entry.asked,
        reminders=entry.reminders,
        needed=entry.needed or 1,
    )
    answers = tuple(
        replace(answer, seat=entry.early[answer.number], stage=entry.index) if answer.number in entry.early else answer
        for answer in review.answers
    )
    return _having_asked(replace(review, phase=stage, answers=answers, edited_at=None), entry.asked)


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
    closed = ClosedStage(
        index=entry.index,
        round=review.round,
        outcome=entry.outcome,
        by=entry.decided_by,
        began_at=_open_stage(review).began_at,
        at=entry.at,
    )
    return replace(review, phase=BetweenStages(), closed=(*review.closed, closed), next_stage=review.next_stage + 1)


def _handed_over(review: Review, entry: Delegated | Reassigned) -> Review:
    stage = _open_stage(review)
    asked = tuple(
        replace(each, person=entry.to, on_behalf_of=entry.on_behalf_of) if each.seat == entry.seat else each
        for each in stage.asked
    )
    others = tuple(
        each for each in review.handed_over if not (each[0] == entry.stage and same(each[1].seat, entry.seat))
    )
    held = AskedPerson(seat=entry.seat, person=entry.to, on_behalf_of=entry.on_behalf_of)
    handed_over = others if same(entry.to, entry.seat) else (*others, (entry.stage, held))
    given = _given_on(review, stage, entry)
    return _having_asked(
        replace(review, phase=replace(stage, asked=asked), handed_over=handed_over, seats_before_delegation=given),
        asked,
    )


def _given_on(review: Review, stage: OpenStage, entry: Delegated | Reassigned) -> tuple[tuple[str, AskedPerson], ...]:
    """Return who delegated which seats. If a task returns to a person, their delegation and later ones end."""
    mine = tuple(
        each for each in review.seats_before_delegation if each[0] == entry.stage and same(each[1].seat, entry.seat)
    )
    others = tuple(each for each in review.seats_before_delegation if each not in mine)
    if isinstance(entry, Reassigned):
        return others
    before = next(each for each in stage.asked if each.seat == entry.seat)
    chain = (*mine, (entry.stage, before))
    until = next((place for place, (_, each) in enumerate(chain) if same(each.person, entry.to)), len(chain))
    return (*others, *chain[:until])


def _reminded(review: Review, entry: Reminded) -> Review:
    stage = _open_stage(review)
    reminders = max(entry.planned, stage.reminders)
    return replace(review, phase=replace(stage, last_reminder=entry.at, reminders=reminders))


def _escalated(review: Review, entry: Escalated) -> Review:
    before = _open_stage(review)
    stage = OpenStage(
        index=before.index,
        plan=before.plan,
        began_at=before.began_at,
        opened_at=entry.at,
        deadline=entry.deadline,
        rung=entry.rung,
        asked=entry.asked,
        needed=entry.needed or 1,
    )
    return _having_asked(replace(review, phase=stage, escalations=review.escalations + 1), entry.asked)


def _commented(review: Review, entry: Commented) -> Review:
    others = tuple(each for each in review.latest_comments if not same(each[0], entry.by))
    said = replace(review, comments=review.comments + 1, latest_comments=(*others, (entry.by, entry.comment)))
    if entry.letter is None:
        return said
    if entry.letter:
        return replace(said, comments_told_at=entry.at)
    return replace(said, comments_held=(*review.comments_held, entry.number))


def _attached(review: Review, entry: Attached) -> Review:
    """Add a file. Answers are valid only for the document that they were given for."""
    new = entry.attachment
    attachments = (*(each for each in review.attachments if each.name != new.name), new)
    asked_for = isinstance(review.phase, AwaitingChanges)
    begins = review.stage is not None or bool(review.closed)  # the rule for old entries, which do not have the round
    number = review.round + 1 if asked_for or begins else review.round
    if entry.round is not None:
        number = entry.round
    part, did = ("replacedFiles", "replaced") if entry.replaced else ("addedFiles", "added")
    changed = replace(_revised(review, entry, number, f"{did} {new.name}", (part,)), attachments=attachments)
    if asked_for:
        return changed
    edited_at = entry.at if (entry.round or 1) > 1 else None
    return replace(_from_the_start(changed, entry, number), edited_at=edited_at)


def _resubmitted(review: Review, entry: Resubmitted) -> Review:
    """Apply the author's changes. Answers are valid only for the document that they were given for."""
    rewritten, number = review, review.round + 1
    if entry.document != review.document:
        words = tuple(entry.changed)
        rewritten = _revised(review, entry, number, f"changed the {', the '.join(words)}", words)
    rewritten = replace(rewritten, **entry.changed, resubmission=entry.document)
    if entry.document_changed:
        return _from_the_start(rewritten, entry, number)
    resumed = review.phase.pause if isinstance(review.phase, AwaitingChanges) else None
    moved = tuple(replace(answer, round=number) for answer in review.answers)
    goes_on = replace(rewritten, phase=BetweenStages(resumed=resumed), answers=moved)
    return replace(goes_on, round=number, round_began=entry.number)


def _revised(review: Review, entry: Attached | Resubmitted, number: int, change: str, parts: tuple[str, ...]) -> Review:
    """Return the review with the document of an entry, which belongs to the round of that number."""
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


def _over(review: Review, entry: Ended) -> EndedReview:
    return EndedReview(
        outcome=entry.outcome,
        by=entry.decided_by,
        word=entry.word,
        reason=entry.reason,
        at=entry.at,
        missing_changes=review.changes,
    )


def _from_the_start(review: Review, entry: Attached | Resubmitted, number: int) -> Review:
    """Go back to the checks with another document: there will be a new plan, and answers are dropped or kept."""
    return replace(
        review,
        phase=Checking(),
        round=number,
        round_began=entry.number if number > review.round else review.round_began,
        stages=(),
        findings=(),
        next_stage=0,
        answers=_answers_for_next_round(review, number) if entry.answers_kept else (),
    )


def _answers_for_next_round(review: Review, number: int) -> tuple[Answer, ...]:
    """Return the answers as early ones of a new round, except those from escalations: approvers are asked first."""
    return tuple(
        replace(answer, round=number, stage=None, seat=None)
        for answer in review.answers
        if answer.stage is None or among(answer.seat or "", review.stages[answer.stage].approvers)
    )


def _open_stage(review: Review) -> OpenStage:
    """Return the open stage for an entry that needs one; raises ValueError if there is none."""
    if review.stage is None:
        raise ValueError(f"entry {review.number} needs an open stage, but none is open")
    return review.stage


def _having_asked(review: Review, asked: tuple[AskedPerson, ...]) -> Review:
    """Return the review after the last entry has asked these people."""
    new = tuple(each.person for each in asked if not among(each.person, review.involved))
    known = {person for person, _ in review.first_asked}
    first = dict.fromkeys(key(each.person) for each in asked if key(each.person) not in known)
    return replace(
        review,
        involved=(*review.involved, *new),
        first_asked=(*review.first_asked, *((person, review.number) for person in first)),
    )
