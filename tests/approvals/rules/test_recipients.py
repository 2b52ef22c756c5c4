"""To whom a task may be handed over: to whom the policy says, and to no stranger."""

from typing import Any

import pytest

from approvals.directory import read_directory
from approvals.policy.faults import find_faults
from approvals.policy.policy import Policy, read_policy
from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.eligibility import ActionRefused
from approvals.rules.verbs import VERBS
from approvals.validation import Invalid
from tests.approvals.story import AUTHOR, Story, policy

KNOWN = read_directory(
    {"Mara": {"mail": "mara@example.org"}, "Petra": {"mail": "petra@example.org"}}, domains=frozenset({"example.net"})
)


def handed(delegate_to: Any, to: str, verb: str = "delegate", via: Via = Via.PERSON) -> str:
    """Return what comes of handing Mara's task over under such a policy: `taken`, or the code of the refusal."""
    story = Story(policy({"approvers": ["Mara", "Jonas"]}, delegateTo=delegate_to)).check()
    meant = VERBS[verb].from_dict({"from": "Mara", "to": to})
    answer = accept(story.review, meant, Actor(name="Mara", via=via), story.now, directory=KNOWN)
    if isinstance(answer, ActionRefused):
        return answer.code
    assert isinstance(answer, Accepted)
    return "taken"


@pytest.mark.parametrize("verb", ["delegate", "reassign"])
@pytest.mark.parametrize(
    ("delegate_to", "to", "comes"),
    [
        ("anyone", "Petra", "taken"),
        ("anyone", "Somebody", "taken"),
        ("anyone", "vera@example.net", "taken"),
        ("anyone", "vera@evil.example", "notAllowed"),
        ("directory", "petra@example.org", "taken"),
        ("directory", "Somebody", "notAllowed"),
        ("directory", "vera@example.net", "notAllowed"),
        ("nobody", "Petra", "notAllowed"),
        (["Petra", "Vera"], "petra@example.org", "taken"),
        (["Petra", "Vera"], "VERA", "taken"),
        (["Petra", "Vera"], "Somebody", "notAllowed"),
        ("anyone", AUTHOR, "selfApproval"),
        ("anyone", "Jonas", "conflict"),
    ],
)
def test_a_person_hands_a_task_only_to_people_whom_the_policy_names(
    delegate_to: Any, to: str, comes: str, verb: str
) -> None:
    """And to no address outside the allowed domains, whatever the policy says."""
    assert handed(delegate_to, to, verb) == comes


@pytest.mark.parametrize(("to", "comes"), [("Somebody", "taken"), ("v@evil.example", "notAllowed")])
def test_an_operator_may_give_a_task_to_others_but_to_no_stranger(to: str, comes: str) -> None:
    """This is for a system that reassigns; one that delegates acts for the person, whom the policy binds."""
    assert handed("nobody", to, "reassign", Via.SYSTEM) == comes
    assert handed("nobody", to, "delegate", Via.SYSTEM) == "notAllowed"


def test_the_reason_lists_the_allowed_people() -> None:
    """So that the person need not ask."""
    story = Story(policy({"approvers": ["Mara"]}, delegateTo=["Petra", "Vera"])).check()
    refused = story.does("delegate", **{"from": "Mara", "to": "Jonas"})
    assert refused.reason == "this policy allows only Petra, Vera to take over a task, not Jonas"


@pytest.mark.parametrize(
    ("delegate_to", "fault"),
    [
        ("everybody", "delegateTo: must be 'nobody', 'directory', 'anyone' or a list of people"),
        (True, "delegateTo: must be 'nobody', 'directory', 'anyone' or a list of people"),
        ([], "delegateTo: must have at least 1 item, not 0"),
        (["Petra", "petra "], "delegateTo.1: is somebody who is named before"),
    ],
)
def test_an_invalid_delegate_rule_is_refused(delegate_to: Any, fault: str) -> None:
    """In one sentence."""
    data = {"stages": [{"name": "a", "approvers": ["Mara"]}], "delegateTo": delegate_to}
    assert list(find_faults(Policy, data)) == [fault]


def test_named_delegates_have_one_name_each() -> None:
    """Like all people of a policy that is resolved with the directory."""
    data: dict[str, Any] = {"stages": [{"name": "a", "approvers": ["Mara"]}], "delegateTo": ["petra@example.org"]}
    assert read_policy(data).meeting(KNOWN).delegate_to == ("Petra",)
    with pytest.raises(Invalid, match=r"delegateTo\.1: is an address outside"):
        read_policy({**data, "delegateTo": ["Petra", "v@evil.example"]}).meeting(KNOWN)
