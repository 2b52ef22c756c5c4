"""What an answer is about: the document or the round that its sender saw, as the sender names it."""

import re
from typing import Annotated, Any

from pydantic import Field

from approvals.validation import Boundary, Invalid, Line

_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,5})-([0-9a-f]{64})(?:-[0-9]{1,9})?"', re.ASCII)
"""Weak tags count too: a proxy that compresses a response makes its ETag weak, and the document is the same."""


class About(Boundary):
    """Base of the messages that can name their document or round. A field that is left out is not compared."""

    document: Line | None = None
    """SHA-256 in hex, as `GET /api/proposals/{id}`, the letters and the page show it."""
    round: Annotated[int, Field(ge=1)] | None = None
    """The round that the sender has seen. It identifies a document if that round had only one."""

    @property
    def names_document(self) -> bool:
        """Whether the message says which document or round it is about."""
        return self.document is not None or self.round is not None


def write_tag(document: str, number: int, entries: int) -> str:
    """Return the ETag of a proposal: its round, its document, and how many entries its record has.

    `If-None-Match` compares all of it, so a comment makes another tag. `If-Match` compares only document and round.
    """
    return f'"{number}-{document}-{entries}"'


def with_tag(body: dict[str, Any], header: str) -> dict[str, Any]:
    """Add the document and the round of an `If-Match` header to a request's body; raises `Invalid` if they differ.

    `*` adds nothing. A tag that this app did not issue is taken as a document that no proposal has.
    """
    if header.strip() == "*":
        return body
    tag = _TAG.fullmatch(header.strip())
    named = {"round": int(tag[1]), "document": tag[2]} if tag else {"document": header.strip()[:200] or "-"}
    for name, value in named.items():
        if body.get(name, value) not in (value, None):
            raise Invalid(f"{name}: differs from If-Match; give only one of the two")
    return {**body, **named}
