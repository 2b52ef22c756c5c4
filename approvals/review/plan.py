"""The plan: which stages of its policy a proposal goes through, and who is asked in each."""

from collections.abc import Collection

from approvals.review.policy import Policy
from approvals.review.staffing import staff
from approvals.review.stages import Stage


def choose_stages(
    policy: Policy, *, cost: float, department: str | None, findings: Collection[str], author: str
) -> tuple[Stage, ...]:
    """Return the stages of one proposal's way: at least one, each able to pass, the author asked only where allowed.

    Raises `Invalid` where a stage could not pass, which `policy.check_for` tells when the proposal is handed in.
    """
    stages = policy.stages_for(cost=cost, department=department, findings=findings)
    return staff(stages, author=policy.barred(author), four_eyes=policy.four_eyes)
