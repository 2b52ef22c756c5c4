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
    """All other fields have defaults, and make the same document each time."""
    form = SubmissionForm.from_dict(LEAST)
    assert form.words == {"title": "Bench", "summary": "", "cost": 0.0, "currency": "EUR", "department": None}
    assert (form.policy, form.attachments) == (None, ())


def test_a_missing_cost_is_not_a_cost_of_zero():
    """The document has zero, as always; the form still knows the difference."""
    assert SubmissionForm.from_dict(LEAST).given_cost is None
    assert SubmissionForm.from_dict({**LEAST, "cost": 0}).given_cost == 0.0


def test_the_example_is_a_form_with_a_valid_policy():
    """It is in the OpenAPI document."""
    form = SubmissionForm.from_dict(SubmissionForm.example)
    assert isinstance(form.policy, dict)
    assert len(read_policy(form.policy).stages) == 2


@pytest.mark.parametrize("policy", [None, "default", "no such policy", {"stages": []}, {}])
def test_a_policy_is_a_name_or_an_object(policy):
    """It is validated where policies are known."""
    assert SubmissionForm.from_dict({**LEAST, "policy": policy}).policy == policy


@pytest.mark.parametrize("policy", [1, True, [], ["default"], 1.5])
def test_any_other_policy_is_one_fault(policy):
    """One sentence, not one for each possible type."""
    assert faults(policy=policy) == ["policy"]


def test_the_size_of_a_policy_is_limited():
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
def test_an_invalid_field_is_refused_by_name(fields):
    """With its JSON name."""
    assert faults(**fields) == list(fields)


def test_attachments_are_counted_before_they_are_decoded():
    """Decoding many would cost memory."""
    file = {"name": "a.txt", "contentType": "text/plain", "content": "YQ=="}
    assert len(SubmissionForm.from_dict({**LEAST, "attachments": [file] * MOST_ATTACHMENTS}).attachments) == 10
    assert faults(attachments=[file] * (MOST_ATTACHMENTS + 1)) == ["attachments"]


def test_the_largest_proposal_fits_into_the_largest_body():
    """With all attachments in Base64, and the widest characters in the longest texts."""
    files = MOST_ATTACHMENTS * (4 * -(-MOST_BYTES // 3) + 1_000)
    texts = 6 * (8_000 + 4 * 200) + 4 * LONGEST_POLICY
    assert files + texts <= LARGEST_BODY
    assert 6 * (8_000 + 3 * 200) < LARGEST_VERB
