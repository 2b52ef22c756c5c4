"""Adding a record up: what each entry makes of the review that it comes to."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from approvals.names import among, key, same
from approvals.policy.policy import Policy, Stage
from approvals.record.documents import Attachment, policy_hash
from approvals.record.entries import Entry, Kind
from approvals.rules.limits import MOST_BY_ONE
from approvals.rules.state import Answer, Asked, ClosedStage, OpenStage, Review, Status


def replay(entries: tuple[Entry, ...]) -> Review:
    """Add up a whole record; it has at least the entry of its submission."""
    review = submitted(entries[0])
    for entry in entries[1:]:
        review = apply(review, entry)
    return review


def submitted(entry: Entry) -> Review:
    """Return the review that begins with this entry."""
    data = entry.data
    attachments = tuple(Attachment.from_dict(each) for each in data["attachments"])
    return Review(
        number=entry.number,
        last_at=entry.time,
        proposal_id=data["proposalId"],
        title=data["title"],
        summary=data["summary"],
        author=entry.by,
        cost=data["cost"],
        currency=data["currency"],
        department=data["department"],
        policy_name=data["policyName"],
        policy=Policy.from_dict(data["policy"]),
        policy_hash=policy_hash(data["policy"]),
        submitted_at=entry.time,
        attachments=attachments,
        document=entry.document,
        status=Status.CHECKING,
        involved=(entry.by,),
    )


def apply(review: Review, entry: Entry) -> Review:
    """Return the review one entry on. Entries were judged before they were written, so nothing is refused here."""
    acts = (*review.acts, (key(entry.by), entry.kind)) if entry.kind in MOST_BY_ONE else review.acts
    after = replace(review, number=entry.number, last_at=entry.time, acts=acts)
    data = entry.data
    match entry.kind:
        case Kind.CHECKED:
            stages = tuple(Stage.from_dict(each) for each in data["stages"])
            planned = replace(after, status=Status.IN_REVIEW, reviewed=entry.document)
            return replace(planned, findings=tuple(data["findings"]), stages=stages)
        case Kind.STAGE_OPENED:
            return _open(after, entry)
        case Kind.DECIDED:
            return _decided(after, entry)
        case Kind.STAGE_CLOSED:
            return _closed(after, entry)
        case Kind.DELEGATED | Kind.REASSIGNED:
            return _handed_over(after, entry)
        case Kind.REMINDED | Kind.ESCALATED:
            return _pressed(after, entry)
        case Kind.COMMENTED:
            others = tuple(each for each in review.last_words if not same(each[0], entry.by))
            return replace(after, comments=review.comments + 1, last_words=(*others, (entry.by, data["comment"])))
        case Kind.CHANGES_REQUESTED:
            left = review.stage.deadline - entry.time if review.stage else None
            until = datetime.fromisoformat(data["until"])
            paused = replace(after, status=Status.CHANGES_REQUESTED, stage=None, paused=review.stage, remaining=left)
            spent = _spent(review, data["linkId"])
            return replace(paused, changes_until=until, changes_by=entry.by, spent_links=spent)
        case Kind.RESUBMITTED | Kind.ATTACHED:
            return _rewritten(after, entry)
        case Kind.WITHDRAWN:
            return replace(after, withdrawn_by=entry.by, reason=data["reason"])
        case Kind.ENDED:
            return replace(
                after,
                status=Status(data["outcome"]),
                stage=None,
                ended_at=entry.time,
                decided_by=data["decidedBy"],
                outcome_word=data["word"],
                reason=data["reason"],
            )
        case Kind.SUBMITTED:
            raise ValueError("a record holds one submission, at its beginning")
        case never:
            assert_never(never)


def _open(review: Review, entry: Entry) -> Review:
    asked = _asked(entry)
    index = entry.data["index"]
    plan = review.stages[index]
    stage = OpenStage(
        index=index,
        opened_at=entry.time,
        deadline=datetime.fromisoformat(entry.data["deadline"]),
        rung=entry.data["rung"],
        asked=asked,
        reminders=entry.data["reminders"],
    )
    status = Status.AWAITING_BUDGET if plan.kind == "budget" else Status.IN_REVIEW
    seats = dict(entry.data["early"])
    answers = tuple(
        replace(answer, seat=seats[str(answer.number)], stage=index) if str(answer.number) in seats else answer
        for answer in review.answers
    )
    involved = _involved(review, asked)
    return replace(review, stage=stage, status=status, answers=answers, paused=None, involved=involved)


def _decided(review: Review, entry: Entry) -> Review:
    data = entry.data
    answer = Answer(
        number=entry.number,
        person=entry.by,
        seat=data["seat"],
        on_behalf_of=data["onBehalfOf"],
        word=data["decision"],
        effect=data["effect"],
        at=entry.time,
        via=entry.via,
        round=review.round,
        stage=None if data["seat"] is None else review.next_stage,
        document=entry.document,
        decision_id=data["decisionId"],
        link_id=data["linkId"],
    )
    spent = _spent(review, answer.link_id)
    decisions = (*review.decisions, answer)
    return replace(review, answers=(*review.answers, answer), decisions=decisions, spent_links=spent)


def _spent(review: Review, link_id: str | None) -> tuple[str, ...]:
    return (*review.spent_links, link_id) if link_id else review.spent_links


def _closed(review: Review, entry: Entry) -> Review:
    closed = ClosedStage(
        index=entry.data["index"],
        round=review.round,
        outcome=entry.data["outcome"],
        by=entry.data["decidedBy"],
        at=entry.time,
    )
    return replace(review, stage=None, closed=(*review.closed, closed), next_stage=review.next_stage + 1)


def _handed_over(review: Review, entry: Entry) -> Review:
    assert review.stage  # a task is handed over in an open stage only
    seat, to, giver = entry.data["seat"], entry.data["to"], entry.data["onBehalfOf"]
    asked = tuple(
        replace(each, person=to, on_behalf_of=giver) if each.seat == seat else each for each in review.stage.asked
    )
    return replace(review, stage=replace(review.stage, asked=asked), involved=_involved(review, asked))


def _pressed(review: Review, entry: Entry) -> Review:
    assert review.stage  # only an open stage has people to remind, and an end
    if entry.kind is Kind.REMINDED:
        done = entry.data["planned"]
        stage = replace(review.stage, last_reminder=entry.time, reminders=max(done, review.stage.reminders))
        return replace(review, stage=stage)
    asked = _asked(entry)
    stage = OpenStage(
        index=review.stage.index,
        opened_at=entry.time,
        deadline=datetime.fromisoformat(entry.data["deadline"]),
        rung=entry.data["rung"],
        asked=asked,
    )
    return replace(review, stage=stage, escalations=review.escalations + 1, involved=_involved(review, asked))


def _rewritten(review: Review, entry: Entry) -> Review:
    """Take over what the author changed. Answers hold for the document that they were given for."""
    data = entry.data
    if entry.kind is Kind.ATTACHED:
        new = Attachment.from_dict(data["attachment"])
        attachments = (*(each for each in review.attachments if each.name != new.name), new)
        changed = replace(review, attachments=attachments, document=entry.document)
        if review.status is Status.CHANGES_REQUESTED:
            return changed
        return _from_the_start(changed, new_round=review.stage is not None or bool(review.closed))
    rewritten = replace(review, **data["changed"], document=entry.document, resubmission=entry.document)
    paused = replace(rewritten, changes_until=None, changes_by=None)
    if data["documentChanged"]:
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


def _asked(entry: Entry) -> tuple[Asked, ...]:
    return tuple(
        Asked(seat=each["seat"], person=each["person"], on_behalf_of=each["onBehalfOf"]) for each in entry.data["asked"]
    )


def _involved(review: Review, asked: tuple[Asked, ...]) -> tuple[str, ...]:
    new = tuple(each.person for each in asked if not among(each.person, review.involved))
    return (*review.involved, *new)
