"""How a message on `approval-queue` is understood: JSON, or a bare instance id, plain or in Base64.

A bare id is ambiguous: every id of 32 hex digits is also valid Base64. So reading yields the possible meanings in the
order in which they count, and the caller, who can ask, takes the first whose instance exists.

An object either names an `instanceId` and says `approved`, which any workflow that waits for a decision understands, or
it names a `proposalId` and gives a `decision` in the words of its policy.
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
    """An answer to a proposal that is under review, in the words of its policy."""

    proposal_id: InstanceId
    decision: Line
    """`approve`, `reject`, or a word of the policy's own."""
    approver: Name = UNNAMED
    comment: Prose = ""
    decision_id: Line | None = None
    """Chosen by the sender; the same one again is the same decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One possible meaning of a message: this decision for that instance."""

    instance_id: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class BareReading:
    """One possible meaning of a message: the id alone, which means approved, by nobody in particular."""

    instance_id: str

    @property
    def decision(self) -> Decision:
        """What a bare id says."""
        return Decision(approved=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReading:
    """The meaning of a message that names a proposal: this answer to its review."""

    answer: QueuedAnswer

    @property
    def instance_id(self) -> str:
        """The proposal's id, which is that of its workflow."""
        return self.answer.proposal_id


AnyReading = Reading | BareReading | ReviewReading


def named_in(reading: AnyReading) -> str | None:
    """Return who decided, as the message says; None where it does not."""
    name = reading.answer.approver if isinstance(reading, ReviewReading) else reading.decision.approver
    return None if key(name) == UNNAMED else name


def id_of(reading: AnyReading, message: str) -> str:
    """Return the id by which the answer is known when it comes again: the sender's, else that of the message."""
    return (isinstance(reading, ReviewReading) and reading.answer.decision_id) or message


def answer_in(reading: AnyReading, *, person: str, decision_id: str) -> Decide:
    """Return what the message asks of a review; `decision_id` is from `id_of`."""
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

    What begins like a JSON object has exactly one meaning, right or wrong. Everything else may be a bare id, and may be
    Base64 of either.
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
    """Understand text that is not packed any more; None where it is nothing we know."""
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
    """Undo Base64; empty where the text is none."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        return b""
