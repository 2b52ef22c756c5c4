"""Who is asked when a stage opens, and when it is escalated to a rung."""

from collections.abc import Sequence

from approvals.names import among, key
from approvals.policy.staffing import find_short
from approvals.policy.stages import Stage
from approvals.record.entries import AskedPerson
from approvals.rules.state import OpenStage, Review
from approvals.rules.verdict import still_needed


def people_of(review: Review, plan: Stage) -> tuple[AskedPerson, ...]:
    """Return who is asked when a stage opens: its approvers, or those who got their tasks in an earlier round."""
    return _as_handed_over(review, plan, tuple(AskedPerson(seat=each, person=each) for each in plan.approvers))


def people_on(review: Review, stage: OpenStage, rung: int) -> tuple[tuple[AskedPerson, ...], int]:
    """Return who is asked on a rung, and how many of them must say yes; nobody if the rung is skipped.

    No person fills two places. So if a rung has fewer people than answers are missing, the people who have not answered
    are still asked.
    """
    answered = tuple(name for each in review.stage_answers for name in (each.person, each.seat or ""))
    passed_over = (*answered, *(each.person for each in review.answers if review.policy.four_eyes))
    if not review.policy.allow_self_approval:
        passed_over = (*passed_over, review.author)
    names = tuple(each for each in stage.plan.escalate_to[rung - 1].to if not among(each, passed_over))
    own = tuple(AskedPerson(seat=each, person=each) for each in names)
    given = _as_handed_over(review, stage.plan, own)
    people = tuple(one if among(other.person, passed_over) else other for one, other in zip(own, given, strict=True))
    needed = still_needed(stage.plan, review.stage_answers)
    if people and len(people) < needed:
        taken = (*names, *(each.person for each in people))
        people += tuple(each for each in review.waiting_for if not _is_one_of(each, taken))
    return people, needed


def _is_one_of(asked: AskedPerson, names: tuple[str, ...]) -> bool:
    return among(asked.seat, names) or among(asked.person, names)


def _as_handed_over(review: Review, plan: Stage, asked: tuple[AskedPerson, ...]) -> tuple[AskedPerson, ...]:
    """Give each seat to the person who got it in an earlier round, if the review can still be decided then."""
    for stage, held in review.handed_over:
        given = tuple(held if stage == plan.name and key(each.seat) == key(held.seat) else each for each in asked)
        if given != asked and _can_go_on(review, plan, given, held.person):
            asked = given
    return asked


def _can_go_on(review: Review, plan: Stage, asked: Sequence[AskedPerson], person: str) -> bool:
    people = tuple(each.person for each in asked)
    if len(set(map(key, people))) < len(people):
        return False
    if not review.policy.four_eyes:
        return True
    decided = tuple(each.person for each in review.answers if each.stage is not None)
    required = tuple(each.person for each in asked if among(each.seat, plan.required))
    current = plan.model_copy(update={"approvers": people, "required": required})
    later = review.stages[review.next_stage + 1 :]
    return not among(person, decided) and find_short(current, later, decided) is None
