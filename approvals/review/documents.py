"""What is decided on: the words, the cost and the attachments of a proposal, and one hash over all of it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from approvals.validation import Boundary, Line


class Attachment(Boundary):
    """A file of a proposal: where it lies, what it is called, and what is in it, as a hash."""

    name: Line
    """A label for people; no path, and not the blob's name."""
    blob: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str
    """In hex."""


def document_hash(words: dict[str, Any], attachments: Iterable[Attachment]) -> str:
    """Return the SHA-256 of the document in hex: the same words, figures and files have the same one."""
    files = sorted([each.name, each.sha256] for each in attachments)
    canonical = json.dumps({**words, "attachments": files}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
