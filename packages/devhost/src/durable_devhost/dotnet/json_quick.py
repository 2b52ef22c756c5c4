"""Reads plain JSON with Python's own parser, and gives what Newtonsoft gives. Pure.

Answers of functions may have megabytes; the reader that knows all of Newtonsoft's ways takes a second for each of them.
"""

import json
import re
from typing import Any

from durable_devhost.dotnet.texts import whole_characters
from durable_devhost.dotnet.times import NetTime, read_time

MAX_DEPTH = 64
"""How many arrays and objects may stand in each other."""

_LONGEST_INTEGER = 380
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class NotPlain(Exception):
    """The text is no JSON to everybody, or it has too many levels or digits."""


def read_plain(text: str, *, dates: bool, moves_doubles: bool) -> Any:
    """The value; raises NotPlain. Of equal keys the last one counts, at its own place with `moves_doubles`.

    With `dates`, strings that look like dates are `NetTime`s.
    """
    if is_too_deep(text):
        raise NotPlain
    hook = _with_moved_doubles if moves_doubles else dict
    try:
        value = json.loads(text, object_pairs_hook=hook, parse_int=_integer)
    except (ValueError, RecursionError):
        raise NotPlain from None
    has_halves = _ESCAPED_HALF.search(text) is not None
    return _mended(value, dates=dates, halves=has_halves) if dates or has_halves else value


def is_too_deep(text: str) -> bool:
    """Whether arrays and objects stand too deep in each other; brackets in strings do not count."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(text):
        char = token[0]
        depth += 1 if char in "[{" else -1 if char in "]}" else 0
        if depth > MAX_DEPTH:
            return True
    return False


def _with_moved_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    last = {name: index for index, (name, _) in enumerate(pairs)}
    return {name: fields[name] for name in sorted(fields, key=last.__getitem__)}


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise ValueError(digits)
    return int(digits)


def _mended(value: Any, *, dates: bool, halves: bool) -> Any:
    match value:
        case str():
            text = whole_characters(value) if halves else value
            return _date_or_text(text) if dates else text
        case list():
            return [_mended(item, dates=dates, halves=halves) for item in value]
        case dict():
            names = map(whole_characters, value) if halves else value
            items = value.values()
            return {name: _mended(item, dates=dates, halves=halves) for name, item in zip(names, items, strict=True)}
        case _:
            return value


def _date_or_text(text: str) -> str | NetTime:
    looks_like_one = text[:1] == "/" or text[10:11] == "T"
    return (read_time(text) if looks_like_one else None) or text
