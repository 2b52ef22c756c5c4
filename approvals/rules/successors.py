"""To whom a task may be handed over."""

from approvals.directory import Directory
from approvals.names import among, same
from approvals.policy.policy import Policy
from approvals.record.entries import Asked, Via
from approvals.rules.eligibility import Refused, wrote_it
from approvals.rules.state import Review
from approvals.rules.verbs import Delegate, Reassign


def unfit_successor(review: Review, verb: Delegate | Reassign, via: Via, directory: Directory) -> Refused | None:
    """Say why a task must not go to whom a verb names; None where it may.

    What the policy says of it binds people. A system that reassigns a task acts for the operators, who mend what the
    policy did not foresee; but to a stranger's address nothing goes at all.
    """
    unfit = wrote_it(review, verb.to) or busy(review, verb.to)
    if unfit:
        return unfit
    if not directory.allows(verb.to):
        reason = f"{verb.to} is an address outside of the directory and of the domains in MAIL_DOMAINS"
        return Refused(code="notAllowed", reason=reason)
    if isinstance(verb, Delegate) or via is Via.PERSON:
        return _outside(review.policy, verb.to, directory)
    return None


def held_before(review: Review, asked: Asked, person: str) -> Asked | None:
    """Return a seat of the open stage as a person had it who delegated it; None where this person did not."""
    if asked.on_behalf_of is None or review.stage is None:
        return None
    stage = review.stage.plan.name
    return next(
        (
            each
            for name, each in review.given
            if name == stage and same(each.seat, asked.seat) and same(each.person, person)
        ),
        None,
    )


def busy(review: Review, person: str) -> Refused | None:
    """Say why somebody cannot have one more task in the open stage, whoever gives it; None where they can."""
    return _has_a_place(review, person) or _engaged_elsewhere(review, person)


def _engaged_elsewhere(review: Review, person: str) -> Refused | None:
    """Say that somebody decides in another stage, where the policy lets nobody decide in two; else None."""
    here = review.stage.index if review.stage else None
    if not review.policy.four_eyes or not any(
        same(each.person, person) and each.stage != here for each in review.answers
    ):
        return None
    reason = f"{person} has decided in another stage, and this policy asks for four eyes"
    return Refused(code="conflict", reason=reason)


def _has_a_place(review: Review, person: str) -> Refused | None:
    """Say that somebody is asked in the open stage, or has answered it, in whosever place; else None."""
    asked = tuple(each.person for each in review.stage.asked) if review.stage else ()
    answered = tuple(each.person for each in review.stage_answers)
    if not among(person, (*asked, *answered)):
        return None
    return Refused(code="conflict", reason=f"{person} is asked in this stage already and has one answer")


def _outside(policy: Policy, to: str, directory: Directory) -> Refused | None:
    match policy.delegate_to:
        case "anyone":
            return None
        case "nobody":
            return Refused(code="notAllowed", reason="under this policy nobody hands a task over")
        case "directory":
            if directory.knows(to):
                return None
            return Refused(
                code="notAllowed", reason=f"under this policy tasks go to people in the directory, not to {to}"
            )
        case named:
            if among(to, named):
                return None
            return Refused(code="notAllowed", reason=f"under this policy tasks go to {', '.join(named)}, not to {to}")
