"""Text of apps and callers made fit for a terminal: nothing in it moves the cursor, colours, or hides what follows."""

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from durable_devhost.host.facts import Fact

_LINES = frozenset({"stack", "details", "detail", "text", "error"})
"""The fields that may have several lines."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

AnyFact = TypeVar("AnyFact", bound=Fact)


def printable(text: str, *, lines: bool = False) -> str:
    """The text with every control character written out as an escape; line breaks stay where `lines` are allowed."""
    shown = _CONTROL.sub(_escaped, text.replace("\r\n", "\n"))
    return shown if lines else shown.replace("\n", "\\n").replace("\t", "\\t")


def printable_fact(fact: AnyFact) -> AnyFact:
    """The fact with all its texts made printable."""
    cleaned: AnyFact = _cleaned(fact)
    return cleaned


def _cleaned(value: Any, lines: bool = False) -> Any:
    match value:
        case str():
            return printable(value, lines=lines)
        case tuple():
            return tuple(_cleaned(each) for each in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            changes = {each.name: _cleaned(getattr(value, each.name), each.name in _LINES) for each in fields(value)}
            return replace(value, **changes)
        case _:
            return value


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
