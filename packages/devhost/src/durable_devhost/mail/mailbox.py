"""Where the letters are: one file each in the data folder, the oldest of which go when there are too many.

A file is the letter as it was sent, below one line of devhost: a header `X-Devhost-Envelope` with what the letter
itself need not have, which is when it came, from whom and for whom. So any mail program opens the files.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MOST_LETTERS = 500
MOST_BYTES = 64 * 1024 * 1024
_MARK = b"X-Devhost-Envelope: "
_SUFFIX = ".eml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How a letter came: `at` in the host's own time, the addresses as the mail server was given them."""

    at: datetime
    sender: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """A letter in the mailbox. `number` is its own for as long as there is a letter; `raw` is what was sent."""

    number: int
    envelope: Envelope
    raw: bytes


class Mailbox:
    """The letters in a folder. One host writes there, since it holds the data folder.

    It has at most `most_letters` with at most `most_bytes` together, but always the newest. `dropped_count` is how many
    have gone for that since the start.
    """

    def __init__(self, folder: Path, *, most_letters: int = MOST_LETTERS, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_letters = most_letters
        self._most_bytes = most_bytes
        self._sizes: dict[int, int] = {}
        self._last = 0
        self.dropped_count = 0

    def open(self) -> None:
        """Make the folder, and find the letters of earlier starts. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        found = {int(each.name.removesuffix(_SUFFIX)): each for each in os.scandir(self._folder) if _is_letter(each)}
        self._sizes = {number: found[number].stat().st_size for number in sorted(found)}
        self._last = max(found, default=0)

    def put(self, envelope: Envelope, raw: bytes) -> int:
        """Keep a letter, let the oldest go where there are too many, and return its number. Raises OSError."""
        told = {"at": envelope.at.isoformat(), "from": envelope.sender, "to": envelope.recipients}
        content = _MARK + json.dumps(told).encode() + b"\r\n" + raw
        number = self._last + 1
        path = self._path(number)
        unfinished = path.with_suffix(".new")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._last = number
        self._sizes[number] = len(content)
        while len(self._sizes) > 1 and self._is_too_full():
            self.delete(next(iter(self._sizes)))
            self.dropped_count += 1
        return number

    def numbers(self) -> Sequence[int]:
        """The numbers of all letters, the newest first."""
        return list(reversed(self._sizes))

    def size(self, number: int) -> int:
        """How many bytes the file of a letter has; 0 for one that is not there."""
        return self._sizes.get(number, 0)

    def get(self, number: int, most: int = -1) -> Caught | None:
        """A letter, or its first `most` bytes; None where there is none of that number. Raises OSError."""
        if number not in self._sizes:
            return None
        path = self._path(number)
        try:
            with path.open("rb") as file:
                first, _, rest = file.read(most).partition(b"\r\n")
        except FileNotFoundError:
            self._sizes.pop(number, None)  # somebody has tidied up the folder
            return None
        if (envelope := _envelope(first)) is None:
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return Caught(number=number, envelope=Envelope(at=at), raw=first + b"\r\n" + rest)
        return Caught(number=number, envelope=envelope, raw=rest)

    def delete(self, number: int) -> None:
        """Delete a letter; one that is not there is nothing. Raises OSError."""
        if self._sizes.pop(number, None) is not None:
            self._path(number).unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete all letters. Raises OSError."""
        for number in list(self._sizes):
            self.delete(number)

    def _is_too_full(self) -> bool:
        return len(self._sizes) > self._most_letters or sum(self._sizes.values()) > self._most_bytes

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}{_SUFFIX}"


def _is_letter(entry: "os.DirEntry[str]") -> bool:
    stem = entry.name.removesuffix(_SUFFIX)
    return entry.name.endswith(_SUFFIX) and stem.isascii() and stem.isdecimal() and f"{int(stem):08}" == stem


def _envelope(line: bytes) -> Envelope | None:
    """What the first line of a file says; None where it is none of ours."""
    if not line.startswith(_MARK):
        return None
    try:
        told = json.loads(line.removeprefix(_MARK))
        at = datetime.fromisoformat(told["at"])
        return Envelope(at=at, sender=str(told["from"]), recipients=tuple(str(each) for each in told["to"]))
    except (ValueError, KeyError, TypeError):
        return None
