"""Previews: the stages that a valid proposal would go through, without submitting it."""

from typing import Any

from approvals.policy.preview import find_ways, show_way
from approvals.record.documents import policy_hash, policy_version
from gateways import clock
from services.submissions import Submission


def foresee(submission: Submission) -> dict[str, Any]:
    """Return the preview as plain JSON data; `replies.PreviewReply` describes it."""
    form, policy, now = submission.form, submission.policy, clock.now()
    first, *others = find_ways(
        policy, author=form.author, cost=form.cost, currency=form.currency, department=form.department
    )
    hashed = policy_hash(policy.to_dict())
    return {
        "policy": submission.policy_name,
        "policyVersion": policy_version(policy.version, hashed),
        "policyHash": hashed,
        "keepAnswersOn": list(policy.keep_answers_on),
        "now": now.isoformat(),
        "stages": show_way(first.stages, now),
        "otherWays": [
            {"findings": [list(each) for each in way.findings], "stages": show_way(way.stages, now)} for way in others
        ],
    }
