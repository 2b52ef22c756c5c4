"""Limits for JSON text from outside. They are checked in the text itself, before objects are built from it.

An empty object takes two bytes of text but seventy bytes of memory, and one letter beyond Latin makes each letter of a
Python string four bytes wide. A sender that may send megabytes, for files in a form, could otherwise fill gigabytes.
"""

import codecs
import json
import re

MOST_PARTS = 50_000
"""Strings, commas, colons and opening brackets. The largest policy has half of that; shorter JSON cannot have more."""

MOST_NAMES = 5_000
"""Field names in all objects. Each one that a form does not know becomes an error, which takes a kilobyte."""

MOST_WIDE = 512 * 1024
"""Bytes of all strings together that contain letters beyond ASCII. Only files are larger, and they are in Base64."""

_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[{,:]|[^\x00-\x7f]', re.DOTALL)
"""Matches whole strings, so that their content is skipped. An unterminated string reaches to the end."""

_COLON = ord(":")
_WIDE_ESCAPE = re.compile(rb"\\u(?!00[0-7])")


class TooMuch(ValueError):
    """The text exceeds a limit; the message says which one."""


def to_text(body: bytes) -> str:
    """Return JSON in UTF-8 as a string that takes about as much memory as its bytes, plus at most `MOST_WIDE`.

    Raises `TooMuch`, and ValueError if it is not UTF-8.
    """
    if len(body) <= MOST_PARTS:
        return body.decode("utf-8-sig")
    body = body.removeprefix(codecs.BOM_UTF8)
    narrow, done, wide, names = list[bytes](), 0, 0, 0
    plain = body.isascii()
    for number, part in enumerate(_PART.finditer(body), start=1):
        start, end = part.span()
        names += body[start] == _COLON
        if number > MOST_PARTS or names > MOST_NAMES:
            raise TooMuch(f"it has more than {MOST_NAMES:,} field names, or {MOST_PARTS:,} parts of any kind")
        if (plain or body[start:end].isascii()) and not _WIDE_ESCAPE.search(body, start, end):
            continue
        wide += end - start
        if wide > MOST_WIDE:
            raise TooMuch(f"it has more than {MOST_WIDE:,} bytes of strings with letters beyond ASCII")
        narrow += body[done:start], _narrowed(body[start:end])
        done = end
    return b"".join((*narrow, body[done:])).decode("ascii") if narrow else body.decode("ascii")


def _narrowed(part: bytes) -> bytes:
    """Return a JSON string with each letter beyond ASCII escaped; outside of strings such letters are not allowed."""
    return json.dumps(json.loads(part.decode())).encode()
