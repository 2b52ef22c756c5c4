"""Binding expressions: `{name}` in a blob path or queue name, filled in with trigger data.

Pure: time and random values are arguments. Names ignore case; `{a.b}` looks into
objects, which print as nothing themselves; `{{` is a brace. Built in are `{rand-guid}`, `{datetime}` and `{sys.…}`, all
hidden by a field of that name (source: WebJobs SDK, `BindingTemplateToken.cs`, `BindingTemplateParser.cs`,
`BindingParameterResolver.cs`, `BindingDataPathHelper.cs`, `SystemBindingData.cs`).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from durable_devhost.dotnet.json_writer import as_text

_TOKEN = re.compile(r"(?P<escape>\{\{|\}\})|\{(?P<expression>[^{}]*)\}|(?P<literal>[^{}]+)|(?P<unbalanced>[{}])")
_IDENTIFIER = re.compile(r"[^\W\d][\w.-]*")
_BUILT_IN = ("rand-guid", "datetime")
_DATE_TOKEN = re.compile(r"y{4}|y{2}|M{2}|d{2}|H{2}|m{2}|s{2}|f{1,6}|K")
_DATE_DEFAULT = "yyyy-MM-ddTHH-mm-ssK"
_GUID_FORMS: Mapping[str, Callable[[UUID], str]] = {
    "D": str,
    "N": lambda value: value.hex,
    "B": lambda value: f"{{{value}}}",
    "P": lambda value: f"({value})",
}


class BadExpression(ValueError):
    """An expression is invalid, or names something that the trigger does not provide."""


def has_expression(template: str) -> bool:
    """Whether the text has an expression or an escaped brace."""
    return "{" in template or "}" in template


def resolve(
    template: str, data: Mapping[str, Any], *, now: datetime, new_guid: Callable[[], UUID], function_name: str = ""
) -> str:
    """Fill in every expression; raises BadExpression with the real host's text."""
    system = {"methodname": function_name, "randguid": new_guid, "utcnow": now}
    tokens = _TOKEN.finditer(template)
    return "".join(_evaluated(token, template, data, system) for token in tokens)


def _evaluated(token: re.Match[str], template: str, data: Mapping[str, Any], system: Mapping[str, Any]) -> str:
    match token.lastgroup:
        case "literal":
            return token[0]
        case "escape":
            return token[0][0]
        case "unbalanced":
            missing = "closing" if token[0] == "{" else "opening"
            raise BadExpression(
                f"Invalid template '{template}'. Missing {missing} bracket at position {token.start() + 1}."
            )
        case _:
            return _value(token["expression"], template, token.start() + 1, data, system)


def _value(expression: str, template: str, position: int, data: Mapping[str, Any], system: Mapping[str, Any]) -> str:
    if not expression:
        raise BadExpression(f"Invalid template '{template}'. The parameter name at position {position} is empty.")
    is_built_in = expression.lower().startswith(_BUILT_IN)
    name, form = expression, ""
    if not is_built_in:
        if expression.find(":") > 0:
            name, _, form = expression.partition(":")
        if not _IDENTIFIER.fullmatch(name):
            raise BadExpression(f"Invalid template '{template}'. Invalid template expression '{name}")
    first, *rest = name.split(".")
    if not all(part.strip() for part in (first, *rest)):
        raise BadExpression("Illegal expression: System.String[]")
    if not is_built_in and "-" in first:
        raise BadExpression(f"Invalid template '{template}'. The parameter name '{first}' is invalid.")
    found, value = _item(data, first)
    if found:
        return _printed(_inside(value, rest), form)
    if first.lower() == "sys":
        return _printed(_inside(system, rest), form)
    if is_built_in:
        # A dot has cut off the name's rest, and with it the format.
        name, _, form = first.partition(":")
        return _printed(system["randguid" if name.lower().startswith("rand") else "utcnow"], form)
    raise BadExpression(f"No value for named parameter '{first}'.")


def _inside(value: Any, names: list[str]) -> Any:
    for name in names:
        found, value = _item(value, name) if isinstance(value, Mapping) else (False, None)
        if not found:
            raise BadExpression(f"Error while accessing '{name}': property doesn't exist.")
    return value


def _item(data: Mapping[str, Any], name: str) -> tuple[bool, Any]:
    """Whether the name exists, and its value; null is one."""
    return next(((True, value) for key, value in data.items() if key.lower() == name.lower()), (False, None))


def _printed(value: Any, form: str) -> str:
    """The text of a value; empty for an object or a list, as in the SDK. Only dates and ids have a format."""
    if callable(value):
        return _GUID_FORMS.get(form.strip().upper() or "D", str)(value())
    if isinstance(value, datetime):
        return _format_date(value, form.strip() or _DATE_DEFAULT)
    return "" if isinstance(value, Mapping | list) else as_text(value)


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
