"""A record's bytes: one JSON line an entry, each sealed with a hash over itself and the one before it.

    {"at":…,"by":…,…,"hash":"<SHA-256 of this line without hash>","key":"<id of a key>",
     "mac":"<HMAC-SHA-256 of this line without hash and mac>","number":2,"prev":"<hash of line 1>",…}

JSON is written in one way only (sorted keys, no spaces, UTF-8), and a line counts only where it is that very text. So
any byte that is changed, any line that is lost, added or moved shows. Hashes anybody can make; a mac needs a key, which
whoever may write to the storage does not have. What no chain can show of itself is that whole lines are missing at its
end: for that the head and the number of entries are also kept elsewhere, see `verify`.

Lines that were written before the app had keys have neither `key` nor `mac`. They count where they are older than the
first key (`Keyring.since`) and come before all lines that are authenticated.
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
"""What stands in the place of the hash before the first entry's."""

_ANOTHER = "it is another entry than was seen here before: the record was written anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A record that was read, or has just been written."""

    entries: tuple[Entry, ...]
    head: str
    """The hash of the last entry; what the next one is sealed to."""
    size: int
    """Bytes."""
    heads: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The hash of each entry; `head` is the last of them."""

    def check(self, seen: Anchor) -> None:
        """Raise `Tampered` where this is another record than was seen; one of more entries was seen later than this."""
        number = seen.entries
        if number is not None and number <= len(self.heads) and self.heads[number - 1] != seen.head:
            raise Tampered(number, _ANOTHER, State.REPLACED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A line that follows the one before it."""

    entry: Entry
    head: str
    """Its hash."""
    authenticated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What a line says, and how it should be."""

    entry: Entry
    prev: str
    key: str | None
    mac: str | None
    signed: bytes
    """What its mac is of."""
    text: bytes
    """As the app would write it."""
    head: str
    """Its hash then."""


def seal(entries: Iterable[Entry], *, head: str, keys: Keyring | None = None) -> bytes:
    """Return the lines of entries that follow the one whose hash is `head`; without keys nobody vouches for them."""
    lines = list[bytes]()
    for entry in entries:
        fields = {**to_json(entry), "prev": head}
        if keys:
            fields["key"] = keys.signing.id
            fields["mac"] = keys.signing.sign(_canonical(fields))
        line, head = _sealed(fields)
        lines.append(line)
    return b"".join(lines)


def read_chain(content: bytes, *, keys: Keyring | None = None, proposal_id: str | None = None) -> Chain:
    """Read a record; no bytes are a record without entries. Raises `Tampered` where it is not what was written.

    With `keys` each entry must be authenticated, or older than they are. With `proposal_id` it must be that record.
    """
    links = tuple(_links(content, keys, proposal_id))
    heads = tuple(link.head for link in links)
    return Chain(
        entries=tuple(link.entry for link in links), head=(GENESIS, *heads)[-1], size=len(content), heads=heads
    )


def verify(
    content: bytes,
    *,
    keys: Keyring | None = None,
    proposal_id: str | None = None,
    anchors: Iterable[Anchor] = (),
) -> Verdict:
    """Say what has become of a record.

    Without `keys` nothing is authenticated, without `anchors` whole lines that are cut from the end do not show, and
    without `proposal_id` another proposal's record is as good as the right one. What was not checked is never called
    whole.
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
                raise Tampered(number, "something was added after the end", State.APPENDED)
            kinds.append(link.entry.kind)
            heads.append(link.head)
            authenticated = number if link.authenticated else authenticated
        for anchor in known:
            _hold_against(heads, anchor)
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
    standing, unsaid = _standing(len(kinds), authenticated, anchored=bool(known))
    return Verdict(state=standing, entries=len(kinds), authenticated=authenticated, head=heads[-1], finding=unsaid)


def key_ids(content: bytes) -> tuple[str, ...]:
    """Return the ids of the keys that a record names, each once, in their order; raises `Tampered`."""
    *lines, _ = content.split(b"\n")
    read = [_read(number, line).key for number, line in enumerate(lines, start=1)]
    return tuple(dict.fromkeys(key for key in read if key))


def _standing(entries: int, authenticated: int, *, anchored: bool) -> tuple[State, str | None]:
    """Return what a record is in which nothing is wrong, and what was not checked of it."""
    unsaid = []
    if not anchored:
        unsaid.append("end not checked")
    if authenticated < entries:
        unsaid.append(f"authenticated up to entry {authenticated}" if authenticated else "not authenticated")
    if not unsaid:
        return State.WHOLE, None
    state = State.NOT_AUTHENTICATED if anchored else State.NOT_ANCHORED
    return state, f"unbroken up to entry {entries}, {', '.join(unsaid)}"


def _hold_against(heads: list[str], anchor: Anchor) -> None:
    """Compare with what was seen earlier; `heads` begins with the one before the first entry."""
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
                "the entry that was seen last is not here, so the end is missing or was replaced",
                State.CUT,
            )
    elif heads[anchor.entries] != anchor.head:
        raise Tampered(anchor.entries, _ANOTHER, State.REPLACED)


def _links(content: bytes, keys: Keyring | None, proposal_id: str | None) -> Iterator[_Link]:
    """Yield each entry with its hash; raises `Tampered` at the first line that cannot be."""
    before: _Link | None = None
    vouched = False
    *lines, rest = content.split(b"\n")
    for number, text in enumerate(lines, start=1):
        line = _read(number, text)
        _follow(number, text, line, before)
        if number == 1 and proposal_id is not None and not _begins(line.entry, proposal_id):
            raise Tampered(1, "it begins the record of another proposal", State.REPLACED)
        authenticated = keys is not None and _authenticate(number, line, keys, vouched=vouched)
        vouched = vouched or authenticated
        before = _Link(entry=line.entry, head=line.head, authenticated=authenticated)
        yield before
    if rest:
        raise Tampered(len(lines) + 1, "it is cut off", State.CUT)


def _begins(entry: Entry, proposal_id: str) -> bool:
    """Say whether an entry begins the record of that proposal."""
    return isinstance(entry, Submitted) and entry.proposal_id == proposal_id


def _follow(number: int, text: bytes, line: _Line, before: _Link | None) -> None:
    """Check a line by itself and against the one before it, as anybody can."""
    if line.text != text + b"\n":
        raise Tampered(number, "its hash is not that of its text: the line was changed")
    if line.prev != (before.head if before else GENESIS):
        raise Tampered(number, "it does not follow the line before it: a line was lost, added or moved")
    if line.entry.number != number:
        raise Tampered(number, f"entry {line.entry.number} stands where entry {number} belongs")
    if before and line.entry.at < before.entry.at:
        raise Tampered(number, "it is older than the entry before it")


def _authenticate(number: int, line: _Line, keys: Keyring, *, vouched: bool) -> bool:
    """Say whether a key vouches for a line; raises `Tampered` where one must. `vouched` is whether one has before."""
    if line.key is not None and line.mac is not None:
        if keys.signed(line.key, line.signed, line.mac):
            return True
        reason = (
            "its mac is not of its key: somebody without the key wrote it"
            if keys.knows(line.key)
            else f"it names the key {line.key[:40]!r}, which is none of those given"
        )
    elif vouched or keys.since is None or line.entry.at >= keys.since:
        reason = "it is not authenticated: somebody without a key wrote it, or it is older than the keys"
    else:
        return False
    # Where the first line is not ours the whole record is not.
    raise Tampered(number, reason, State.REPLACED if number == 1 else State.APPENDED)


def _read(number: int, text: bytes) -> _Line:
    """Return what a line says, and how it should be."""
    try:
        value = read_json(text.decode())
        if not isinstance(value, dict) or not isinstance(prev := value.pop("prev", None), str):
            raise Invalid("it has no `prev`")
        value.pop("hash", None)
        key, mac = value.pop("key", None), value.pop("mac", None)
        if (key, mac) != (None, None) and not (isinstance(key, str) and isinstance(mac, str)):
            raise Invalid("`key` and `mac` are texts, and come together")
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
    """Return the line of fields that have all but the hash, and the hash."""
    digest = hashlib.sha256(_canonical(fields)).hexdigest()
    return _canonical({**fields, "hash": digest}) + b"\n", digest


def _canonical(fields: dict[str, Any]) -> bytes:
    """Write JSON in the one way in which records have it; raises ValueError for what is not JSON."""
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
