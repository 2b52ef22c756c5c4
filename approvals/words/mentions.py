"""Mentions in comments: `@Mara Lindqvist` where Mara Lindqvist has a part in the proposal. They are words only."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a text."""

    text: str
    mention: bool


def pieces(text: str, people: Iterable[str]) -> tuple[Piece, ...]:
    """Return a text in pieces, of which each mention is one; together they are the text.

    An address such as `ana@ben.example` mentions nobody, and the longest name that fits is meant.
    """
    names = sorted({each for each in people if each.strip()}, key=len, reverse=True)
    if not names:
        return (Piece(text=text, mention=False),) if text else ()
    mention = re.compile(rf"(?<!\w)@(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
    found, place = list[Piece](), 0
    for each in mention.finditer(text):
        found.append(Piece(text=text[place : each.start()], mention=False))
        found.append(Piece(text=each.group(), mention=True))
        place = each.end()
    found.append(Piece(text=text[place:], mention=False))
    return tuple(each for each in found if each.text)
