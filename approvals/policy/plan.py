"""The plan: which stages of its policy a proposal goes through, and who is asked in each stage."""

from collections.abc import Collection

from approvals.policy.policy import REFUSED, Policy
from approvals.policy.staffing import staff
from approvals.policy.stages import Stage
from approvals.validation import Invalid


def choose_stages(
    policy: Policy, *, cost: float, currency: str, department: str | None, findings: Collection[str], author: str
) -> tuple[Stage, ...]:
    """Return the stages of one proposal: at least one; each can pass; the author is asked only if the policy allows it.

    Raises `Invalid` if a stage could not pass, or if the policy refuses the proposal. `policy.check_for` reports both
    already at submission.
    """
    stages = policy.stages_for(cost=cost, currency=currency, department=department, findings=findings)
    if not stages:
        raise Invalid(REFUSED)
    return staff(stages, author=policy.barred(author), four_eyes=policy.four_eyes)
