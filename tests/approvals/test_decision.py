"""Reading decisions: whatever comes, nothing but a clear yes approves."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.decision import Decision, QueuedDecision, Rejected, read_bare, read_event
from approvals.reserved_names import UNNAMED
from approvals.validation import Invalid

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ENVELOPE = {"__class__": "Decision", "__module__": "approvals.decision", "__data__": {"approved": True}}


@pytest.mark.parametrize("as_text", [False, True])
def test_a_decision_is_read_from_an_object_and_from_its_text(as_text):
    """HTTP delivers an object, the Python client a text."""
    sent = {"approved": True, "approver": " Mara ", "comment": "go"}
    expected = Decision(approved=True, approver="Mara", comment="go")
    assert read_event(json.dumps(sent) if as_text else sent) == expected
    assert (expected.verdict, expected.names_approver) == ("approved", True)


def test_the_approver_is_optional():
    """The decision then names nobody."""
    decision = read_event({"approved": False})
    assert decision == Decision(approved=False, approver=UNNAMED)
    assert (decision.verdict, decision.names_approver) == ("rejected", False)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("yes", "JSON"),
        ("true", "bare true or false"),
        (True, "bare true or false"),
        (1, "a number"),
        (1.5, "a number"),
        (None, "null"),
        ([], "a list"),
        ({}, "approved"),
        ({"approved": "true"}, "approved"),
        ({"approved": 1}, "approved"),
        ({"approved": None}, "approved"),
        ({"approved": True, "approver": ""}, "approver"),
        ({"approved": True, "approver": 7}, "approver"),
        ({"approved": True, "approver": "a\nb"}, "one line"),
        ({"approved": True, "comment": "\x00"}, "control characters"),
        ({"approved": True, "comment": "x" * 8001}, "comment"),
        ({"approved": True, "extra": 1}, "extra"),
        ({"Approved": True}, "approved"),
        (ENVELOPE, "approved"),
    ],
    ids=repr,
)
def test_an_invalid_decision_is_rejected_with_a_reason(payload, told, as_text):
    """The reason names the field, or the type of the value."""
    read = read_event(json.dumps(payload) if as_text else payload)
    assert isinstance(read, Rejected)
    if not (as_text and isinstance(payload, str)):
        assert told in read.reason


@pytest.mark.parametrize(
    ("payload", "approved"),
    [(True, True), (False, False), ("true", True), (" false\n", False), (1, None), ("yes", None), ({}, None),
     ({"approved": True}, None), ('"true"', None), (None, None), ("", None), ("True", None)],
)  # fmt: skip
def test_a_bare_true_or_false_is_an_anonymous_answer(payload, approved):
    """As data or as text; the app's settings say whether it counts."""
    read = read_bare(payload)
    assert (None if read is None else (read.approved, read.names_approver)) == (
        None if approved is None else (approved, False)
    )


def test_text_inside_text_is_not_decoded_again():
    """One level is the SDK's; a second one would be a trick."""
    assert read_event(json.dumps(json.dumps({"approved": True}))) == Rejected(
        reason='a decision is an object like {"approved": true}, not a text'
    )


def test_a_value_that_is_not_json_is_reported_too():
    """The envelope that was kept from becoming an object arrives as one."""
    assert "something else" in read_event(object()).reason


@pytest.mark.parametrize(
    "text",
    ['{"approved": false, "approved": true}', '{"approved": true, "comment": NaN}', "[" * 100_000, '"\ud800"', "{"],
    ids=["twice", "nan", "deep", "surrogate", "cut"],
)
def test_ambiguous_json_is_rejected(text):
    """Duplicate keys and NaN mean different things to different readers."""
    assert isinstance(read_event(text), Rejected)


@given(JSON)
def test_only_a_true_approved_field_approves(payload):
    """For any JSON, as an object and as text; the reason is short."""
    for form in (payload, json.dumps(payload)):
        read = read_event(form)
        if isinstance(read, Decision):
            assert isinstance(payload, dict)
            assert payload["approved"] is read.approved
        else:
            assert 0 < len(read.reason) <= 400


@given(st.text())
def test_no_text_makes_the_reader_raise(text):
    """It returns a decision or a rejection."""
    assert isinstance(read_event(text), Decision | Rejected)


def test_a_queued_decision_has_its_instance_id():
    """The id is checked, the decision is the same."""
    queued = QueuedDecision.from_dict({"instanceId": "a-1", "approved": True, "approver": "Mara"})
    assert queued.decision == Decision(approved=True, approver="Mara")
    with pytest.raises(Invalid, match="an instance id has"):
        QueuedDecision.from_dict({"instanceId": "../a", "approved": True})
    with pytest.raises(Invalid, match="instanceId"):
        QueuedDecision.from_dict({"instance_id": "a-1", "approved": True})


def test_document_and_round_are_written_only_if_given():
    """Old events lack these keys, and old hosts do not accept them."""
    yes = {"approved": True, "approver": "Mara", "comment": ""}
    assert read_event(yes).to_dict() == yes
    named = {**yes, "document": "ab" * 32, "round": 2}
    assert read_event(named).to_dict() == named
    assert QueuedDecision.from_dict({"instanceId": "a-1", **named}).decision == read_event(named)
