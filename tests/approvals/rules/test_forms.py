"""The form of a proposal: what it takes, and that nothing in it is without a bound."""

import json

import pytest

from approvals.attachments import MOST_ATTACHMENTS, MOST_BYTES
from approvals.policy.policy import read_policy
from approvals.rules.forms import LARGEST_BODY, LARGEST_VERB, LONGEST_POLICY, SubmissionForm
from approvals.validation import Invalid

LEAST = {"title": "Bench", "author": "Ines"}


def faults(**fields):
    """Return where a form is wrong."""
    with pytest.raises(Invalid) as caught:
        SubmissionForm.from_dict({**LEAST, **fields})
    return [error.partition(":")[0] for error in caught.value.errors]


def test_title_and_author_are_enough():
    """All else has a default, and makes the same document each time."""
    form = SubmissionForm.from_dict(LEAST)
    assert form.words == {"title": "Bench", "summary": "", "cost": 0.0, "currency": "EUR", "department": None}
    assert (form.policy, form.attachments) == (None, ())


def test_a_cost_that_is_left_out_is_not_a_cost_of_nothing():
    """The document has it as nothing, as it always had; whoever goes by it can tell."""
    assert SubmissionForm.from_dict(LEAST).given_cost is None
    assert SubmissionForm.from_dict({**LEAST, "cost": 0}).given_cost == 0.0


def test_the_example_is_a_form_with_a_policy_that_can_be_used():
    """It is in the OpenAPI document."""
    form = SubmissionForm.from_dict(SubmissionForm.example)
    assert isinstance(form.policy, dict)
    assert len(read_policy(form.policy).stages) == 2


@pytest.mark.parametrize("policy", [None, "default", "no such policy", {"stages": []}, {}])
def test_a_policy_is_a_name_or_an_object(policy):
    """Whether it can be used is judged where policies are known."""
    assert SubmissionForm.from_dict({**LEAST, "policy": policy}).policy == policy


@pytest.mark.parametrize("policy", [1, True, [], ["default"], 1.5])
def test_nothing_else_is_a_policy(policy):
    """One fault in one sentence, not one for each thing that it could have been."""
    assert faults(policy=policy) == ["policy"]


def test_a_policy_is_bounded():
    """It goes into the record, and into each history of the review."""
    fitting = {"description": "x" * (LONGEST_POLICY - len(json.dumps({"description": ""})))}
    assert SubmissionForm.from_dict({**LEAST, "policy": fitting})
    assert faults(policy={"description": fitting["description"] + "x"}) == ["policy"]


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""}, {"title": " "}, {"title": "a\nb"}, {"title": "x" * 201}, {"author": ""}, {"author": 1},
        {"summary": "x" * 8_001}, {"summary": "\0"}, {"cost": -1}, {"cost": "1"}, {"cost": 1e13}, {"cost": True},
        {"currency": "eur"}, {"currency": "EURO"}, {"department": ""}, {"colour": "red"}, {"status": "approved"},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(fields):
    """By the name of the field."""
    assert faults(**fields) == list(fields)


def test_attachments_are_counted():
    """Before one of them is decoded."""
    file = {"name": "a.txt", "contentType": "text/plain", "content": "YQ=="}
    assert len(SubmissionForm.from_dict({**LEAST, "attachments": [file] * MOST_ATTACHMENTS}).attachments) == 10
    assert faults(attachments=[file] * (MOST_ATTACHMENTS + 1)) == ["attachments"]


def test_the_largest_proposal_fits_into_the_largest_body():
    """With all its attachments in Base64, and the widest letters in the longest texts."""
    files = MOST_ATTACHMENTS * (4 * -(-MOST_BYTES // 3) + 1_000)
    texts = 6 * (8_000 + 4 * 200) + 4 * LONGEST_POLICY
    assert files + texts <= LARGEST_BODY
    assert 6 * (8_000 + 3 * 200) < LARGEST_VERB
