"""Other people's words, shown as they are: without characters that nobody sees but that change what is read."""

import unicodedata

_KEPT = "\n\t\u200c\u200d"
"""Line breaks and tabs; and what joins letters or keeps them apart, without which some scripts cannot be written."""


def visible(text: str) -> str:
    """Return a text without characters that are not seen but change what is: text direction, zero width, controls.

    A name or title could otherwise make a line read as another one.
    """
    return "".join(char for char in text if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def one_line(text: str) -> str:
    """Return a visible text as one line, fit for the subject of a letter."""
    return " ".join(visible(text).split())
