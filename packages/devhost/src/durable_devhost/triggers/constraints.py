"""The texts that a route constraint such as `int` or `range(1,10)` accepts: pure predicates on one parameter.

The accepted texts are those of ASP.NET's inline constraints, which parse with .NET's invariant culture: `int` takes
` +7 ` and refuses 3000000000, `alpha` takes ASCII letters only, `regex` searches without regard to case.
"""

import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from durable_devhost.errors import AppError

Predicate = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?0*[0-9]{1,19}\s*")
_NUMBER = re.compile(r"\s*[+-]?([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)[+-]?\s*")
_FLOAT = re.compile(r"\s*[+-]?(([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|infinity|∞)\s*", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{32}|(?P<open>[{(])?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?(open)[})])", re.IGNORECASE)
_DATE_FORMS = ("%m-%d-%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%H:%M", "%H:%M:%S", "%I:%M %p", "%I %p",
               "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y-%m", "%B %Y")  # fmt: skip
_INT = range(-(2**31), 2**31)
_LONG = range(-(2**63), 2**63)


def predicate(name: str, argument: str | None) -> Predicate:
    """Return the check for the constraint `name` or `name(argument)`; AppError names what is unknown or malformed."""
    if argument is None and name.lower() in _PLAIN:
        return _PLAIN[name.lower()]
    if argument is not None and name.lower() in _WITH_ARGUMENT:
        try:
            return _WITH_ARGUMENT[name.lower()](argument)
        except (ValueError, re.error) as problem:
            raise AppError(f"The route constraint '{name}({argument})' is malformed: {problem}.") from None
    shown = name if argument is None else f"{name}({argument})"
    known = ", ".join([*_PLAIN, *(f"{each}(…)" for each in _WITH_ARGUMENT)])
    raise AppError(f"The route constraint '{shown}' is unknown. Known are {known}.")


def _is_in(values: range) -> Predicate:
    return lambda text: bool(_INTEGER.fullmatch(text)) and int(text) in values


def _is_bool(text: str) -> bool:
    return text.strip().lower() in ("true", "false")


def _is_datetime(text: str) -> bool:
    """Accept ISO 8601 and the usual invariant forms; .NET's parser accepts more (a known gap)."""
    text = re.sub(r"\s*([ap]m)$", r" \1", text.strip(), flags=re.IGNORECASE)
    with suppress(ValueError):
        datetime.fromisoformat(text)
        return True
    for form in _DATE_FORMS:
        with suppress(ValueError):
            datetime.strptime(text, form)  # noqa: DTZ007 - only whether it parses matters
            return True
    return False


def _is_guid(text: str) -> bool:
    found = _GUID.fullmatch(text.strip())
    if not found:
        return False
    pairs = {None: "", "{": "}", "(": ")"}
    with suppress(ValueError):
        uuid.UUID(found[0].strip("(){}"))
        return found["open"] is None or found[0].endswith(pairs[found["open"]])
    return False


def _matches(pattern: re.Pattern[str]) -> Predicate:
    return lambda text: bool(pattern.fullmatch(text))


def _regex(argument: str) -> Predicate:
    pattern = re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", argument), re.IGNORECASE)
    return lambda text: bool(pattern.search(text))


def _length(argument: str) -> Predicate:
    low, _, high = argument.partition(",")
    return _long_between(int(low), int(high or low))


def _long_between(low: int, high: int | None) -> Predicate:
    return lambda text: low <= len(text) and (high is None or len(text) <= high)


def _range(argument: str) -> Predicate:
    low, comma, high = argument.partition(",")
    if not comma:
        raise ValueError("it takes two numbers")
    return _is_in(range(int(low), int(high) + 1))


_PLAIN: dict[str, Predicate] = {
    "int": _is_in(_INT),
    "long": _is_in(_LONG),
    "bool": _is_bool,
    "guid": _is_guid,
    "alpha": _matches(re.compile("[A-Za-z]*")),
    "decimal": _matches(_NUMBER),
    "double": _matches(_FLOAT),
    "float": _matches(_FLOAT),
    "datetime": _is_datetime,
    "required": bool,
    "file": lambda text: "." in text.rpartition("/")[2].rstrip("."),
    "nonfile": lambda text: "." not in text.rpartition("/")[2].rstrip("."),
}

_WITH_ARGUMENT: dict[str, Callable[[str], Predicate]] = {
    "length": _length,
    "minlength": lambda argument: _long_between(int(argument), None),
    "maxlength": lambda argument: _long_between(0, int(argument)),
    "min": lambda argument: _is_in(range(int(argument), _LONG.stop)),
    "max": lambda argument: _is_in(range(_LONG.start, int(argument) + 1)),
    "range": _range,
    "regex": _regex,
}
