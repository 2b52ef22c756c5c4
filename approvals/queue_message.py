"""How a message on `approval-queue` is read: JSON, or a bare instance id, plain or in Base64.

A bare id is ambiguous: every id of 32 hex digits is also valid Base64. So reading returns the possible meanings, the
most likely first. The caller takes the first one whose instance exists.

An object has either `instanceId` and `approved`, which every workflow that waits for a decision understands, or
`proposalId` and a `decision` in the words of the proposal's policy.
"""

import base64
from dataclasses import dataclass
from typing import Any

from approvals.about import About
from approvals.decision import Decision, QueuedDecision, Rejected
from approvals.identifiers import InstanceId, is_instance_id
from approvals.names import Name, key
from approvals.reserved_names import UNNAMED
from approvals.rules.verbs import Decide
from approvals.validation import Invalid, Line, Prose, read_json


class QueuedAnswer(About):
    """An answer to a proposal under review, in the words of its policy."""

    proposal_id: InstanceId
    decision: Line
    """`approve`, `reject`, or a word that the policy defines."""
    approver: Name = UNNAMED
    comment: Prose = ""
    decision_id: Line | None = None
    """Chosen by the sender. A repeated id is the same decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One possible meaning of a message: a decision for an instance."""

    instance_id: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class BareReading:
    """One possible meaning of a message: a bare id, which means approved, without an approver's name."""

    instance_id: str

    @property
    def decision(self) -> Decision:
        """The decision that a bare id means."""
        return Decision(approved=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReading:
    """The meaning of a message that names a proposal: an answer to its review."""

    answer: QueuedAnswer

    @property
    def instance_id(self) -> str:
        """The proposal's id, which is also the id of its workflow."""
        return self.answer.proposal_id


AnyReading = Reading | BareReading | ReviewReading


def approver_in(reading: AnyReading) -> str | None:
    """Return the approver that the message names; None if it names none."""
    name = reading.answer.approver if isinstance(reading, ReviewReading) else reading.decision.approver
    return None if key(name) == UNNAMED else name


def id_of(reading: AnyReading, message: str) -> str:
    """Return the id that identifies a repeated answer: the sender's, else the queue message's."""
    return (isinstance(reading, ReviewReading) and reading.answer.decision_id) or message


def answer_in(reading: AnyReading, *, person: str, decision_id: str) -> Decide:
    """Return the decision for a review; `decision_id` is from `id_of`."""
    answer = reading.answer if isinstance(reading, ReviewReading) else reading.decision
    word = answer.decision if isinstance(answer, QueuedAnswer) else "approve" if answer.approved else "reject"
    return Decide(
        approver=person,
        decision=word,
        comment=answer.comment,
        decision_id=decision_id,
        document=answer.document,
        round=answer.round,
    )


def read_queue_message(body: bytes) -> tuple[AnyReading, ...] | Rejected:
    """Return the possible meanings of a message, most likely first, or why it has none. Never raises.

    A text that begins like a JSON object has exactly one meaning, or is an error. Any other text may be a bare id, or
    Base64 of an object or an id.
    """
    text = _text(body)
    if text is None:
        return Rejected(reason="the message is not UTF-8 text")
    plain = _meaning(text)
    if isinstance(plain, Rejected):
        return plain
    if isinstance(plain, Reading | ReviewReading):
        return (plain,)
    encoded = _meaning(_text(_unpacked(text)) or "")
    if isinstance(encoded, Rejected):
        return (plain,) if plain else encoded
    return tuple(one for one in (plain, encoded) if one) or Rejected(reason=_NEITHER)


_NEITHER = "the message is neither a JSON object nor an instance id, plain or in Base64"


def _meaning(text: str) -> AnyReading | Rejected | None:
    """Read decoded text; None if it is neither an object nor an id."""
    text = text.strip()
    if text.startswith("{"):
        try:
            return _object(read_json(text))
        except Invalid as error:
            return Rejected(reason=str(error))
    return BareReading(instance_id=text) if is_instance_id(text) else None


def _object(value: Any) -> Reading | ReviewReading:
    if isinstance(value, dict) and "proposalId" in value:
        return ReviewReading(answer=QueuedAnswer.from_dict(value))
    message = QueuedDecision.from_dict(value)
    return Reading(instance_id=message.instance_id, decision=message.decision)


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _unpacked(text: str) -> bytes:
    """Decode Base64; empty if the text is not Base64."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        return b""
