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


def test_every_policy_knows_approve_changes_and_reject():
    """In this order."""
    assert [(each.word, each.label, each.effect) for each in choices(policy())] == [
        ("approve", "Approve", "approve"),
        ("changes", "Ask for changes", "changes"),
        ("reject", "Reject", "reject"),
    ]


def test_words_of_the_policy_come_in_between():
    """With their meaning."""
    found = choices(policy({"approve with conditions": "approve", "not now": "reject", "rework": "changes"}))
    assert [each.word for each in found] == [
        "approve", "approve with conditions", "not now", "rework", "changes", "reject",
    ]  # fmt: skip
    assert found[1].label == "Approve with conditions"
    assert [each.needs_comment for each in found] == [False, False, False, True, True, False]


def test_a_policys_word_for_changes_replaces_the_standard_one():
    """One meaning has one word."""
    found = choices(policy({"Changes": "changes"}))
    assert [each.word for each in found] == ["approve", "Changes", "reject"]


def test_a_word_is_found_in_any_case():
    """Programs write it in their own way."""
    choice = find_choice(policy(), " APPROVE")
    assert choice is not None
    assert choice.word == "approve"
    assert find_choice(policy(), "perhaps") is None


def test_a_decision_belongs_to_the_given_person():
    """In the policy's spelling; the sender cannot name somebody else."""
    verb = to_verb(ChosenAnswer(decision="NOT NOW", comment="Later."), policy({"not now": "reject"}), "Ana")
    assert verb == Decide(approver="Ana", decision="not now", comment="Later.")


def test_asking_for_changes_is_a_separate_verb():
    """It stops the clock."""
    verb = to_verb(ChosenAnswer(decision="changes", comment="Use oak."), policy(), "Ana")
    assert verb == RequestChanges(approver="Ana", comment="Use oak.")


def test_a_policys_word_for_changes_is_recorded():
    """The record shows the word that was used."""
    verb = to_verb(ChosenAnswer(decision="rework", comment="Use oak."), policy({"rework": "changes"}), "Ana")
    assert verb == Decide(approver="Ana", decision="rework", comment="Use oak.")


@pytest.mark.parametrize("word", ["changes", "rework"])
@pytest.mark.parametrize("comment", ["", "  \n "])
def test_asking_for_changes_needs_a_comment(word: str, comment: str):
    """The author cannot guess."""
    with pytest.raises(Invalid, match="comment: say what to change"):
        to_verb(ChosenAnswer(decision=word, comment=comment), policy({"rework": "changes"}), "Ana")


def test_an_unknown_word_is_refused_with_the_known_ones():
    """It never counts as an approval."""
    with pytest.raises(Invalid, match="decision: choose one of approve, changes, reject"):
        to_verb(ChosenAnswer(decision="yes"), policy(), "Ana")


def test_an_answer_with_unknown_fields_is_refused():
    """A sender of `approver` believes that it counts."""
    with pytest.raises(Invalid, match="approver"):
        ChosenAnswer.from_dict({"decision": "approve", "approver": "Eva"})
