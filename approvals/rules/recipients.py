"""Who may take over a task."""

from approvals.directory import Directory
from approvals.names import among, same
from approvals.policy.policy import Policy
from approvals.record.entries import AskedPerson, Via
from approvals.rules.eligibility import ActionRefused, refuse_author
from approvals.rules.state import Review
from approvals.rules.verbs import Delegate, Reassign


def unfit_recipient(review: Review, verb: Delegate | Reassign, via: Via, directory: Directory) -> ActionRefused | None:
    """Return why a task must not be given to the person in a verb; None if it may be.

    The policy's `delegateTo` applies to people. A system that reassigns a task acts for the operators, who handle cases
    that the policy did not foresee. An unknown address never gets a task.
    """
    unfit = refuse_author(review, verb.to) or why_busy(review, verb.to)
    if unfit:
        return unfit
    if not directory.allows(verb.to):
        reason = f"{verb.to} is an address outside of the directory and of the domains in MAIL_DOMAINS"
        return ActionRefused(code="notAllowed", reason=reason)
    if isinstance(verb, Delegate) or via is Via.PERSON:
        return _outside(review.policy, verb.to, directory)
    return None


def delegated_seat(review: Review, asked: AskedPerson, person: str) -> AskedPerson | None:
    """Return a seat of the open stage as it was before a person delegated it; None if this person did not."""
    if asked.on_behalf_of is None or review.stage is None:
        return None
    stage = review.stage.plan.name
    return next(
        (
            each
            for name, each in review.seats_before_delegation
            if name == stage and same(each.seat, asked.seat) and same(each.person, person)
        ),
        None,
    )


def why_busy(review: Review, person: str) -> ActionRefused | None:
    """Return why a person cannot get one more task in the open stage; None if they can."""
    return _has_a_place(review, person) or _engaged_elsewhere(review, person)


def _engaged_elsewhere(review: Review, person: str) -> ActionRefused | None:
    """Refuse a person who has decided in another stage, if the policy requires four eyes; else None."""
    here = review.stage.index if review.stage else None
    if not review.policy.four_eyes or not any(
        same(each.person, person) and each.stage != here for each in review.answers
    ):
        return None
    reason = f"{person} has decided in another stage, and this policy requires four eyes"
    return ActionRefused(code="conflict", reason=reason)


def _has_a_place(review: Review, person: str) -> ActionRefused | None:
    """Refuse a person who is asked in the open stage or has answered in it, for anybody's seat; else None."""
    asked = tuple(each.person for each in review.stage.asked) if review.stage else ()
    answered = tuple(each.person for each in review.stage_answers)
    if not among(person, (*asked, *answered)):
        return None
    return ActionRefused(code="conflict", reason=f"{person} is already asked in this stage and can answer only once")


def _outside(policy: Policy, to: str, directory: Directory) -> ActionRefused | None:
    match policy.delegate_to:
        case "anyone":
            return None
        case "nobody":
            return ActionRefused(code="notAllowed", reason="this policy does not allow tasks to be handed over")
        case "directory":
            if directory.knows(to):
                return None
            return ActionRefused(
                code="notAllowed",
                reason=f"this policy allows only people in the directory to take over a task, not {to}",
            )
        case named:
            if among(to, named):
                return None
            return ActionRefused(
                code="notAllowed", reason=f"this policy allows only {', '.join(named)} to take over a task, not {to}"
            )
