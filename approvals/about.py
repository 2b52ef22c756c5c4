"""What an answer is about: the document or the round that its sender had before them, as they name it."""

import re
from typing import Annotated, Any

from pydantic import Field

from approvals.validation import Boundary, Invalid, Line

_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,5})-([0-9a-f]{64})"', re.ASCII)
"""Also as weak: proxies that pack an answer make its ETag so, and the document is the same."""


class About(Boundary):
    """Base of what can name what it is about; what is left out is not compared."""

    document: Line | None = None
    """SHA-256 in hex, as `GET /api/proposals/{id}`, letters and the page show it."""
    round: Annotated[int, Field(ge=1)] | None = None
    """The round that the sender has seen; it names a document as long as that round has had one."""

    @property
    def names_document(self) -> bool:
        """Whether it says what it is about."""
        return self.document is not None or self.round is not None


def write_tag(document: str, number: int) -> str:
    """Return the ETag of a document in its round; comments and answers leave it as it is."""
    return f'"{number}-{document}"'


def with_tag(body: dict[str, Any], header: str) -> dict[str, Any]:
    """Return the body of a request with what its `If-Match` names; raises `Invalid` where the two differ.

    `*` names nothing. A tag that is none of ours names a document that no proposal has.
    """
    if header.strip() == "*":
        return body
    tag = _TAG.fullmatch(header.strip())
    named = {"round": int(tag[1]), "document": tag[2]} if tag else {"document": header.strip()[:200] or "-"}
    for name, value in named.items():
        if body.get(name, value) not in (value, None):
            raise Invalid(f"{name}: is not what If-Match names; give one of them")
    return {**body, **named}
