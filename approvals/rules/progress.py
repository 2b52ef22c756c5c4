"""What happens without a person: stages open and close, reminders are sent, deadlines pass, a review ends."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict, assert_never

from approvals.findings import CLEAN
from approvals.names import key, same
from approvals.policy.plan import choose_stages
from approvals.policy.policy import Policy, Stage
from approvals.record.documents import Attachment, document_hash, policy_hash
from approvals.record.entries import (
    AskedPerson,
    Checked,
    Closing,
    CommentsSent,
    Ended,
    Ending,
    Entry,
    Escalated,
    Reminded,
    StageClosed,
    StageOpened,
    Submitted,
    Via,
)
from approvals.reserved_names import GREENLIGHT, NOBODY
from approvals.rules.replay import apply
from approvals.rules.seats import people_of, people_on
from approvals.rules.state import (
    ON_BEHALF,
    AwaitingChanges,
    BetweenStages,
    Checking,
    EndedReview,
    OpenStage,
    Pause,
    Review,
    WithdrawalStarted,
)
from approvals.rules.verdict import judge, word_of

EDIT_PAUSE = timedelta(seconds=10)
"""How long after the author's last file people are asked again, so that several files are one round."""

COMMENT_PAUSE = timedelta(minutes=5)
"""How long after a letter about a comment the next one is sent, about all comments since then."""


def begin(
    proposal_id: str,
    words: Mapping[str, Any],
    *,
    author: str,
    via: Via,
    policy: Policy,
    policy_name: str,
    attachments: tuple[Attachment, ...],
    now: datetime,
) -> tuple[Entry, ...]:
    """Return the first entries of a record. `words` are title, summary, cost, currency and department."""
    rule = policy.to_dict()
    submission = Submitted(
        number=1,
        at=now,
        by=author,
        via=via,
        document=document_hash(dict(words), attachments),
        proposal_id=proposal_id,
        **words,
        policy_name=policy_name,
        policy=rule,
        policy_hash=policy_hash(rule),
        attachments=attachments,
    )
    return (submission,)


def checked(review: Review, findings: tuple[str, ...], *, document: str, now: datetime) -> tuple[Entry, ...]:
    """Return the entries after the checks of a document: the plan, the first stage. None if the document has changed.

    A repeated call adds nothing, because the review is not in its checks any more.
    """
    if not isinstance(review.phase, Checking) or review.document != document:
        return ()
    stages = choose_stages(
        review.policy,
        cost=review.cost,
        currency=review.currency,
        department=review.department,
        findings=findings,
        author=review.author,
    )
    found = set(findings) - set(CLEAN)
    unseen = tuple(each.number for each in review.answers if found and each.effect == "approve")
    planned = Checked(
        **heading(review, now=now, via=Via.WORKFLOW),
        findings=findings,
        stages=tuple(stage.to_dict() for stage in stages),
        void=unseen or None,
    )
    return (planned, *settle(apply(review, planned), now))


def end_as_failed(review: Review, reason: str, *, now: datetime) -> tuple[Entry, ...]:
    """Return the end of a review whose workflow cannot continue."""
    if review.final:
        return ()
    return (_end(review, "failed", now, by=NOBODY, reason=reason),)


def settle(review: Review, now: datetime) -> tuple[Entry, ...]:
    """Return all entries that are due from the review's state at this time."""
    entries = list[Entry]()
    while entry := _next(review, now):
        entries.append(entry)
        review = apply(review, entry)
    return tuple(entries)


def next_wake(review: Review) -> datetime | None:
    """Return when the next timer is due; None if the review waits only for people."""
    times = [_comments_due(review), _next_deadline(review)]
    return min((each for each in times if each), default=None)


def _comments_due(review: Review) -> datetime | None:
    """Return when the letter about held-back comments is due."""
    told_at = review.comments_told_at
    return told_at + COMMENT_PAUSE if told_at and review.comments_held and not review.final else None


def _next_deadline(review: Review) -> datetime | None:
    match review.phase:
        case AwaitingChanges(until=until):
            return until
        case OpenStage() as stage:
            planned = _next_reminder(stage)
            return min(planned, stage.deadline) if planned else stage.deadline
        case BetweenStages():
            return review.edited_at + EDIT_PAUSE if review.edited_at else None
        case Checking() | WithdrawalStarted() | EndedReview():
            return None
        case never:
            assert_never(never)


def counts(review: Review) -> dict[str, int]:
    """Return what this review adds to the counters: its submission, its outcome, and each escalation."""
    shown = Counter({"submitted": 1, "escalated": review.escalations})
    if review.final:
        shown[review.status.value] += 1
    return dict(+shown)


class Heading(TypedDict):
    """The fields that all entries have."""

    number: int
    at: datetime
    by: str
    via: Via
    document: str


def heading(
    review: Review, *, now: datetime, by: str = GREENLIGHT, via: Via = Via.CLOCK, document: str | None = None
) -> Heading:
    """Return the common fields of the next entry. Its time is never before that of the entry before it.

    `document` is the hash of a document that the entry creates; without it the entry is about the current document.
    """
    at, about = max(now, review.last_at), document or review.document
    return {"number": review.number + 1, "at": at, "by": by, "via": via, "document": about}


def _next(review: Review, now: datetime) -> Entry | None:
    """Return the next entry that is due, or None. The letter about held-back comments comes before the end."""
    if isinstance(review.phase, WithdrawalStarted):
        return _of_phase(review, now)
    due = _comments_due(review)
    following = None if due and now >= due else _of_phase(review, now)
    if due and (now >= due or isinstance(following, Ended)):
        return CommentsSent(**heading(review, now=now), comments=review.comments_held)
    return following


def _of_phase(review: Review, now: datetime) -> Entry | None:
    """Return the entry that is due in the current phase."""
    match review.phase:
        case Checking() | EndedReview():
            return None
        case WithdrawalStarted(by=by, reason=reason):
            return _end(review, "withdrawn", now, by=by, reason=reason)
        case AwaitingChanges(until=until):
            if now < until:
                return None
            return _end(
                review, "expired", now, by=NOBODY, reason="the author did not submit the requested changes in time"
            )
        case BetweenStages(resumed=resumed):
            return _after_a_stage(review, resumed, now)
        case OpenStage() as stage:
            return _answered(review, stage, now) or _due(review, stage, now)
        case never:
            assert_never(never)


def _after_a_stage(review: Review, resumed: Pause | None, now: datetime) -> Entry | None:
    """Open the next stage, or end the review; None if the author may still be changing the document."""
    if review.edited_at and now < review.edited_at + EDIT_PAUSE:
        return None
    last = review.closed[-1] if review.closed else None
    if last and last.round == review.round and last.outcome != "approved":
        stage = review.stages[last.index]
        reason = "nobody answered, not even after the last escalation" if last.outcome == "expired" else None
        return _end(review, last.outcome, now, by=last.by, reason=_in_stage(stage, reason))
    if review.next_stage < len(review.stages):
        return _open(review, resumed, now)
    return _end(review, "approved", now, by=last.by if last else NOBODY, reason=None)


def _in_stage(stage: Stage, reason: str | None) -> str:
    return f"stage {stage.name!r}: {reason}" if reason else f"stage {stage.name!r}"


def _end(review: Review, outcome: Ending, now: datetime, *, by: str, reason: str | None) -> Ended:
    word = word_of(review, outcome, by)
    via = Via.WORKFLOW if outcome == "failed" else Via.CLOCK
    return Ended(**heading(review, now=now, via=via), outcome=outcome, decided_by=by, word=word, reason=reason)


def _open(review: Review, resumed: Pause | None, now: datetime) -> StageOpened:
    """Ask the people of the next stage, or continue the stage that a request for changes has paused."""
    plan = review.stages[review.next_stage]
    at = max(now, review.last_at)
    if resumed:
        asked, rung, reminders = resumed.stage.asked, resumed.stage.rung, resumed.stage.reminders
        window, needed = resumed.remaining, resumed.stage.needed
    else:
        asked, rung, reminders, needed = people_of(review, plan), 0, 0, 1
        window = timedelta(hours=plan.window_hours)
    return StageOpened(
        **heading(review, now=now),
        stage=plan.name,
        index=review.next_stage,
        round=review.round,
        asked=asked,
        deadline=at + window,
        rung=rung,
        reminders=reminders,
        early=_early_answers(review, plan, asked),
        needed=needed if rung else None,
    )


def _early_answers(review: Review, plan: Stage, asked: tuple[AskedPerson, ...]) -> dict[int, str]:
    """Return which early answers count for a stage: the number of each answer's entry, with its seat.

    Each answer counts once, in the first stage that asks for it. No person takes two seats, even if the policy has kept
    several of their answers.
    """
    seats = dict[int, str]()
    taken, counted = set[str](), set[str]()
    for answer in review.answers:
        if answer.stage is not None or key(answer.person) in counted:
            continue
        seat = next((each.seat for each in asked if same(each.person, answer.person)), None)
        if seat is None and plan.anyone and answer.via in ON_BEHALF:
            seat = next((each.seat for each in asked if each.seat not in taken), None)
        if seat is not None and seat not in taken:
            seats[answer.number] = seat
            taken.add(seat)
            counted.add(key(answer.person))
    return seats


def _answered(review: Review, stage: OpenStage, now: datetime) -> StageClosed | None:
    """Close the stage if its answers decide it."""
    answers = review.stage_answers
    outcome = judge(stage, answers)
    return _close(review, stage, outcome, answers[-1].person, now) if outcome else None


def _close(review: Review, stage: OpenStage, outcome: Closing, by: str, now: datetime) -> StageClosed:
    place = heading(review, now=now)
    return StageClosed(**place, stage=stage.plan.name, index=stage.index, outcome=outcome, decided_by=by)


def _due(review: Review, stage: OpenStage, now: datetime) -> Entry | None:
    """Return the entry that the time makes due: the end of a window, or a reminder."""
    plan = stage.plan
    if now < stage.deadline:
        return _reminder(review, stage, now)
    if plan.on_timeout != "escalate":
        outcome: Closing = "approved" if plan.on_timeout == "approve" else "rejected"
        return _close(review, stage, outcome, NOBODY, now)
    for rung in range(stage.rung + 1, len(plan.escalate_to) + 1):
        asked, needed = people_on(review, stage, rung)
        if asked:
            return _escalate(review, plan, rung, asked, needed, now)
    return _close(review, stage, "expired", NOBODY, now)


def _escalate(
    review: Review, plan: Stage, rung: int, asked: tuple[AskedPerson, ...], needed: int, now: datetime
) -> Escalated:
    hours = plan.escalate_to[rung - 1].window_hours or plan.window_hours
    at = max(now, review.last_at)
    return Escalated(
        **heading(review, now=now),
        stage=plan.name,
        rung=rung,
        asked=asked,
        missing=tuple(each.person for each in review.waiting_for),
        # From now, not from the deadline: people who are asked late have the whole window.
        deadline=at + timedelta(hours=hours),
        needed=needed,
    )


def _reminder(review: Review, stage: OpenStage, now: datetime) -> Reminded | None:
    """Return one reminder for all that are due: after an outage people must not get three at once."""
    due = sum(stage.opened_at + timedelta(hours=hours) <= now for hours in stage.plan.remind_after_hours)
    if due <= stage.reminders:
        return None
    people = tuple(each.person for each in review.waiting_for)
    return Reminded(**heading(review, now=now), stage=stage.plan.name, people=people, planned=due)


def _next_reminder(stage: OpenStage) -> datetime | None:
    """Return when the next planned reminder is due."""
    planned = stage.plan.remind_after_hours
    if stage.reminders >= len(planned):
        return None
    return stage.opened_at + timedelta(hours=planned[stage.reminders])
