"""Decision links: what a link says, signed, so that nobody else can make one or change it.

A token only says who may answer what, and until when. That it is used once is decided where answers are taken down.
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
"""Characters; a link with the longest names there can be has less, and nothing longer is looked at."""

_SALT = "greenlight/decision-link/v1"
"""Sets these signatures apart from all others that the same keys might make."""


class Link(Boundary):
    """Who may answer what by one link, once."""

    proposal: Line
    round: Annotated[int, Field(ge=1)]
    stage: Line
    """By name."""
    rung: Annotated[int, Field(ge=0)]
    """Of the ladder of escalations; 0 are the approvers. A link ends with its rung."""
    person: Line
    expires: int
    """Seconds since 1970 in UTC; from then on it is too late."""
    id: Line
    """What makes it single: an answer keeps the id of the link that it came by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A real link whose time is over."""

    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """No link of ours, or not any more: another key, a changed or cut text."""


def write_link(link: Link, keys: Sequence[str]) -> str:
    """Return the link as a token for URLs, signed with the newest key, which is the last one.

    Raises ValueError without keys: then links are off, and nobody should come here.
    """
    if not keys:
        raise ValueError("a link cannot be signed without a key; set LINK_KEYS")
    token = _serializer(keys).dumps(link.to_dict())
    return token if isinstance(token, str) else token.decode()


def read_link(token: str, keys: Sequence[str], now: datetime) -> Link | Expired | Forged:
    """Return what a token says if one of the keys has signed it; without keys nothing is a link. Never raises."""
    if not keys or len(token) > LONGEST_TOKEN or not _plain(token):
        return Forged()
    try:
        link = Link.from_dict(_serializer(keys).loads(token))
    except (BadData, Invalid):
        return Forged()
    if not is_seen(link.person):
        return Forged()  # made before such names were refused; no answer can be given in one
    return link if now.timestamp() < link.expires else Expired(link=link)


def _serializer(keys: Sequence[str]) -> URLSafeSerializer:
    signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    # Names keep their letters: escaped, the longest ones would not fit into the line of a request.
    return URLSafeSerializer(list(keys), salt=_SALT, signer_kwargs=signing, serializer_kwargs={"ensure_ascii": False})


def _plain(token: str) -> bool:
    """Say whether the signature is written in the one way in which it is made.

    The last letter of Base64 has bits that are not read, so without this, four tokens would mean the same link.
    """
    signature = token.rpartition(".")[2]
    try:
        return base64_encode(base64_decode(signature)) == signature.encode()
    except (BadData, ValueError):
        return False
