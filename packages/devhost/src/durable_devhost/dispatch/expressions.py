"""Binding expressions: `{name}` in a blob path or queue name, filled in from what the trigger knows.

Pure: time and random values come in as arguments. Names are compared without regard to case; `{a.b}` looks into
objects. Built in are `{rand-guid}`, `{DateTime}`, `{sys.utcNow}` and `{sys.randGuid}` (source: WebJobs SDK,
`Bindings/Path/BindingTemplate.cs` and `BindingParameterResolver.cs`).
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

_EXPRESSION = re.compile(r"\{([^{}]+)\}")
_DATE_TOKEN = re.compile(r"y{4}|y{2}|M{2}|d{2}|H{2}|m{2}|s{2}|f{1,6}|K")
_DATE_DEFAULT = "yyyy-MM-ddTHH-mm-ssK"
_GUID_FORMS: Mapping[str, Callable[[UUID], str]] = {
    "D": str,
    "N": lambda value: value.hex,
    "B": lambda value: f"{{{value}}}",
    "P": lambda value: f"({value})",
}


class UnknownExpression(ValueError):
    """An expression names something that the trigger does not provide."""


def has_expression(template: str) -> bool:
    """Whether there is anything to fill in."""
    return _EXPRESSION.search(template) is not None


def resolve(template: str, data: Mapping[str, Any], *, now: datetime, new_guid: Callable[[], UUID]) -> str:
    """Fill in every expression; raises UnknownExpression with the text that the real host gives."""

    def replace(match: re.Match[str]) -> str:
        name, _, form = match[1].strip().partition(":")
        match name.lower():
            case "rand-guid" | "sys.randguid":
                return _GUID_FORMS.get(form.upper() or "D", str)(new_guid())
            case "datetime":
                return _format_date(now, form or _DATE_DEFAULT)
            case "sys.utcnow":
                return _format_date(now, form or "yyyy-MM-ddTHH:mm:ssK")
            case _:
                return _text(_look_up(data, name))

    return _EXPRESSION.sub(replace, template)


def _look_up(data: Mapping[str, Any], name: str) -> Any:
    whole = _item(data, name)
    if whole is not None:
        return whole
    value: Any = data
    for part in name.split("."):
        value = _item(value, part) if isinstance(value, Mapping) else None
        if value is None:
            raise UnknownExpression(f"No value for named parameter '{name}'.")
    return value


def _item(data: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in data.items() if key.lower() == name.lower()), None)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return str(value)


def _format_date(when: datetime, form: str) -> str:
    utc = when.astimezone(UTC)
    fields = {
        "yyyy": f"{utc.year:04}",
        "yy": f"{utc.year % 100:02}",
        "MM": f"{utc.month:02}",
        "dd": f"{utc.day:02}",
        "HH": f"{utc.hour:02}",
        "mm": f"{utc.minute:02}",
        "ss": f"{utc.second:02}",
        "K": "Z",
    }
    fraction = f"{utc.microsecond:06}"
    return _DATE_TOKEN.sub(lambda token: fields.get(token[0]) or fraction[: len(token[0])], form)
