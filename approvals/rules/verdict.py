"""The result of answers: whether they decide a stage, how many are missing, and the word of the outcome."""

from approvals.names import among, key
from approvals.policy.faults import KNOWN_WORDS
from approvals.policy.stages import Stage
from approvals.record.entries import Closing, Ending
from approvals.rules.state import Answer, OpenStage, Review


def judge(stage: OpenStage, answers: tuple[Answer, ...]) -> Closing | None:
    """Return the outcome of a stage by its answers; None while they do not decide it."""
    plan = stage.plan
    asked = {key(each.seat) for each in stage.asked}
    yes = {key(answer.seat) for answer in answers if answer.seat and answer.effect == "approve"}
    no = {key(answer.seat) for answer in answers if answer.seat and answer.effect == "reject"}
    required = {key(each) for each in plan.required}
    vetoing = asked if plan.veto is True or plan.rule != "quorum" else {key(each) for each in plan.veto or ()}
    if stage.rung:
        # Each person on the rung replaces a person who did not answer, and one no is enough.
        on_rung = {key(each) for each in plan.escalate_to[stage.rung - 1].to}
        if no & asked & (required | vetoing | on_rung) or len(asked - no) < stage.needed:
            return "rejected"
        return "approved" if len(yes & asked) >= stage.needed else None
    needed = {"first": 1, "all": len(asked), "quorum": plan.quorum or len(asked)}[plan.rule]
    if no & (required | vetoing) or len(asked - no) < needed:
        return "rejected"
    return "approved" if len(yes) >= needed and required <= yes else None


def still_needed(plan: Stage, answers: tuple[Answer, ...]) -> int:
    """Return how many more people must say yes after a stage's deadline: as many as are missing, at least one."""
    yes = {key(answer.person) for answer in answers if answer.effect == "approve"}
    return max(1, plan.needed - len(yes))


def word_of(review: Review, outcome: Ending, by: str) -> str:
    """Return the word of a review's outcome; several words if people who agree have used several words of the policy.

    A plain yes of another person does not replace a conditional yes. If nobody has used a word of the policy, it is the
    word of the person who decided, or the outcome's own word if a deadline decided.
    """
    effect = {"approved": "approve", "rejected": "reject"}.get(outcome)
    counted = [answer for answer in review.answers if answer.stage is not None and answer.effect == effect]
    own = {key(answer.word): answer.word for answer in reversed(counted) if not among(answer.word, tuple(KNOWN_WORDS))}
    if own:
        return ", ".join(reversed(own.values()))
    return next((answer.word for answer in reversed(counted) if key(answer.person) == key(by)), outcome)


def silent_stages(review: Review) -> tuple[str, ...]:
    """Return the names of the stages that passed because nobody answered, which the policy counts as a yes."""
    last = {closed.index: closed for closed in review.closed if closed.index < review.next_stage}
    return tuple(
        review.stages[index].name
        for index, closed in sorted(last.items())
        if closed.outcome == "approved" and closed.is_by_deadline
    )
