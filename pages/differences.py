"""What changed between two texts, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

from approvals.visible import visible

MOST_COMPARED = 2_000
"""Lines of each text; later ones are not compared."""

LONGEST_LINE = 400
"""Characters; the file itself has all of them."""

_AROUND = 2
"""Unchanged lines before and after each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a comparison."""

    kind: Literal["added", "removed", "same", "gap"]
    """`gap` stands for unchanged lines that are left out."""
    text: str


def differences(before: str, after: str, *, most: int | None = None) -> tuple[Line, ...]:
    """Return the removed and added lines with their context; the first `most`, then a gap."""
    found = tuple(_lines(before, after))
    return found if most is None or len(found) <= most else (*found[:most], Line(kind="gap", text=""))


def _lines(before: str, after: str) -> Iterator[Line]:
    old, new = (visible(text).splitlines()[:MOST_COMPARED] for text in (before, after))
    header = 2
    for number, line in enumerate(unified_diff(old, new, n=_AROUND, lineterm="")):
        mark, text = line[:1], line[1:]
        if number < header:
            continue
        match mark:
            case "@":
                if number > header:
                    yield Line(kind="gap", text="")
            case "+":
                yield Line(kind="added", text=_short(text))
            case "-":
                yield Line(kind="removed", text=_short(text))
            case _:
                yield Line(kind="same", text=_short(text))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + " …"
