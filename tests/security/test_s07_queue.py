"""S7: a message on the queue decides only where it is well formed, names a proposal that there is, and a person asked.

Who may send is the sender's role on that one queue; such a sender is a system that is trusted to name the right person,
and messages are not signed. Refusals, one by one: tests/workflows/test_review_answers.py. Here: messages that nobody
thought of, and what the setting for bare ids lets through.
"""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.decision import Rejected
from approvals.queue_message import BareReading, answer_in, approver_in, read_queue_message

GOOD = {"proposalId": "p-1", "approver": "Mara", "decision": "approve", "comment": "", "decisionId": "42"}
CLASSIC = {"instanceId": "p-1", "approved": True, "approver": "Mara", "comment": ""}


def approving(body):
    """Return the meanings of a message that say yes, as pairs of proposal and person; None is nobody in particular."""
    readings = read_queue_message(body)
    if isinstance(readings, Rejected):
        return []
    verbs = [(each, answer_in(each, person="somebody", decision_id="1")) for each in readings]
    return [(each.instance_id, approver_in(each)) for each, verb in verbs if verb.decision in ("approve", "approved")]


@pytest.mark.parametrize("message", [GOOD, CLASSIC])
def test_a_valid_message_approves(message):
    """The control of everything below."""
    assert approving(json.dumps(message).encode()) == [("p-1", "Mara")]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["approve", "true", 1]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from([GOOD, CLASSIC]), st.dictionaries(st.sampled_from(["approved", "extra", "approver"]), VALUES))
def test_a_changed_message_approves_only_if_it_still_says_so(message, changes):
    """An approval is the word or the boolean, in a message without unknown keys; nothing that looks like one."""
    changed = {**message, **changes}
    said_yes = set(changed) <= set(message) and (message is GOOD or changed["approved"] is True)
    found = approving(json.dumps(changed).encode())
    assert not found or said_yes
    assert not found or found[0][1] in (str(changed["approver"]).strip(), None)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_name_a_person_or_break_the_reader(body):
    """Noise is at most a bare id, which names nobody; that counts only if the settings allow it."""
    readings = read_queue_message(body)
    if not isinstance(readings, Rejected):
        assert {type(each) for each in readings} == {BareReading}


@given(st.data(), st.sampled_from([{**GOOD, "decision": "reject"}, {**CLASSIC, "approved": False}]))
def test_no_damage_on_the_way_turns_a_rejection_into_an_approval(data, message):
    """One byte lost, added or changed. That it was Mara is the sender's claim: see above."""
    body = bytearray(json.dumps(message).encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place : place + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=1))
    assert approving(bytes(body)) == []


@pytest.mark.parametrize("pack", [bytes, base64.b64encode], ids=["plain", "Base64"])
def test_an_ambiguous_message_is_refused(pack):
    """A duplicate key means approval to one reader and rejection to another."""
    twice = b'{"instanceId": "p-1", "approved": false, "approver": "Mara", "approved": true}'
    assert approving(pack(twice)) == []


def test_a_message_without_the_right_to_decide_is_put_aside(fortress):
    """Bare ids, people who are not asked, unknown proposals.

    Anybody who sees the id of a proposal could send it bare. That a bare id decides a workflow without a policy
    where APPROVALS_ALLOW_BARE is 1: tests/app/test_end_to_end.py.
    """
    proposal = fortress.begin(policy={"stages": [{"name": "design", "approvers": ["Mara"]}]})
    packed = base64.b64encode(proposal.encode()).decode()
    reasons = ["names no person", "names no person", f"there is no proposal p-unknown-{proposal}"]
    messages = [proposal, packed, json.dumps({**GOOD, "proposalId": f"p-unknown-{proposal}"})]
    messages += [json.dumps({**GOOD, "proposalId": proposal, "approver": name}) for name in ("Nora", "Ines", "Mara x")]
    for text in messages:
        fortress.send(text)
    fortress.until(lambda: set(messages) <= {each["body"] for each in fortress.lines("poison-message")})
    told = {each["body"]: each["reason"] for each in fortress.lines("poison-message")}
    assert all(reason in told[body] for body, reason in zip(messages[:3], reasons, strict=True))
    assert all(told[body] for body in messages)
    assert (fortress.look(proposal)["status"], "decided" in fortress.kinds(proposal)) == ("inReview", False)
    fortress.send(json.dumps({**GOOD, "proposalId": proposal}))
    fortress.until(lambda: fortress.look(proposal)["status"] == "approved")
    (answer,) = fortress.look(proposal)["stages"][0]["answers"]
    assert (answer["person"], answer["via"]) == ("Mara", "queue")
