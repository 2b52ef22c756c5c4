"""Decision links: the signed content of a link, which nobody else can create or change.

A token only says who may answer what, and until when. That a link is used only once is checked when an answer is
recorded.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from pydantic import Field

from approvals.names import is_seen
from approvals.validation import Boundary, Invalid, Line

LONGEST_TOKEN = 6_000
"""Characters. A link with the longest possible names is shorter; a longer token is not read."""

_SALT = "greenlight/decision-link/v1"
"""Distinguishes these signatures from others with the same keys."""


class Link(Boundary):
    """The content of a link: who may answer what, once."""

    proposal: Line
    round: Annotated[int, Field(ge=1)]
    stage: Line
    """The stage's name."""
    rung: Annotated[int, Field(ge=0)]
    """The rung of the escalation; 0 for the approvers. A link is valid only for its rung."""
    person: Line
    expires: int
    """When the link expires, in seconds since 1970 in UTC."""
    id: Line
    """Makes the link usable only once: an answer stores the id of its link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A genuine link that has expired."""

    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidLink:
    """Not a valid link: another key, a changed or cut token."""


def write_link(link: Link, keys: Sequence[str]) -> str:
    """Return the link as a token for URLs, signed with the newest key, which is the last one.

    Raises ValueError without keys: then links are switched off, and no code should call this.
    """
    if not keys:
        raise ValueError("a link cannot be signed without a key; set LINK_KEYS")
    token = _serializer(keys).dumps(link.to_dict())
    return token if isinstance(token, str) else token.decode()


def read_link(token: str, keys: Sequence[str], now: datetime) -> Link | Expired | InvalidLink:
    """Return the content of a token if one of the keys has signed it; without keys no token is valid. Never raises."""
    if not keys or len(token) > LONGEST_TOKEN or not _plain(token):
        return InvalidLink()
    try:
        link = Link.from_dict(_serializer(keys).loads(token))
    except (BadData, Invalid):
        return InvalidLink()
    if not is_seen(link.person):
        return InvalidLink()  # made before such names were refused; no answer can have such a name
    return link if now.timestamp() < link.expires else Expired(link=link)


def _serializer(keys: Sequence[str]) -> URLSafeSerializer:
    signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    # Names are not escaped: the longest ones would not fit into a request line.
    return URLSafeSerializer(list(keys), salt=_SALT, signer_kwargs=signing, serializer_kwargs={"ensure_ascii": False})


def _plain(token: str) -> bool:
    """Say whether the signature is in its canonical form.

    The last letter of Base64 has unused bits. Without this check four tokens would mean the same link.
    """
    signature = token.rpartition(".")[2]
    try:
        return base64_encode(base64_decode(signature)) == signature.encode()
    except (BadData, ValueError):
        return False
