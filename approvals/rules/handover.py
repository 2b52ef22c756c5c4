"""Whether a review can still be decided after a task was given to somebody else."""

from approvals.names import among
from approvals.policy.staffing import find_short
from approvals.record.entries import AskedPerson
from approvals.rules.eligibility import ActionRefused
from approvals.rules.state import OpenStage, Review


def blocks_review(review: Review, stage: OpenStage, seat: AskedPerson, to: str) -> ActionRefused | None:
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
