"""Whether a task is handed over: delegated by who has it, reassigned by an operator, or taken back.

A task goes to nobody with whom the review could not be decided any more. Each function returns the entry to write,
where it was recorded before, or why it is refused.
"""

from datetime import datetime

from approvals.directory import Directory
from approvals.names import among, key, same
from approvals.policy.staffing import find_short
from approvals.record.entries import AskedPerson, Delegated, Entry, Kind, Reassigned, Via
from approvals.reserved_names import A_SYSTEM
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded, find_seat, refusal_after_end
from approvals.rules.progress import heading
from approvals.rules.recipients import delegated_seat, unfit_recipient, why_busy
from approvals.rules.state import OpenStage, Review
from approvals.rules.verbs import Delegate, Reassign, TakeBack


def hand_over(
    review: Review, verb: Delegate | Reassign, via: Via, now: datetime, directory: Directory
) -> Entry | AlreadyRecorded | ActionRefused:
    """Judge a delegation, or a reassignment by an operator."""
    if review.end:
        return refusal_after_end(review.end)
    stage = review.stage
    if stage is None:
        return ActionRefused(code="notNow", reason="a task can be handed over only while its stage is open")
    if via is Via.PERSON and not same(verb.actor_name, verb.owner):
        return ActionRefused(code="notAsked", reason=f"only {verb.owner} or an operator may hand this task over")
    seat = next((each for each in review.waiting_for if same(each.person, verb.owner)), None)
    if seat is None:
        given = next((each for each in stage.asked if same(each.person, verb.to)), None)
        if given and among(verb.owner, (given.on_behalf_of or "", given.seat)):
            return AlreadyRecorded(number=review.number)
        return ActionRefused(code="notAsked", reason=f"{verb.owner} has no task in stage {stage.plan.name!r}")
    unfit = unfit_recipient(review, verb, via, directory)
    if unfit:
        return unfit
    stranded = _blocks_review(review, stage, seat, verb.to)
    if stranded:
        return stranded
    delegating = isinstance(verb, Delegate)
    kind = Delegated if delegating else Reassigned
    nobodys = isinstance(verb, Reassign) and verb.by is None and via is not Via.PERSON
    return kind(
        **heading(review, now=now, by=A_SYSTEM if nobodys else verb.actor_name, via=via),
        stage=stage.plan.name,
        seat=seat.seat,
        owner=verb.owner,
        to=verb.to,
        on_behalf_of=_giver(seat, verb.to) if delegating else None,
        comment=verb.comment,
    )


def take_back(review: Review, verb: TakeBack, via: Via, now: datetime) -> Entry | AlreadyRecorded | ActionRefused:
    """Judge that somebody takes a task back that they have delegated."""
    if review.end:
        return refusal_after_end(review.end)
    if review.stage is None:
        return ActionRefused(code="notNow", reason="a task can be taken back only while its stage is open")
    stage = review.stage.plan.name
    given = next((each for each in review.stage.asked if delegated_seat(review, each, verb.by)), None)
    if given is None and find_seat(review, verb.by) and (key(verb.by), Kind.DELEGATED) in review.acts:
        return AlreadyRecorded(number=review.number)
    if given is None:
        return ActionRefused(code="notAsked", reason=f"{verb.by} has delegated no task in stage {stage!r}")
    if given not in review.waiting_for:
        return ActionRefused(code="alreadyDecided", reason=f"{given.person} has answered on behalf of {verb.by}")
    unfit = why_busy(review, verb.by) or _blocks_review(review, review.stage, given, verb.by)
    if unfit:
        return unfit
    mine = delegated_seat(review, given, verb.by)
    return Delegated(
        **heading(review, now=now, by=verb.by, via=via),
        stage=stage,
        seat=given.seat,
        owner=given.person,
        to=verb.by,
        on_behalf_of=mine.on_behalf_of if mine else None,
        comment=verb.comment,
    )


def _giver(seat: AskedPerson, to: str) -> str | None:
    """Return for whom the new person answers; None if the task returns to its owner."""
    owner = seat.on_behalf_of or seat.person
    return None if same(owner, to) else owner


def _blocks_review(review: Review, stage: OpenStage, seat: AskedPerson, to: str) -> ActionRefused | None:
    """Return why the review could not be decided if `to` got this seat's task in the open stage; None if it could."""
    plan = stage.plan
    before = tuple(each.person for each in stage.asked)
    asked = tuple(to if each.seat == seat.seat else each.person for each in stage.asked)
    above = tuple(person for rung in plan.escalate_to[stage.rung :] for person in rung.to)
    known = (*asked, *before, *(each.seat for each in stage.asked))
    if plan.on_timeout == "escalate" and among(to, above) and all(among(person, known) for person in above):
        reason = f"stage {plan.name!r} escalates only to {to}; choose another person"
        return ActionRefused(code="conflict", reason=reason)
    short = _short_of_eyes(review, stage, asked) if review.policy.four_eyes else None
    if short is None or _short_of_eyes(review, stage, before):
        return None
    reason = f"stage {short!r} needs {to}, who may not decide in two stages (fourEyes)"
    return ActionRefused(code="conflict", reason=reason)


def _short_of_eyes(review: Review, stage: OpenStage, asked: tuple[str, ...]) -> str | None:
    """Return a stage that would have too few people if these people are asked in the open stage."""
    plan = stage.plan
    decided = tuple(each.person for each in review.answers if each.stage is not None)
    waiting = tuple(each for each in asked if not among(each, decided))
    seats = {each.seat for each in stage.asked}
    yes = sum(each.effect == "approve" and each.seat in seats for each in review.stage_answers)
    needed = max(1, (stage.needed if stage.rung else plan.needed) - yes)
    # The person who has a required seat now is required, whatever their name.
    held = zip((each.seat for each in stage.asked), asked, strict=True)
    required = () if stage.rung else tuple(person for place, person in held if among(place, plan.required))
    fields = {
        "approvers": waiting,
        "required": tuple(each for each in required if among(each, waiting)),
        "rule": "quorum",
        "quorum": min(needed, len(waiting)),
    }
    return find_short(plan.model_copy(update=fields), review.stages[stage.index + 1 :], decided)
