"""The keys that authenticate records: with one an entry can be sealed, and without it nobody can make one that counts.

Whoever may write to the storage of records does not have them. They come as text, `id:key,id:key`: the first signs, all
are believed. So a key is replaced by putting a new one before it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from approvals.validation import Invalid

SHORTEST = 32
"""Characters of a key. `openssl rand -base64 48` makes one of 64."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key, and the id by which lines name it."""

    id: str
    secret: bytes = field(repr=False)

    def sign(self, content: bytes) -> str:
        """Return the HMAC-SHA-256 of something, in hex."""
        return hmac.new(self.secret, content, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys that are believed."""

    keys: tuple[Key, ...]
    """At least one; the first signs."""
    since: datetime | None = None
    """When the app got its first key. Entries that are older may be without authentication; None: no entry may."""

    @property
    def signing(self) -> Key:
        """The key that signs."""
        return self.keys[0]

    def signed(self, key_id: str, content: bytes, mac: str) -> bool:
        """Say whether a key of that id has signed something; not where there is no such key."""
        return any(key.id == key_id and hmac.compare_digest(key.sign(content), mac) for key in self.keys)

    def knows(self, key_id: str) -> bool:
        """Say whether there is a key of that id."""
        return any(key.id == key_id for key in self.keys)


def read_keyring(parts: Iterable[str], *, since: datetime | None = None) -> Keyring:
    """Return the keys of texts `id:key`; raises `Invalid`, which repeats no key."""
    keys = tuple(map(_key, parts))
    if not keys:
        raise Invalid("there is no key")
    if len({key.id for key in keys}) != len(keys):
        raise Invalid("an id is given twice; each key has its own")
    return Keyring(keys=keys, since=since)


def _key(part: str) -> Key:
    key_id, colon, secret = part.partition(":")
    if not colon or not _ID.fullmatch(key_id):
        raise Invalid("each key is written as id:key, such as 2026-11:…")
    if len(secret) < SHORTEST:
        raise Invalid(f"the key {key_id} needs at least {SHORTEST} characters; make one with: openssl rand -base64 48")
    return Key(id=key_id, secret=secret.encode())
