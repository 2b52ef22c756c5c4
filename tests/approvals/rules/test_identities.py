"""One name for each person in a review: nobody approves, or fills a second place, by another name of theirs."""

from typing import Any

import pytest

from approvals.directory import Directory, read_directory
from approvals.policy.policy import Policy, read_policy
from approvals.policy.stages import Stage
from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from approvals.rules.identities import name_in_review
from approvals.rules.verbs import VERBS
from approvals.validation import Invalid
from tests.approvals.story import Story, policy

KNOWN = read_directory(
    {
        "Mara Lindqvist": {"mail": "mara@example.org", "names": ["Mara"]},
        "Jonas Weber": {"mail": "jonas@example.org"},
        "Ines": {"mail": "ines@example.org"},
    }
)


def judged(story: Story, verb: str, directory: Directory = KNOWN, **fields: Any) -> Any:
    """Judge a verb by a directory, and write it down where it is accepted."""
    meant = VERBS[verb].from_dict(fields)
    actor = Actor(name=meant.actor_name, via=Via.SYSTEM)
    answer = accept(story.review, meant, actor, story.now, directory=directory)
    if isinstance(answer, Accepted):
        story.entries += answer.entries
    return answer


def told(answer: Any) -> str:
    """Return the code of a refusal."""
    assert isinstance(answer, ActionRefused)
    return answer.code


@pytest.mark.parametrize("name", ["ines@example.org", "INES@example.org", "ines+x@example.org", " ines "])
def test_no_author_decides_under_another_name(name: str) -> None:
    """Neither as an approver nor as a delegate."""
    story = Story(policy({"approvers": [name.strip(), "Jonas Weber"]})).check()
    assert told(judged(story, "decisions", approver=name, decision="approve")) == "selfApproval"
    handed = {"from": "jonas@example.org", "to": name}
    assert [told(judged(story, verb, **handed)) for verb in ("delegate", "reassign")] == ["selfApproval"] * 2


def test_nobody_fills_two_seats_of_one_stage() -> None:
    """An old record has one person twice, under names that the directory knows now."""
    story = Story(policy({"approvers": ["Mara", "mara@example.org"], "rule": "quorum", "quorum": 2})).check()
    assert isinstance(judged(story, "decisions", approver="mara@example.org", decision="approve"), Accepted)
    assert isinstance(judged(story, "decisions", approver="Mara Lindqvist", decision="approve"), AlreadyRecorded)
    assert story.status == "inReview"


def test_nobody_decides_twice_with_four_eyes() -> None:
    """By name in one stage and by address in the next."""
    stages = [{"approvers": ["Mara Lindqvist", "Vera"]}, {"approvers": ["mara@example.org", "Ben"]}]
    story = Story(policy(*stages, fourEyes=True)).check()
    assert isinstance(judged(story, "decisions", approver="Mara", decision="approve"), Accepted)
    assert not isinstance(judged(story, "decisions", approver="mara@example.org", decision="approve"), Accepted)


def test_a_person_keeps_the_name_under_which_they_answered() -> None:
    """An old policy has two of their names, and asks by the other one later."""
    board = {"approvers": ["the board"], "anyone": True}
    second = {"approvers": ["Vera"], "escalateTo": ["Jonas Weber"]}
    story = Story(policy(board, second, {"approvers": ["jonas@example.org"]}, fourEyes=True)).check()
    assert isinstance(judged(story, "decisions", approver="Jonas Weber", decision="approve"), Accepted)
    assert isinstance(judged(story, "decisions", approver="Vera", decision="approve"), Accepted)
    assert story.waiting == ["jonas@example.org"]
    assert not isinstance(judged(story, "decisions", approver="jonas@example.org", decision="approve"), Accepted)


def test_a_task_is_not_handed_to_a_person_who_has_one_under_another_name() -> None:
    """One person has one answer."""
    story = Story(policy({"approvers": ["Mara Lindqvist", "Jonas Weber"], "rule": "all"})).check()
    assert told(judged(story, "delegate", **{"from": "Jonas Weber", "to": "mara@example.org"})) == "conflict"


def test_a_record_knows_people_by_the_names_at_its_beginning() -> None:
    """A person asked by address answers by it, even after the directory has their name."""
    story = Story(policy({"approvers": ["mara@example.org"]})).check()
    assert name_in_review(story.review, "Mara Lindqvist", KNOWN) == "mara@example.org"
    assert name_in_review(story.review, "Jonas@example.org", KNOWN) == "Jonas Weber"
    assert name_in_review(story.review, "Somebody", KNOWN) == "Somebody"
    assert isinstance(judged(story, "decisions", approver="Mara", decision="approve"), Accepted)
    assert [answer.person for answer in story.review.decisions] == ["mara@example.org"]


@pytest.mark.parametrize("nobody", ["unnamed", "Unnamed ", "nobody", "Greenlight"])
def test_an_empty_name_has_no_answer(nobody: str) -> None:
    """Not even if systems may name anybody; nor can it get a task."""
    story = Story(policy({"approvers": ["the board"], "anyone": True})).check()
    assert told(story.decides(nobody)) == "notAsked"
    assert told(story.does("delegate", **{"from": "the board", "to": nobody})) == "invalid"
    assert isinstance(story.decides("Mara"), Accepted)


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ({"approvers": ["Mara Lindqvist", "mara@example.org"]}, "stages.0.approvers.1: is somebody who is named"),
        ({"approvers": ["Mara", "Jonas"], "escalateTo": [{"to": ["Ines", "ines@example.org"]}]},
         "stages.0.escalateTo.0.to.1: is somebody who is named before"),
        ({"approvers": ["Mara"], "escalateTo": ["mara@example.org"]}, "stages.0.escalateTo.0: escalates to nobody"),
        ({"approvers": ["Vera", "vera@evil.example"]}, "stages.0.approvers.1: is an address outside of the directory"),
        ({"approvers": ["Vera"], "escalateTo": ["v@evil.example"]}, "stages.0.escalateTo.0.to.0: is an address out"),
    ],
)  # fmt: skip
def test_a_policy_that_names_one_person_twice_is_refused_with_the_directory(stage: Any, fault: str) -> None:
    """So is one that asks a stranger."""
    read = read_policy({"stages": [{"name": "board", **stage}]})
    with pytest.raises(Invalid) as refused:
        read.meeting(KNOWN)
    assert [each[: len(fault)] for each in refused.value.errors] == [fault]


def test_a_stranger_is_refused_also_in_the_otherwise_stage() -> None:
    """It is checked like any other."""
    stage = {"name": "board", "approvers": ["Vera"], "when": {"costUpTo": 5}}
    read = read_policy({"stages": [stage], "otherwise": {"name": "rest", "approvers": ["v@evil.example"]}})
    with pytest.raises(Invalid, match=r"otherwise\.approvers\.0: is an address outside of the directory"):
        read.meeting(KNOWN)


def test_a_record_knows_people_of_the_otherwise_stage_by_address() -> None:
    """Before any of them was asked."""
    rest = {"name": "rest", "approvers": ["mara@example.org"]}
    story = Story({**policy({"approvers": ["Vera"], "when": {"costUpTo": 5}}), "otherwise": rest})
    assert name_in_review(story.review, "Mara Lindqvist", KNOWN) == "mara@example.org"


def test_a_policy_resolved_with_the_directory_has_one_name_for_each_person() -> None:
    """In every place that names people."""
    stage = {
        "name": "board",
        "approvers": ["mara", "JONAS@example.org", "Vera"],
        "rule": "all",
        "required": ["mara"],
        "veto": ["Mara"],
        "escalateTo": ["ines@example.org"],
    }
    small = {"name": "b", "approvers": ["Vera"], "veto": True, "when": {"costUpTo": 5}}
    data = {"stages": [{**stage, "when": {"costAbove": 9}}, small], "otherwise": {**stage, "name": "rest"}}
    data |= {"usedBy": ["ines@example.org"], "budgetLimit": 5, "budgetOwners": ["mara"]}
    met = read_policy(data).meeting(KNOWN)
    assert isinstance(met.otherwise, Stage)
    assert met.otherwise.approvers == ("Mara Lindqvist", "Jonas Weber", "Vera")
    assert met.used_by == ("Ines",)
    assert met.stages[0].approvers == ("Mara Lindqvist", "Jonas Weber", "Vera")
    assert met.stages[0].required == met.stages[0].veto == met.budget_owners == ("Mara Lindqvist",)
    assert met.stages[1].veto is True
    assert met.stages[0].escalate_to[0].to == ("Ines",)
    assert Policy.from_dict(met.to_dict()) == met
