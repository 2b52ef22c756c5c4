"""Prints JSON values as Newtonsoft and .NET do. Pure.

A JSON value is None, bool, int, float, str, NetTime, a list or a dict. Numbers that JSON lacks are strings, as
everywhere in Newtonsoft: `"NaN"`, `"Infinity"`.
"""

import math
import re
from typing import Any

from durable_devhost.dotnet.texts import whole_characters
from durable_devhost.dotnet.times import NetTime

_ESCAPED = re.compile('["\\\\\x00-\x1f\u0085\u2028\u2029]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_PLAIN_DIGITS = 15
_SMALLEST_PLAIN = -3


def indented(value: Any) -> str:
    """The value over several lines, two blanks a level, as `JToken.ToString()` prints it."""
    return _text_of(value, "\n")


def compact(value: Any) -> str:
    """The value on one line without blanks, as `Formatting.None` prints it."""
    return _text_of(value, None)


def as_text(value: Any) -> str:
    """The value as .NET's `ToString` prints it: texts without quotes, `True`, `1` for 1.0, nothing for null."""
    match value:
        case None:
            return ""
        case bool():
            return "True" if value else "False"
        case str():
            return value
        case float():
            return number(value)
        case dict() | list():
            return indented(value)
        case _:
            return str(value)


def number(value: float) -> str:
    """A floating-point number as .NET prints it: the shortest digits, `1E+15` from sixteen places on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return f"{sign}0"
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    leading = len(whole + part) - len(digits)
    scale = len(whole) - leading + int(exponent or 0)
    digits = digits.rstrip("0")
    return sign + _placed(digits, scale)


def _placed(digits: str, scale: int) -> str:
    """The number 0.digits times ten to the power of scale."""
    if scale > max(len(digits), _PLAIN_DIGITS) or scale < _SMALLEST_PLAIN:
        point = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{point}E{scale - 1:+03d}"
    if scale <= 0:
        return f"0.{'0' * -scale}{digits}"
    whole, part = digits[:scale].ljust(scale, "0"), digits[scale:]
    return f"{whole}.{part}" if part else whole


def _text_of(value: Any, newline: str | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case NetTime():
            return f'"{value.iso}"'
        case float():
            return _number_in_json(value)
        case dict():
            entries = [(f"{_quoted(str(name))}:", item) for name, item in value.items()]
            return _container("{}", entries, newline)
        case list():
            return _container("[]", [("", item) for item in value], newline)
        case _:
            return str(value)


def _container(brackets: str, entries: list[tuple[str, Any]], newline: str | None) -> str:
    if not entries:
        return brackets
    if newline is None:
        return f"{brackets[0]}{','.join(head + _text_of(item, None) for head, item in entries)}{brackets[1]}"
    inner = f"{newline}  "
    lines = (inner + (f"{head} " if head else "") + _text_of(item, inner) for head, item in entries)
    return f"{brackets[0]}{','.join(lines)}{newline}{brackets[1]}"


def _number_in_json(value: float) -> str:
    text = number(value)
    if not math.isfinite(value):
        return f'"{text}"'
    return text if "." in text or "E" in text else f"{text}.0"


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, whole_characters(text))}"'


def _escape(match: re.Match[str]) -> str:
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"
