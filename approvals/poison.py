"""Messages that can never succeed: how they are put aside with a reason, and how they are shown in the log."""

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
    """What lies on `approval-queue-poison`: the message as it came, and why it cannot be used.

    A body that is not UTF-8 is kept with each bad byte written as `\\xNN`.
    """

    reason: str
    body: str

    @classmethod
    def of(cls, body: bytes, reason: str) -> "PoisonMessage":
        """Put a message aside with the reason."""
        return cls(reason=reason, body=body.decode("utf-8", "backslashreplace"))

    @classmethod
    def read(cls, message: bytes) -> "PoisonMessage":
        """Read one from the poison queue; what the host itself put there is the bare body, without a reason."""
        try:
            return cls.from_dict(read_json(message))
        except Invalid:
            return cls.of(message, "the host gave up after its last attempt; its log has the error of each")

    def to_json(self) -> str:
        """Return the text that goes to the poison queue; ASCII, as queue messages travel in XML."""
        return json.dumps(self.to_dict())


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonRecord:
    """One line of the log about one poison message, with secrets masked and length capped."""

    message_id: str
    message: PoisonMessage

    def to_json(self) -> str:
        """Return one line of JSON; `bodySha256` identifies the message where the body was cut or masked."""
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
    """Mask what stands behind a name that ends like a secret's: `AccountKey=…`, `sig=…`, `"password": "…"`."""
    return _SECRET.sub(r"\g<name>***", text)
