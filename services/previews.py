"""Previews: the stages that a valid proposal would go through, without submitting it."""

from datetime import datetime
from typing import Any

from approvals.policy.policy import Policy, check_for
from approvals.policy.preview import find_ways, show_way
from approvals.record.documents import policy_hash, policy_version
from approvals.rules.authoring import revised_words
from approvals.rules.state import Review
from approvals.rules.verbs import Resubmit
from gateways import clock
from services.submissions import Submission


def foresee(submission: Submission) -> dict[str, Any]:
    """Return the preview as plain JSON data; `replies.PreviewReply` describes it."""
    form, policy, now = submission.form, submission.policy, clock.now()
    hashed = policy_hash(policy.to_dict())
    return {
        "policy": submission.policy_name,
        "policyVersion": policy_version(policy.version, hashed),
        "policyHash": hashed,
        "keepAnswersOn": list(policy.keep_answers_on),
        "now": now.isoformat(),
        **_ways(policy, now, author=form.author, cost=form.cost, currency=form.currency, department=form.department),
    }


def foresee_again(review: Review, verb: Resubmit) -> dict[str, Any]:
    """Return the stages that a proposal would go through if it were handed in again like this.

    Raises `Invalid` if its policy cannot be applied to it then.
    """
    words = revised_words(review, verb)
    after = {name: words[name] for name in ("cost", "currency", "department")}
    check_for(review.policy, review.author, **after)
    return _ways(review.policy, clock.now(), author=review.author, **after)


def _ways(
    policy: Policy, now: datetime, *, author: str, cost: float, currency: str, department: str | None
) -> dict[str, Any]:
    first, *others = find_ways(policy, author=author, cost=cost, currency=currency, department=department)
    return {
        "stages": show_way(first.stages, now),
        "otherWays": [
            {"findings": [list(each) for each in way.findings], "stages": show_way(way.stages, now)} for way in others
        ],
    }
