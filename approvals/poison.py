"""Poison messages, which can never be processed: how they are stored with a reason, and how the log shows them."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from approvals.validation import Boundary, Invalid, read_json

_MOST_SHOWN = 2_000
_SECRET = re.compile(
    r"""(?ix)
    (?P<name> (?: key | sig | signature | token | secret | password | pwd | code ) ["']? \s* [=:] \s* ["']? )
    (?P<value> [^\s"'&;,}]+ )"""
)


class PoisonMessage(Boundary):
    """A message on `approval-queue-poison`: the original body, and the reason why it cannot be processed.

    In a body that is not UTF-8 each invalid byte is written as `\\xNN`.
    """

    reason: str
    body: str

    @classmethod
    def of(cls, body: bytes, reason: str) -> "PoisonMessage":
        """Make a poison message from a body and a reason."""
        return cls(reason=reason, body=body.decode("utf-8", "backslashreplace"))

    @classmethod
    def read(cls, message: bytes) -> "PoisonMessage":
        """Read a message from the poison queue. The host itself puts only the body there, without a reason."""
        try:
            return cls.from_dict(read_json(message))
        except Invalid:
            return cls.of(message, "the host gave up after its last attempt; its log has the error of each")

    def to_json(self) -> str:
        """Return the text for the poison queue, in ASCII because queue messages are sent in XML."""
        return json.dumps(self.to_dict())


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonRecord:
    """One log line about a poison message, with secrets masked and with limited length."""

    message_id: str
    message: PoisonMessage

    def to_json(self) -> str:
        """Return one line of JSON. `bodySha256` identifies the message even if the body was cut or masked."""
        body = self.message.body
        record: dict[str, Any] = {
            "record": "poison-message",
            "queue": "approval-queue",
            "messageId": self.message_id,
            "reason": without_secrets(self.message.reason),
            "bodyLength": len(body),
            "bodySha256": hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest(),
            "body": without_secrets(body)[:_MOST_SHOWN],
        }
        return json.dumps(record, ensure_ascii=True)


def without_secrets(text: str) -> str:
    """Mask the value after a name that ends like a secret's name: `AccountKey=…`, `sig=…`, `"password": "…"`."""
    return _SECRET.sub(r"\g<name>***", text)
