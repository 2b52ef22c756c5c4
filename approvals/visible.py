"""Texts from other people, made safe to show: without invisible characters that change what is read."""

import unicodedata

_KEPT = "\n\t\u200c\u200d"
"""Line breaks and tabs, and the zero-width joiner and non-joiner, which some scripts need."""


def visible(text: str) -> str:
    """Return a text without invisible characters that change how it is shown: text direction, zero width, controls.

    With them a name or a title could make a line read differently.
    """
    return "".join(char for char in text if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def one_line(text: str) -> str:
    """Return a visible text as one line, for example for the subject of a letter."""
    return " ".join(visible(text).split())
