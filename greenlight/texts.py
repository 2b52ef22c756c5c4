"""Other people's words, made safe for a terminal: what could move the cursor or turn letters round is shown instead."""

import re
import unicodedata

SHORT_ID = 8
"""Characters by which people name a proposal that chose no id of its own; every command takes them, or fewer."""

_MADE = re.compile(r"[0-9a-f]{32}")

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
    """Return as much of an id as people type: of one that was made the beginning, of one that was chosen all.

    `bridge-10` must not become `bridge-1`, which may be another proposal.
    """
    return proposal[:SHORT_ID] if _MADE.fullmatch(proposal) else one_line(proposal)
