"""How a message on `approval-queue` is understood: JSON, or a bare instance id, plain or in Base64.

A bare id is ambiguous: every id of 32 hex digits is also valid Base64. So reading yields the possible meanings in the
order in which they count, and the caller, who can ask, takes the first whose instance exists.
"""

import base64
from dataclasses import dataclass

from approvals.decision import Decision, QueuedDecision, Rejected
from approvals.identifiers import is_instance_id
from approvals.validation import Invalid, read_json


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


def read_queue_message(body: bytes) -> tuple[Reading | BareReading, ...] | Rejected:
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
    if isinstance(plain, Reading):
        return (plain,)
    encoded = _meaning(_text(_unpacked(text)) or "")
    meanings = tuple(one for one in (plain, encoded) if isinstance(one, Reading | BareReading))
    if meanings:
        return meanings
    return encoded if isinstance(encoded, Rejected) else Rejected(reason=_NEITHER)


_NEITHER = "the message is neither a JSON object nor an instance id, plain or in Base64"


def _meaning(text: str) -> Reading | BareReading | Rejected | None:
    """Understand text that is not packed any more; None where it is nothing we know."""
    text = text.strip()
    if text.startswith("{"):
        try:
            message = QueuedDecision.from_dict(read_json(text))
        except Invalid as error:
            return Rejected(reason=str(error))
        return Reading(instance_id=message.instance_id, decision=message.decision)
    return BareReading(instance_id=text) if is_instance_id(text) else None


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
