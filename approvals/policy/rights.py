"""Who may bring a policy of their own, and who may choose which of the app's."""

from collections.abc import Collection

from approvals.names import among
from approvals.policy.policy import Policy

ANYBODY = "*"
"""Among those who may bring one: everybody who is signed in."""

OWN_POLICY = "own"
"""Stands in the place of a name where the policy came with the proposal."""


def bar(policy: Policy, author: str, *, own: bool, signed_in: bool, authors: Collection[str]) -> str | None:
    """Say why a proposal may not be handed in under a policy, in a sentence; None where it may.

    `own` says that the policy came with the proposal, `authors` who may do that when they are signed in. A system may:
    it vouches for the rule as it does for the people that it names. Whose policy it is, its author is bound by it, so
    no person's own one lets them approve themselves, or takes a silence for a yes.
    """
    if not own:
        named = not policy.used_by or among(author, policy.used_by)
        return None if named else f"this policy is for those whom its usedBy names, and {author} is not among them"
    if not signed_in:
        return None
    if ANYBODY not in authors and not among(author, tuple(authors)):
        return "people choose one of the app's policies, and do not bring their own"
    if policy.allow_self_approval:
        return "under a person's own policy nobody approves what they wrote themselves"
    if any(stage.on_timeout == "approve" for stage in policy.all_stages):
        return "under a person's own policy a silence is no yes"
    return None
