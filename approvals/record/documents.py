"""Hashes of what is decided on: one over texts, cost and attachments, and one over the policy."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from approvals.validation import Boundary, Line


class Attachment(Boundary):
    """A file of a proposal: its blob, its name, and the hash of its content."""

    name: Line
    """A label for people; neither a path nor the blob's name."""
    blob: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str
    """In hex."""


def document_hash(words: dict[str, Any], attachments: Iterable[Attachment]) -> str:
    """Return the SHA-256 of the document in hex: the same texts, cost and files give the same hash."""
    files = sorted([each.name, each.sha256] for each in attachments)
    return _hash({**words, "attachments": files})


def policy_hash(policy: dict[str, Any]) -> str:
    """Return the SHA-256 in hex of a policy as the record stores it."""
    return _hash(policy)


def policy_version(own: str | None, hashed: str) -> str:
    """Return a policy's own version, or the beginning of its hash."""
    return own or hashed[:8]


def _hash(data: dict[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
