"""A record's bytes: one line of JSON per entry, each with a hash over itself and the hash of the line before it.

    {"at":…,"by":…,…,"hash":"<SHA-256 of this line without hash>","key":"<id of a key>",
     "mac":"<HMAC-SHA-256 of this line without hash and mac>","number":2,"prev":"<hash of line 1>",…}

JSON is written in one way only (sorted keys, no spaces, UTF-8), and a line is valid only if it is exactly this text. So
every changed byte and every lost, added or moved line is detected. Anybody can compute hashes; a mac needs a key, which
people with write access to the storage do not have. A chain alone cannot show that whole lines are missing at its end.
For this the head and the number of entries are also stored elsewhere, see `verify`.

Lines that were written before the app had keys have neither `key` nor `mac`. They are valid if they are older than the
first key (`Keyring.since`) and come before all authenticated lines.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from approvals.record.entries import Commented, Entry, Kind, Submitted
from approvals.record.keys import Keyring
from approvals.record.verdict import Anchor, State, Tampered, Verdict
from approvals.record.wire import from_json, to_json
from approvals.validation import Invalid, read_json

GENESIS = "0" * 64
"""The `prev` hash of the first entry."""

_ANOTHER = "it differs from the entry that was here before: the record was rewritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A record that was read or has just been written."""

    entries: tuple[Entry, ...]
    head: str
    """The hash of the last entry, which becomes `prev` of the next one."""
    size: int
    """Bytes."""
    heads: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The hash of each entry; `head` is the last of them."""
    authenticated: bool = field(default=False, compare=False, repr=False)
    """Whether an entry is authenticated, so that each later one must be."""
    version: str | None = field(default=None, compare=False, repr=False)
    """What storage calls this state of the record; None if that is not known."""

    def check(self, seen: Anchor) -> None:
        """Raise `Tampered` if this is not the record that was seen. With more entries seen, this is an older read."""
        number = seen.entries
        if number is not None and number <= len(self.heads) and self.heads[number - 1] != seen.head:
            raise Tampered(number, _ANOTHER, State.REPLACED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """An entry that was checked against the line before it."""

    entry: Entry
    head: str
    """Its hash."""
    authenticated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The content of a line, and its correct form."""

    entry: Entry
    prev: str
    key: str | None
    mac: str | None
    signed: bytes
    """The bytes that its mac covers."""
    text: bytes
    """The line as the app would write it."""
    head: str
    """The hash of `text`."""


def seal(entries: Iterable[Entry], *, head: str, keys: Keyring | None = None) -> bytes:
    """Return the lines for entries after the one with the hash `head`; without keys they are not authenticated."""
    lines = list[bytes]()
    for entry in entries:
        fields = {**to_json(entry), "prev": head}
        if keys:
            fields["key"] = keys.signing_key.id
            fields["mac"] = keys.signing_key.sign(_canonical(fields))
        line, head = _sealed(fields)
        lines.append(line)
    return b"".join(lines)


EMPTY = Chain(entries=(), head=GENESIS, size=0)
"""A record without entries."""


def read_chain(
    content: bytes, *, keys: Keyring | None = None, proposal_id: str | None = None, after: Chain = EMPTY
) -> Chain:
    """Read a record; no bytes mean a record without entries. Raises `Tampered` if it was changed.

    With `keys` each entry must be authenticated, or older than the keys. With `proposal_id` it must be that proposal's
    record. `after` is the beginning, read before with the same keys; then `content` has the bytes behind it.
    """
    links = tuple(_links(content, keys, proposal_id, after))
    heads = (*after.heads, *(link.head for link in links))
    return Chain(
        entries=(*after.entries, *(link.entry for link in links)),
        head=(GENESIS, *heads)[-1],
        size=after.size + len(content),
        heads=heads,
        authenticated=after.authenticated or any(link.authenticated for link in links),
    )


def verify(
    content: bytes,
    *,
    keys: Keyring | None = None,
    proposal_id: str | None = None,
    anchors: Iterable[Anchor] = (),
) -> Verdict:
    """Check a record and return its state.

    Without `keys` nothing is authenticated. Without `anchors` missing lines at the end are not detected. Without
    `proposal_id` another proposal's record is accepted. A record that was not fully checked is never called whole.
    """
    if not content:
        finding = "line 1: the record is missing"
        return Verdict(state=State.MISSING, entries=0, authenticated=0, head=GENESIS, finding=finding, line=1)
    known = tuple(anchors)
    kinds, heads, authenticated = list[Kind](), [GENESIS], 0
    try:
        for link in _links(content, keys, proposal_id):
            number = link.entry.number
            if Kind.ENDED in kinds and not (isinstance(link.entry, Commented) and link.entry.after_end):
                raise Tampered(number, "an entry was added after the end", State.APPENDED)
            kinds.append(link.entry.kind)
            heads.append(link.head)
            authenticated = number if link.authenticated else authenticated
        for anchor in known:
            _compare(heads, anchor)
    except Tampered as error:
        state = error.state
        if state is State.APPENDED and any((anchor.entries or 0) >= error.line for anchor in known):
            state = State.REPLACED
        found = len(kinds)
        return Verdict(
            state=state,
            entries=found,
            authenticated=authenticated,
            head=heads[found],
            finding=str(error),
            line=error.line,
        )
    state, unchecked = _state_if_sound(len(kinds), authenticated, anchored=bool(known))
    return Verdict(state=state, entries=len(kinds), authenticated=authenticated, head=heads[-1], finding=unchecked)


def key_ids(content: bytes) -> tuple[str, ...]:
    """Return the ids of the keys that a record names, each once, in order; raises `Tampered`."""
    *lines, _ = content.split(b"\n")
    read = [_read(number, line).key for number, line in enumerate(lines, start=1)]
    return tuple(dict.fromkeys(key for key in read if key))


def _state_if_sound(entries: int, authenticated: int, *, anchored: bool) -> tuple[State, str | None]:
    """Return the state of a record without errors, and what was not checked."""
    unchecked = []
    if not anchored:
        unchecked.append("end not checked")
    if authenticated < entries:
        unchecked.append(f"authenticated up to entry {authenticated}" if authenticated else "not authenticated")
    if not unchecked:
        return State.WHOLE, None
    state = State.NOT_AUTHENTICATED if anchored else State.NOT_ANCHORED
    return state, f"unbroken up to entry {entries}, {', '.join(unchecked)}"


def _compare(heads: list[str], anchor: Anchor) -> None:
    """Compare the hashes with an anchor; `heads` begins with the hash before the first entry."""
    found = len(heads) - 1
    if anchor.entries is not None and found < anchor.entries:
        raise Tampered(
            found + 1, f"the end is missing: {anchor.entries} entries were seen before, {found} are here", State.CUT
        )
    if anchor.head is None:
        return
    if anchor.entries is None:
        if anchor.head not in heads:
            raise Tampered(
                found + 1,
                "the last entry that was seen before is not here: the end is missing or was replaced",
                State.CUT,
            )
    elif heads[anchor.entries] != anchor.head:
        raise Tampered(anchor.entries, _ANOTHER, State.REPLACED)


def _links(content: bytes, keys: Keyring | None, proposal_id: str | None, after: Chain = EMPTY) -> Iterator[_Link]:
    """Yield each entry behind `after` with its hash; raises `Tampered` at the first wrong line."""
    before: _Link | None = None
    signed_before = after.authenticated
    if after.entries:
        before = _Link(entry=after.entries[-1], head=after.head, authenticated=signed_before)
    *lines, rest = content.split(b"\n")
    for number, text in enumerate(lines, start=len(after.entries) + 1):
        line = _read(number, text)
        _follow(number, text, line, before)
        if number == 1 and proposal_id is not None and not _begins(line.entry, proposal_id):
            raise Tampered(1, "it is the first entry of another proposal's record", State.REPLACED)
        authenticated = keys is not None and _authenticate(number, line, keys, signed_before=signed_before)
        signed_before = signed_before or authenticated
        before = _Link(entry=line.entry, head=line.head, authenticated=authenticated)
        yield before
    if rest:
        raise Tampered(len(after.entries) + len(lines) + 1, "it is cut off", State.CUT)


def _begins(entry: Entry, proposal_id: str) -> bool:
    """Say whether an entry is the first one of that proposal's record."""
    return isinstance(entry, Submitted) and entry.proposal_id == proposal_id


def _follow(number: int, text: bytes, line: _Line, before: _Link | None) -> None:
    """Check a line by itself and against the line before it; no key is needed for this."""
    if line.text != text + b"\n":
        raise Tampered(number, "its hash does not match its text: the line was changed")
    if line.prev != (before.head if before else GENESIS):
        raise Tampered(number, "it does not follow the line before it: a line was lost, added or moved")
    if line.entry.number != number:
        raise Tampered(number, f"it has entry {line.entry.number} instead of entry {number}")
    if before and line.entry.at < before.entry.at:
        raise Tampered(number, "it is older than the entry before it")


def _authenticate(number: int, line: _Line, keys: Keyring, *, signed_before: bool) -> bool:
    """Say whether a line is authenticated; raises `Tampered` if it must be. `signed_before`: an earlier line is."""
    if line.key is not None and line.mac is not None:
        if keys.has_signed(line.key, line.signed, line.mac):
            return True
        reason = (
            "its mac does not match its key: somebody without the key wrote it"
            if keys.knows(line.key)
            else f"it names the key {line.key[:40]!r}, which is not among the given keys"
        )
    elif signed_before or keys.since is None or line.entry.at >= keys.since:
        reason = "it is not authenticated: somebody without a key wrote it, or it is older than the keys"
    else:
        return False
    # If the first line is forged, the whole record is.
    raise Tampered(number, reason, State.REPLACED if number == 1 else State.APPENDED)


def _read(number: int, text: bytes) -> _Line:
    """Return the content of a line, and its correct form."""
    try:
        value = read_json(text.decode())
        if not isinstance(value, dict) or not isinstance(prev := value.pop("prev", None), str):
            raise Invalid("it has no `prev`")
        value.pop("hash", None)
        key, mac = value.pop("key", None), value.pop("mac", None)
        if (key, mac) != (None, None) and not (isinstance(key, str) and isinstance(mac, str)):
            raise Invalid("`key` and `mac` must be strings and be given together")
        entry = from_json(value)
        fields = {**to_json(entry), "prev": prev}
        if key is not None:
            fields["key"] = key
        signed = _canonical(fields)
        if mac is not None:
            fields["mac"] = mac
        line, head = _sealed(fields)
    except ValueError as error:
        raise Tampered(number, f"it cannot be read: {error}") from error
    return _Line(entry=entry, prev=prev, key=key, mac=mac, signed=signed, text=line, head=head)


def _sealed(fields: dict[str, Any]) -> tuple[bytes, str]:
    """Return the line for fields without the hash, and the hash."""
    digest = hashlib.sha256(_canonical(fields)).hexdigest()
    return _canonical({**fields, "hash": digest}) + b"\n", digest


def _canonical(fields: dict[str, Any]) -> bytes:
    """Write JSON in the canonical form of records; raises ValueError for data that is not JSON."""
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
