"""Makes other people's text safe for a terminal: characters that move the cursor or reverse text are made visible."""

import codecs
import re
import unicodedata
from collections.abc import Mapping
from io import TextIOWrapper
from types import MappingProxyType

SHORT_ID = 8
"""Characters that people type of a generated id; every command takes this many, or fewer."""

_MADE = re.compile(r"[0-9a-f]{32}")

_KEPT = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")
"""Part of the spelling of several languages, and of emoji."""


_SPELT: Mapping[str, str] = MappingProxyType(
    {"“": '"', "”": '"', "…": "...", "→": "->", "·": "-", "▶": ">", "✓": "+", "✗": "x", "‖": "=", "\N{EN DASH}": "-"}
)
"""Unicode signs of the command line, for terminals that lack them."""


def spell_out(*streams: object) -> None:
    """Let streams whose encoding lacks a character, as ASCII does, write it in another way instead of failing.

    Our own signs become plain ones. An accented letter loses its accent; anything else is written as its number.
    """
    codecs.register_error("greenlight", _in_other_words)
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="greenlight")


def _in_other_words(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_spelt, error.object[error.start : error.end])), error.end


def _spelt(char: str) -> str:
    letter = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return _SPELT.get(char) or letter or f"\\u{ord(char):04x}"


def plain(text: object) -> str:
    """Return a text with every control and every invisible formatting character made visible.

    A terminal acts on escape sequences: they can hide a line, rewrite the title of the window or paint a forged prompt.
    Bidirectional overrides show a name backwards.
    """
    return "".join(_printable(char) for char in str(text))


def one_line(text: object) -> str:
    """The same on one line, with single spaces."""
    return " ".join(plain(text).split())


def _printable(char: str) -> str:
    if char in _KEPT or char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    return f"\\u{ord(char):04x}"


def short_id(proposal: str) -> str:
    """Return as much of an id as people type: the beginning of a generated id, all of a chosen one.

    `bridge-10` must not become `bridge-1`, which may be another proposal.
    """
    return proposal[:SHORT_ID] if _MADE.fullmatch(proposal) else one_line(proposal)
