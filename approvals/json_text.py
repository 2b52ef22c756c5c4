"""JSON text from outside: how much may be in it, judged from the text before anything is built of it.

An empty object is two bytes of text and seventy of memory, and one letter beyond Latin makes each letter of a text four
bytes wide. So a sender who may send megabytes, for the files inside a form, could fill gigabytes with something else.
"""

import codecs
import json
import re

MOST_PARTS = 50_000
"""Texts, commas, colons and opening brackets; the largest policy has half of that. Shorter JSON cannot hold more."""

MOST_NAMES = 5_000
"""Of fields in all objects; each that a form does not know becomes a fault, which takes a kilobyte."""

MOST_WIDE = 512 * 1024
"""Bytes of all texts together that hold letters beyond ASCII. Only files are larger, and they come in Base64."""

_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[{,:]|[^\x00-\x7f]', re.DOTALL)
"""Whole texts at once, so that what stands inside of them is not looked at; one that does not end goes to the end."""

_COLON = ord(":")
_WIDE_ESCAPE = re.compile(rb"\\u(?!00[0-7])")


class TooMuch(ValueError):
    """The text holds more than anybody has to say; the message says what there is too much of."""


def to_text(body: bytes) -> str:
    """Return JSON in UTF-8 as text that takes no more memory than its bytes, give or take `MOST_WIDE`.

    Raises `TooMuch`, and ValueError where it is not UTF-8.
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
            raise TooMuch(f"it has more than {MOST_NAMES:,} names, or {MOST_PARTS:,} parts of any kind")
        if (plain or body[start:end].isascii()) and not _WIDE_ESCAPE.search(body, start, end):
            continue
        wide += end - start
        if wide > MOST_WIDE:
            raise TooMuch(f"it has more than {MOST_WIDE:,} bytes of texts with letters beyond ASCII")
        narrow += body[done:start], _narrowed(body[start:end])
        done = end
    return b"".join((*narrow, body[done:])).decode("ascii") if narrow else body.decode("ascii")


def _narrowed(part: bytes) -> bytes:
    """Return the JSON of a text with each letter beyond ASCII escaped; outside of texts there may be none."""
    return json.dumps(json.loads(part.decode())).encode()
