"""A record's bytes: one JSON line an entry, each sealed with a hash over itself and the one before it.

    {"at":…,"by":…,…,"hash":"<SHA-256 of this line without hash>","number":2,"prev":"<hash of line 1>",…}

JSON is written in one way only (sorted keys, no spaces, UTF-8), and a line counts only where it is that very text. So
any byte that is changed, any line that is lost, added or moved shows. What no chain can show of itself is that whole
lines are missing at its end: for that the head and the number of entries are also kept elsewhere, see `verify`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from approvals.record.entries import Commented, Entry, Kind
from approvals.record.wire import from_json, to_json
from approvals.validation import Invalid, read_json

GENESIS = "0" * 64
"""What stands in the place of the hash before the first entry's."""


class Tampered(Exception):
    """A record is not what was written; `line` is the first (from 1) that cannot be, `reason` says why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A record that was read, or has just been written."""

    entries: tuple[Entry, ...]
    head: str
    """The hash of the last entry; what the next one is sealed to."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What looking at a record's bytes came to."""

    ok: bool
    entries: int
    """How many there are; up to the damage where there is any."""
    head: str
    """The hash of the last of these."""
    finding: str | None = None
    """What is wrong, in a sentence; None where nothing is."""
    line: int | None = None
    """Where; one behind the end where something is missing there."""


def seal(entries: Iterable[Entry], *, head: str) -> bytes:
    """Return the lines of entries that follow the one whose hash is `head`."""
    lines = list[bytes]()
    for entry in entries:
        line, head = _seal(entry, head)
        lines.append(line)
    return b"".join(lines)


def read_chain(content: bytes) -> Chain:
    """Read a record; no bytes are a record without entries. Raises `Tampered` where it is not what was written."""
    entries, heads = list[Entry](), [GENESIS]
    for entry, head in _links(content):
        entries.append(entry)
        heads.append(head)
    return Chain(entries=tuple(entries), head=heads[-1], size=len(content))


def verify(content: bytes, *, expected_head: str | None = None, expected_entries: int | None = None) -> Verdict:
    """Look for damage in a record's bytes.

    What is expected is what was seen of the record earlier and kept elsewhere: how many entries it had then, and the
    hash of the last of them. It may have grown since. Without it, whole lines that are cut from the end do not show.
    """
    kinds, heads = list[Kind](), [GENESIS]
    try:
        for entry, head in _links(content):
            if Kind.ENDED in kinds and not (isinstance(entry, Commented) and entry.after_end):
                raise Tampered(entry.number, "something was added after the end")
            kinds.append(entry.kind)
            heads.append(head)
        _hold_against(heads, expected_head, expected_entries)
    except Tampered as error:
        found = len(kinds)
        return Verdict(ok=False, entries=found, head=heads[found], finding=str(error), line=error.line)
    return Verdict(ok=True, entries=len(kinds), head=heads[-1])


def _hold_against(heads: list[str], expected_head: str | None, expected_entries: int | None) -> None:
    """Compare with what was seen earlier; `heads` begins with the one before the first entry."""
    found = len(heads) - 1
    if not found:
        raise Tampered(1, "the record is empty")
    if expected_entries is not None and found < expected_entries:
        raise Tampered(found + 1, f"the end is missing: {expected_entries} entries were seen before, {found} are here")
    if expected_head is None:
        return
    if expected_entries is None:
        if expected_head not in heads:
            raise Tampered(found + 1, "the entry that was seen last is not here, so the end is missing or was replaced")
    elif heads[expected_entries] != expected_head:
        raise Tampered(expected_entries, "it is another entry than was seen here before: the record was written anew")


def _links(content: bytes) -> Iterator[tuple[Entry, str]]:
    """Yield each entry with its hash; raises `Tampered` at the first line that cannot be."""
    head, before = GENESIS, None
    *lines, rest = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        entry, prev, sealed, following = _read(number, line)
        if sealed != line + b"\n":
            raise Tampered(number, "its hash is not that of its text: the line was changed")
        if prev != head:
            raise Tampered(number, "it does not follow the line before it: a line was lost, added or moved")
        if entry.number != number:
            raise Tampered(number, f"entry {entry.number} stands where entry {number} belongs")
        if before and entry.at < before.at:
            raise Tampered(number, "it is older than the entry before it")
        yield entry, following
        head, before = following, entry
    if rest:
        raise Tampered(len(lines) + 1, "it is cut off")


def _read(number: int, line: bytes) -> tuple[Entry, str, bytes, str]:
    """Return the entry that a line says it is, what it says it follows, how the line should be, and its hash."""
    try:
        value = read_json(line.decode())
        if not isinstance(value, dict) or not isinstance(prev := value.pop("prev", None), str):
            raise Invalid("it has no `prev`")
        value.pop("hash", None)
        entry = from_json(value)
        return entry, prev, *_seal(entry, prev)
    except ValueError as error:
        raise Tampered(number, f"it cannot be read: {error}") from error


def _seal(entry: Entry, head: str) -> tuple[bytes, str]:
    """Return an entry's line, and its hash."""
    fields = {**to_json(entry), "prev": head}
    digest = hashlib.sha256(_canonical(fields)).hexdigest()
    return _canonical({**fields, "hash": digest}) + b"\n", digest


def _canonical(fields: dict[str, Any]) -> bytes:
    """Write JSON in the one way in which records have it; raises ValueError for what is not JSON."""
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
