"""Whether a review can still be decided after a task has gone to somebody else, as it could when it was planned."""

from approvals.names import among
from approvals.policy.staffing import find_short
from approvals.record.entries import Asked
from approvals.rules.eligibility import Refused
from approvals.rules.state import OpenStage, Review


def strands(review: Review, stage: OpenStage, seat: Asked, to: str) -> Refused | None:
    """Say what could not go on if `to` had the task of this seat in the open stage; None where all could."""
    plan = stage.plan
    before = tuple(each.person for each in stage.asked)
    asked = tuple(to if each.seat == seat.seat else each.person for each in stage.asked)
    above = tuple(person for rung in plan.escalate_to[stage.rung :] for person in rung.to)
    known = (*asked, *before, *(each.seat for each in stage.asked))
    if plan.on_timeout == "escalate" and among(to, above) and all(among(person, known) for person in above):
        reason = f"stage {plan.name!r} escalates to {to} and to nobody else: hand it to another person"
        return Refused(code="conflict", reason=reason)
    short = _short_of_eyes(review, stage, asked) if review.policy.four_eyes else None
    if short is None or _short_of_eyes(review, stage, before):
        return None
    reason = f"with fourEyes stage {short!r} cannot pass without {to}, who cannot decide in two stages"
    return Refused(code="conflict", reason=reason)


def _short_of_eyes(review: Review, stage: OpenStage, asked: tuple[str, ...]) -> str | None:
    """Return a stage that has not enough people of its own, if those are asked in the open one."""
    plan = stage.plan
    decided = tuple(each.person for each in review.answers if each.stage is not None)
    waiting = tuple(each for each in asked if not among(each, decided))
    seats = {each.seat for each in stage.asked}
    yes = sum(each.effect == "approve" and each.seat in seats for each in review.stage_answers)
    needed = max(1, (stage.needed if stage.rung else plan.needed) - yes)
    # Whoever holds a required seat now cannot be done without, whatever their name.
    held = zip((each.seat for each in stage.asked), asked, strict=True)
    required = () if stage.rung else tuple(person for place, person in held if among(place, plan.required))
    fields = {
        "approvers": waiting,
        "required": tuple(each for each in required if among(each, waiting)),
        "rule": "quorum",
        "quorum": min(needed, len(waiting)),
    }
    return find_short(plan.model_copy(update=fields), review.stages[stage.index + 1 :], decided)
