"""Who may submit a policy with a proposal, and who may use which of the app's policies."""

from collections.abc import Collection

from approvals.names import among
from approvals.policy.policy import Policy

ANYBODY = "*"
"""In the list of people who may submit a policy: everybody who is signed in."""

OWN_POLICY = "own"
"""The policy's name if the policy came with the proposal."""


def why_not_allowed(policy: Policy, author: str, *, own: bool, signed_in: bool, authors: Collection[str]) -> str | None:
    """Return a sentence that says why a policy must not be used for a proposal; None if it may be used.

    `own` says that the policy came with the proposal; `authors` lists the signed-in people who may do that. A system
    with an API key may always do it: it is responsible for the policy as it is for the people that it names. A
    person's own policy must not allow self-approval, nor count a missing answer as a yes.
    """
    if not own:
        named = not policy.used_by or among(author, policy.used_by)
        return None if named else f"usedBy of this policy does not list {author}"
    if not signed_in:
        return None
    if ANYBODY not in authors and not among(author, tuple(authors)):
        return "choose one of the app's policies; you may not submit your own"
    if policy.allow_self_approval:
        return "allowSelfApproval is not possible in a person's own policy"
    if any(stage.on_timeout == "approve" for stage in policy.all_stages):
        return "onTimeout 'approve' is not possible in a person's own policy"
    return None
