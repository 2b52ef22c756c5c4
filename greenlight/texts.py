"""Other people's words, made safe for a terminal: what could move the cursor or turn letters round is shown instead."""

import unicodedata

SHORT_ID = 8
"""Characters by which people name a proposal; every command takes them, or fewer."""

_KEPT = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")
"""Part of the spelling of several languages, and of emoji."""


def plain(text: object) -> str:
    """Return a text with every control and every invisible formatting character made visible.

    A terminal acts on escape sequences: they can hide a line, rewrite the title of the window or paint a forged prompt.
    Bidirectional overrides show a name backwards.
    """
    return "".join(_shown(char) for char in str(text))


def one_line(text: object) -> str:
    """The same on one line, with single spaces."""
    return " ".join(plain(text).split())


def _shown(char: str) -> str:
    if char in _KEPT or char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    return f"\\u{ord(char):04x}"


def short_id(proposal: str) -> str:
    """Return as much of an id as people type."""
    return one_line(proposal)[:SHORT_ID]
