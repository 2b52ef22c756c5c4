"""Rights: a policy of one's own is for systems, or for those whom a setting names, and approves nothing by itself."""

import pytest

from approvals.policy.policy import read_policy
from approvals.policy.rights import why_not_allowed

STAGE = {"name": "x", "approvers": ["Mara"]}
LENIENT = [
    {"stages": [STAGE], "allowSelfApproval": True},
    {"stages": [{**STAGE, "onTimeout": "approve"}]},
    {"stages": [{**STAGE, "when": {"costUpTo": 5}}], "otherwise": {**STAGE, "name": "y", "onTimeout": "approve"}},
]


def barred(policy, author="Ines", *, own=True, signed_in=True, authors=()):
    """Say whether somebody may not hand in a proposal under it."""
    return why_not_allowed(read_policy(policy), author, own=own, signed_in=signed_in, authors=authors) is not None


@pytest.mark.parametrize(("authors", "kept_out"), [((), True), (("Mara",), True), (("INES ",), False), (("*",), False)])
def test_only_people_named_by_the_setting_may_bring_a_policy(authors, kept_out):
    """Compared as names are."""
    assert barred({"stages": [STAGE]}, authors=authors) is kept_out


@pytest.mark.parametrize("policy", LENIENT)
def test_a_policy_of_a_person_allows_neither_self_approval_nor_approval_by_timeout(policy):
    """A system's may, because it is responsible; so may one of the app's, for the organisation."""
    assert barred(policy, authors=("*",))
    assert not barred(policy, signed_in=False)
    assert not barred(policy, own=False)


def test_a_policy_of_the_app_may_name_its_authors():
    """For any submitter: a system vouches for the author, and the policy is not the system's."""
    policy = {"stages": [STAGE], "usedBy": ["Nina", "Olga"]}
    for signed_in in (True, False):
        assert barred(policy, own=False, signed_in=signed_in)
        assert not barred(policy, "nina", own=False, signed_in=signed_in)
