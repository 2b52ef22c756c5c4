"""Choices: what can be answered under a policy, and what each answer asks the desk to do."""

from typing import Any

import pytest

from approvals.policy.policy import Policy
from approvals.rules.choices import ChosenAnswer, choices, find_choice, to_verb
from approvals.rules.verbs import Decide, RequestChanges
from approvals.validation import Invalid


def policy(outcomes: dict[str, Any] | None = None) -> Policy:
    """Return a policy with words of its own."""
    return Policy.from_dict({"stages": [{"name": "A", "approvers": ["Ana"]}], "outcomes": outcomes or {}})


def test_every_policy_knows_yes_changes_and_no():
    """In this order, the plainest first and the hardest last."""
    assert [(each.word, each.label, each.effect) for each in choices(policy())] == [
        ("approve", "Approve", "approve"),
        ("changes", "Ask for changes", "changes"),
        ("reject", "Reject", "reject"),
    ]


def test_a_policys_own_words_stand_between():
    """With what each comes to."""
    found = choices(policy({"approve with conditions": "approve", "not now": "reject", "rework": "changes"}))
    assert [each.word for each in found] == [
        "approve", "approve with conditions", "not now", "rework", "changes", "reject",
    ]  # fmt: skip
    assert found[1].label == "Approve with conditions"
    assert [each.needs_comment for each in found] == [False, False, False, True, True, False]


def test_a_policys_own_changes_takes_the_place_of_ours():
    """One word means one thing."""
    found = choices(policy({"Changes": "changes"}))
    assert [each.word for each in found] == ["approve", "Changes", "reject"]


def test_a_word_is_found_in_any_case():
    """Programs write it as they like."""
    choice = find_choice(policy(), " APPROVE")
    assert choice is not None
    assert choice.word == "approve"
    assert find_choice(policy(), "perhaps") is None


def test_a_decision_becomes_a_decision_of_that_person():
    """In the policy's spelling; whose it is, is not the sender's to say."""
    verb = to_verb(ChosenAnswer(decision="NOT NOW", comment="Later."), policy({"not now": "reject"}), "Ana")
    assert verb == Decide(approver="Ana", decision="not now", comment="Later.")


def test_asking_for_changes_is_a_verb_of_its_own():
    """The clock stops with it."""
    verb = to_verb(ChosenAnswer(decision="changes", comment="Use oak."), policy(), "Ana")
    assert verb == RequestChanges(approver="Ana", comment="Use oak.")


def test_a_policys_own_word_for_changes_is_kept():
    """The record shows the word that was used."""
    verb = to_verb(ChosenAnswer(decision="rework", comment="Use oak."), policy({"rework": "changes"}), "Ana")
    assert verb == Decide(approver="Ana", decision="rework", comment="Use oak.")


@pytest.mark.parametrize("word", ["changes", "rework"])
@pytest.mark.parametrize("comment", ["", "  \n "])
def test_changes_need_words(word: str, comment: str):
    """The author cannot guess."""
    with pytest.raises(Invalid, match="comment: say what to change"):
        to_verb(ChosenAnswer(decision=word, comment=comment), policy({"rework": "changes"}), "Ana")


def test_an_unknown_word_is_told_which_are_known():
    """It never counts as a yes."""
    with pytest.raises(Invalid, match="decision: choose one of approve, changes, reject"):
        to_verb(ChosenAnswer(decision="yes"), policy(), "Ana")


def test_an_answer_with_other_fields_is_not_understood():
    """Whoever sends `approver` believes that it counts."""
    with pytest.raises(Invalid, match="approver"):
        ChosenAnswer.from_dict({"decision": "approve", "approver": "Eva"})
