"""Who may answer: whether a person is asked now, later, not any more or not at all, and the sentence for each case."""

from dataclasses import dataclass
from typing import Literal

from approvals.instants import minute
from approvals.names import among, key, same
from approvals.policy.policy import Stage
from approvals.record.entries import AskedPerson, Via
from approvals.reserved_names import NOBODY
from approvals.rules.links import Link
from approvals.rules.state import ON_BEHALF, AwaitingChanges, Checking, ClosedStage, EndedReview, Review

Code = Literal[
    "invalid",
    "notAsked",
    "selfApproval",
    "fourEyes",
    "notAllowed",
    "notAuthor",
    "alreadyDecided",
    "over",
    "notNow",
    "conflict",
    "documentChanged",
    "replayed",
    "superseded",
    "tooSoon",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRefused:
    """A refused action; `reason` is one sentence for the person, without a full stop."""

    code: Code
    reason: str
    retry_after_s: int | None = None
    """Seconds after which the action would be accepted; only for `tooSoon`."""
    changes: tuple[str, ...] = ()
    """What was changed in the document, by whom and when; only for `documentChanged`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyRecorded:
    """The action was recorded before; repeating it changes nothing."""

    number: int
    """The number of its entry; that of the latest entry if it has none."""


def find_seat(review: Review, person: str) -> AskedPerson | None:
    """Return the seat that a person is asked to answer for now."""
    return next((each for each in review.waiting_for if same(each.person, person)), None)


def may_answer(review: Review, person: str, via: Via) -> AskedPerson | ActionRefused | None:
    """Return the seat that a person may answer for; None if the answer is early and is kept for its stage."""
    own = refuse_author(review, person)
    if own:
        return own
    if isinstance(review.phase, AwaitingChanges):
        return ActionRefused(
            code="notNow", reason="the author was asked for changes; decide after the proposal is submitted again"
        )
    seat = find_seat(review, person) or _vouched_for(review, via)
    if seat:
        return _second_answer(review, person) or seat
    missed = _refusal_after_handover(review, person)
    if missed:
        return missed
    if _asked_later(review, person, via):
        return None
    return (
        _came_late(review, person)
        or _gave_it_away(review, person)
        or ActionRefused(code="notAsked", reason=f"{person} is not asked in this proposal")
    )


def refuse_author(review: Review, person: str) -> ActionRefused | None:
    """Refuse an author's answer to their own proposal; None for others, or if the policy allows it."""
    if not same(person, review.author) or review.policy.allow_self_approval:
        return None
    return ActionRefused(code="selfApproval", reason=f"{person} wrote the proposal and may not decide on it")


def refusal_after_end(end: EndedReview) -> ActionRefused:
    """Return the refusal for an action after the end: how the review ended, and who decided."""
    by = "" if end.by == NOBODY else f" by {end.by}"
    return ActionRefused(code="over", reason=f"the proposal was {end.outcome}{by} at {minute(end.at)}")


def why_superseded(review: Review, link: Link) -> ActionRefused | None:
    """Return why a link does not fit the open stage; None if it does."""
    if review.end:
        return refusal_after_end(review.end)
    stage = review.stage
    if stage is None:
        return ActionRefused(code="superseded", reason="the proposal is not waiting for an answer now")
    if (link.round, link.stage, link.rung) == (review.round, stage.plan.name, stage.rung):
        return None
    ended = next((each for each in reversed(review.closed) if review.stages[each.index].name == link.stage), None)
    if ended and ended.round == review.round:
        return _closed(link.stage, ended)
    return ActionRefused(code="superseded", reason="the proposal has moved on since this link was sent")


def _closed(stage: str, ended: ClosedStage) -> ActionRefused:
    reason = f"stage {stage!r} was {ended.outcome} by {ended.by} at {minute(ended.at)}"
    return ActionRefused(code="over", reason=reason)


def _vouched_for(review: Review, via: Via) -> AskedPerson | None:
    """Return a seat for a person that a trusted system names, if the policy allows that for the open stage."""
    if review.open_stage is None or not review.open_stage.anyone or via not in ON_BEHALF:
        return None
    return next(iter(review.waiting_for), None)


def _second_answer(review: Review, person: str) -> ActionRefused | None:
    if not review.policy.four_eyes:
        return None
    earlier = next((each for each in review.answers if same(each.person, person)), None)
    if earlier is None:
        return None
    return ActionRefused(
        code="fourEyes", reason=f"{person} has decided in an earlier stage, and this policy requires four eyes"
    )


def _refusal_after_handover(review: Review, person: str) -> ActionRefused | None:
    """Return the refusal for a person whose task now belongs to somebody else."""
    stage = review.stage
    if stage is None:
        return None
    to = next((each.person for each in stage.asked if _gave_away(each, person)), None)
    if to:
        return ActionRefused(code="notAsked", reason=f"{person} has handed this task over to {to}")
    if stage.rung and among(person, _approvers_below(stage.plan, below=stage.rung)):
        now = ", ".join(each.person for each in stage.asked)
        return ActionRefused(
            code="over", reason=f"the deadline passed at {minute(stage.opened_at)}; now {now} may decide"
        )
    return None


def _gave_away(asked: AskedPerson, person: str) -> bool:
    """Say whether a task belonged to this person and now belongs to somebody else."""
    return not same(asked.person, person) and among(person, (asked.seat, asked.on_behalf_of or asked.seat))


def _approvers_below(plan: Stage, *, below: int) -> tuple[str, ...]:
    """Return the approvers of a stage and the people on its rungs below the given one."""
    return (*plan.approvers, *(each for rung in plan.escalate_to[: below - 1] for each in rung.to))


def _asked_later(review: Review, person: str, via: Via) -> bool:
    """Say whether a later stage will ask this person."""
    if isinstance(review.phase, Checking):
        to_come = review.policy.all_stages
        if among(person, review.policy.budget_owners) and review.policy.budget_limit is not None:
            return True
    else:
        to_come = review.stages[review.next_stage + (1 if review.stage else 0) :]
    if via in ON_BEHALF and any(stage.anyone for stage in to_come):
        return True
    return any(among(person, _holders(review, stage)) for stage in to_come)


def _holders(review: Review, stage: Stage) -> tuple[str, ...]:
    """Return the people that a stage will ask: its approvers, or those who got their tasks in an earlier round."""
    given = {key(asked.seat): asked.person for name, asked in review.handed_over if name == stage.name}
    return tuple(given.get(key(each), each) for each in stage.approvers)


def _gave_it_away(review: Review, person: str) -> ActionRefused | None:
    """Return the refusal for a person whose task was given to somebody else in an earlier round."""
    to = next((each.person for _, each in review.handed_over if _gave_away(each, person)), None)
    return ActionRefused(code="notAsked", reason=f"{person} has handed this task over to {to}") if to else None


def _came_late(review: Review, person: str) -> ActionRefused | None:
    """Return the refusal for a person whose stage is closed, with who decided it."""
    for ended in reversed(review.closed):
        plan = review.stages[ended.index] if ended.round == review.round else None
        if plan and among(person, _approvers_below(plan, below=len(plan.escalate_to) + 1)):
            return _closed(plan.name, ended)
    return None
