"""The outside world's JSON: what is doubtful or too much is refused, with as many faults as anybody can use."""

import json

import pytest

from approvals.forms import LONGEST_LIST
from approvals.json_text import MOST_NAMES, MOST_PARTS
from approvals.rules.forms import SubmissionForm
from approvals.single_stage.proposal import ProposalForm
from approvals.validation import DEEPEST, LONGEST_NAME, MOST_FAULTS, Invalid, read_json

FORM = {"title": "Footbridge", "author": "Ines"}


@pytest.mark.parametrize("deep", ["[", '{"a":'])
def test_deep_json_is_refused(deep):
    """Every later reader would recurse too."""
    ends = {"[": "]", '{"a":': "}"}[deep]
    read_json(deep * (DEEPEST - 1) + "1" + ends * (DEEPEST - 1))
    for depth in (DEEPEST, 500, 20_000):
        with pytest.raises(Invalid):
            read_json(deep * depth + "1" + ends * depth)


@pytest.mark.parametrize("place", ["[{}]", '{{"a": {}}}', "{{{}: 1}}", "{}"])
def test_half_a_surrogate_pair_is_found_anywhere(place):
    """In a list, as a value, as a name, alone."""
    with pytest.raises(Invalid):
        read_json(place.format('"\\udc00"'))


def test_large_json_is_refused_as_text_and_as_bytes():
    """Only data that operators stored may be longer."""
    much = json.dumps([{}] * MOST_PARTS)
    for text in (much, much.encode()):
        with pytest.raises(Invalid, match=f"{MOST_PARTS:,} parts"):
            read_json(text)
        assert len(read_json(text, own=True)) == MOST_PARTS


def test_at_most_a_hundred_faults_are_listed():
    """More do not help."""
    with pytest.raises(Invalid) as told:
        SubmissionForm.from_dict({**FORM, "attachments": [{}] * LONGEST_LIST})
    assert len(told.value.errors) == MOST_FAULTS
    assert len(Invalid("x", ("x",) * 5_000).errors) == MOST_FAULTS


@pytest.mark.parametrize("form", [SubmissionForm, ProposalForm])
def test_a_list_that_is_far_too_long_is_one_fault(form):
    """Its items are not read."""
    with pytest.raises(Invalid) as told:
        form.from_dict({"attachments": [{}] * (LONGEST_LIST + 1)})
    assert "attachments: must not have more than 1,000 items" in told.value.errors


def test_long_key_names_are_refused():
    """An unknown name is repeated in its fault, so its length counts several times."""
    for length in (LONGEST_NAME, LONGEST_NAME + 1):
        text = json.dumps([{"n" * length: 0}])
        if length <= LONGEST_NAME:
            assert read_json(text)
        else:
            with pytest.raises(Invalid, match="more than 200 characters"):
                read_json(text)


def test_an_object_with_too_many_keys_is_one_fault():
    """Also if it was never text for us, as in an event."""
    with pytest.raises(Invalid) as told:
        SubmissionForm.from_dict({str(number): 0 for number in range(MOST_NAMES + 1)})
    assert told.value.errors == (f"must not have more than {MOST_NAMES:,} keys",)
