"""The keys that authenticate records: only with a key can a valid entry be written.

People with write access to the storage of records do not have the keys. The keys are given as text, `id:key,id:key`:
the first one signs, all of them verify. So a key is replaced by putting a new one before it.
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
    """One key, and its id in the lines of a record."""

    id: str
    secret: bytes = field(repr=False)

    def sign(self, content: bytes) -> str:
        """Return the HMAC-SHA-256 of the content, in hex."""
        return hmac.new(self.secret, content, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys that verify entries."""

    keys: tuple[Key, ...]
    """At least one; the first signs."""
    since: datetime | None = None
    """When the app got its first key. Older entries may lack authentication; None: no entry may."""

    @property
    def signing_key(self) -> Key:
        """The key that signs."""
        return self.keys[0]

    def has_signed(self, key_id: str, content: bytes, mac: str) -> bool:
        """Say whether the key with that id has signed the content; false if there is no such key."""
        return any(key.id == key_id and hmac.compare_digest(key.sign(content), mac) for key in self.keys)

    def knows(self, key_id: str) -> bool:
        """Say whether there is a key with that id."""
        return any(key.id == key_id for key in self.keys)


def read_keyring(parts: Iterable[str], *, since: datetime | None = None) -> Keyring:
    """Read keys from texts `id:key`; raises `Invalid`, whose text contains no key."""
    keys = tuple(map(_key, parts))
    if not keys:
        raise Invalid("there is no key")
    if len({key.id for key in keys}) != len(keys):
        raise Invalid("an id is given twice; each key needs its own id")
    return Keyring(keys=keys, since=since)


def _key(part: str) -> Key:
    key_id, colon, secret = part.partition(":")
    if not colon or not _ID.fullmatch(key_id):
        raise Invalid("write each key as id:key, such as 2026-11:…")
    if len(secret) < SHORTEST:
        raise Invalid(f"the key {key_id} needs at least {SHORTEST} characters; make one with: openssl rand -base64 48")
    return Key(id=key_id, secret=secret.encode())
