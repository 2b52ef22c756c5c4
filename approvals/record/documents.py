"""What is decided on, and by which rule: one hash over words, cost and attachments, and one over the policy."""

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
    return _hash({**words, "attachments": files})


def policy_hash(policy: dict[str, Any]) -> str:
    """Return the SHA-256 in hex of a policy as its record has it."""
    return _hash(policy)


def policy_version(own: str | None, hashed: str) -> str:
    """Return what a policy says that its version is, or the beginning of its hash."""
    return own or hashed[:8]


def _hash(data: dict[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
