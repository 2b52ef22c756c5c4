"""Understanding queue messages: JSON or a bare id, plain or in Base64."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.decision import Decision, Rejected
from approvals.identifiers import is_instance_id
from approvals.queue_message import (
    BareReading,
    QueuedAnswer,
    Reading,
    ReviewReading,
    answer_in,
    approver_in,
    id_of,
    read_queue_message,
)

MESSAGE = {"instanceId": "abc-1", "approved": False, "approver": "Mara", "comment": "too steep"}
MEANT = Reading(instance_id="abc-1", decision=Decision(approved=False, approver="Mara", comment="too steep"))


def packed(text: str) -> bytes:
    """Return Base64, as most queue SDKs send by default."""
    return base64.b64encode(text.encode())


@pytest.mark.parametrize(
    "body", [json.dumps(MESSAGE).encode(), packed(json.dumps(MESSAGE)), b"\xef\xbb\xbf" + json.dumps(MESSAGE).encode()]
)
def test_a_json_message_has_one_reading(body):
    """Plain, in Base64, with a byte order mark."""
    assert read_queue_message(body) == (MEANT,)


def test_a_bare_id_means_approved():
    """As in the classic sample; white space around it is ignored."""
    (reading,) = read_queue_message(b" my_instance \n")
    assert reading == BareReading(instance_id="my_instance")
    assert reading.decision == Decision(approved=True)


def test_a_bare_id_in_base64_may_also_be_an_id():
    """The plain reading comes first; the caller knows which instance exists."""
    readings = read_queue_message(packed("my-instance1"))
    assert [reading.instance_id for reading in readings] == [packed("my-instance1").decode(), "my-instance1"]


def test_base64_with_padding_is_no_id():
    """An id has no equals sign."""
    assert read_queue_message(packed("my-instance")) == (BareReading(instance_id="my-instance"),)


@given(st.uuids())
def test_an_id_of_32_hex_digits_is_read_as_an_id(uuid):
    """Although it is valid Base64 of 24 bytes."""
    readings = read_queue_message(uuid.hex.encode())
    assert readings[0] == BareReading(instance_id=uuid.hex)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "neither"),
        (b"not an id", "neither"),
        (b"[1, 2]", "neither"),
        (b'"abc"', "neither"),
        (b"\xff\xfe", "UTF-8"),
        (b"{", "JSON"),
        (packed("{"), "JSON"),
        (b"{}", "instanceId"),
        (json.dumps({**MESSAGE, "approved": "true"}).encode(), "approved"),
        (json.dumps({**MESSAGE, "instanceId": "@counter@approved"}).encode(), "instance id"),
        (base64.b64encode(b"\xff\xfe\xfd\xfc"), "neither"),
    ],
)
def test_an_unreadable_message_is_rejected_with_a_reason(body, told):
    """The poison queue stores the reason."""
    read = read_queue_message(body)
    if isinstance(read, Rejected):
        assert told in read.reason
    else:
        assert all(isinstance(reading, BareReading) for reading in read)


def test_a_bare_id_wins_over_broken_json_in_its_base64():
    """The text is an id whatever its Base64 holds."""
    body = packed('{"a": 1}}')
    assert is_instance_id(body.decode())
    assert read_queue_message(body) == (BareReading(instance_id=body.decode()),)


@given(st.binary())
def test_no_message_makes_the_reader_raise(body):
    """Every reading has a possible id."""
    read = read_queue_message(body)
    if not isinstance(read, Rejected):
        assert read
        assert all(is_instance_id(reading.instance_id) for reading in read)


ANSWER = {"proposalId": "p-1", "approver": "Mara", "decision": "fine", "comment": "go", "decisionId": "42"}


@pytest.mark.parametrize("body", [json.dumps(ANSWER).encode(), packed(json.dumps(ANSWER))])
def test_an_answer_to_a_review_names_the_proposal(body):
    """Plain or in Base64; the sender's id identifies it."""
    (reading,) = read_queue_message(body)
    assert reading == ReviewReading(answer=QueuedAnswer.from_dict(ANSWER))
    assert (reading.instance_id, approver_in(reading), id_of(reading, "m-1")) == ("p-1", "Mara", "42")
    verb = answer_in(reading, person="Mara", decision_id="42")
    assert (verb.approver, verb.decision, verb.comment, verb.decision_id) == ("Mara", "fine", "go", "42")


def test_an_answer_needs_neither_name_nor_id():
    """The message's id then identifies it."""
    (reading,) = read_queue_message(b'{"proposalId": "p-1", "decision": "approve"}')
    assert (approver_in(reading), id_of(reading, "m-1")) == (None, "m-1")


@pytest.mark.parametrize(
    "changes", [{"decision": None}, {"approved": True}, {"instanceId": "p-1"}, {"proposalId": "../p"}], ids=repr
)
def test_an_answer_of_another_form_is_rejected(changes):
    """Also one with two meanings."""
    assert isinstance(read_queue_message(json.dumps({**ANSWER, **changes}).encode()), Rejected)


@pytest.mark.parametrize(
    ("reading", "name", "word"),
    [(MEANT, "Mara", "reject"), (BareReading(instance_id="abc-1"), None, "approve")],
    ids=["named", "bare"],
)
def test_every_message_can_be_an_answer_to_a_review(reading, name, word):
    """A review understands the same messages as a workflow that waits for a decision."""
    verb = answer_in(reading, person="Mara", decision_id=id_of(reading, "m-1"))
    assert (approver_in(reading), verb.decision, verb.decision_id) == (name, word, "m-1")


def test_a_bare_id_that_is_base64_of_an_invalid_object_is_read_as_an_id():
    """An instance may have that id."""
    body = packed('{"a":1}x1')  # its Base64 has no padding, and so may be an id
    assert read_queue_message(body) == (BareReading(instance_id=body.decode()),)
