"""One section of host.json, read as .NET's configuration binding reads it.

Names are compared without regard to case, app settings like `AzureFunctionsJobHost__extensions__queues__batchSize`
override what the file says, `%NAME%` stands for an app setting, and numbers may be written as text.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from durable_devhost.errors import SettingsError

OVERRIDE_PREFIX = "azurefunctionsjobhost:"
_TIME_SPAN = re.compile(
    r"(?P<minus>-)?(?:(?P<days>\d+)\.)?(?P<h>\d{1,2}):(?P<m>\d{1,2})(?::(?P<s>\d{1,2})(?P<f>\.\d{1,7})?)?"
)
_SETTING = re.compile(r"%([^%\s]+)%")
_TRUTH = {"true": True, "false": False}


def parse_time_span(text: str) -> timedelta:
    """Read a .NET TimeSpan: `[-][d.]hh:mm[:ss[.fffffff]]` or a number of days; ValueError for anything else."""
    stripped = text.strip()
    if re.fullmatch(r"-?\d+", stripped):
        return timedelta(days=int(stripped))
    found = _TIME_SPAN.fullmatch(stripped)
    if found is None or int(found["h"]) > 23 or int(found["m"]) > 59 or int(found["s"] or 0) > 59:
        raise ValueError(f"no TimeSpan: {text!r}")
    span = timedelta(
        days=int(found["days"] or 0),
        hours=int(found["h"]),
        minutes=int(found["m"]),
        seconds=int(found["s"] or 0) + float(found["f"] or 0),
    )
    return -span if found["minus"] else span


class Section:
    """Typed access to one section; each getter raises a SettingsError with the key, its value and what is allowed."""

    def __init__(self, values: Mapping[str, Any], app_settings: Mapping[str, str], path: str = "") -> None:
        self._values = {str(name).lower(): value for name, value in values.items()}
        self._app_settings = app_settings
        self._path = path

    @property
    def is_empty(self) -> bool:
        """Whether there is no such section, or nothing in it."""
        return not self._values

    def section(self, name: str) -> "Section":
        """The section below this one; empty where there is none."""
        value = self._values.get(name.lower())
        if value is not None and not isinstance(value, Mapping):
            raise self._wrong(name, value, "a section in braces")
        return Section(value or {}, self._app_settings, f"{self._path}{name}.")

    def text(self, name: str) -> str | None:
        """The text with `%NAME%` resolved; None where it is absent."""
        value = self._values.get(name.lower())
        if value is None:
            return None
        if isinstance(value, Mapping | list):
            raise self._wrong(name, value, "a text")
        return _SETTING.sub(lambda found: self._resolved(name, found[1]), _as_text(value))

    def integer(self, name: str, default: int, *, at_least: int = 0, at_most: int | None = None) -> int:
        """The whole number; `default` where it is absent or empty."""
        text = self.text(name)
        if not text:
            return default
        allowed = f"between {at_least} and {at_most}" if at_most is not None else f"of at least {at_least}"
        try:
            number = int(text)
        except ValueError:
            raise self._wrong(name, text, f"a whole number {allowed}") from None
        if number < at_least or (at_most is not None and number > at_most):
            raise self._wrong(name, text, f"a whole number {allowed}")
        return number

    def boolean(self, name: str, default: bool) -> bool:
        """The truth value; `default` where it is absent or empty."""
        text = self.text(name)
        if not text:
            return default
        if text.strip().lower() not in _TRUTH:
            raise self._wrong(name, text, "true or false")
        return _TRUTH[text.strip().lower()]

    def duration(self, name: str, default: timedelta, *, at_least: timedelta = timedelta()) -> timedelta:
        """The TimeSpan; `default` where it is absent or empty."""
        text = self.text(name)
        if not text:
            return default
        try:
            span = parse_time_span(text)
        except ValueError:
            raise self._wrong(name, text, "a time like 00:00:30") from None
        if span < at_least:
            raise self._wrong(name, text, f"at least {at_least}")
        return span

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of the `allowed` words in their own spelling; `default` where it is absent or empty."""
        text = self.text(name)
        if not text:
            return default
        for word in allowed:
            if word.lower() == text.strip().lower():
                return word
        raise self._wrong(name, text, " or ".join(allowed))

    def _resolved(self, name: str, setting: str) -> str:
        value = self._app_settings.get(setting)
        if value is None:
            raise SettingsError(
                f"{self._path}{name} in host.json refers to %{setting}%, which is no app setting. "
                f"Add {setting} to Values in local.settings.json."
            )
        return value

    def _wrong(self, name: str, value: object, wanted: str) -> SettingsError:
        return SettingsError(f"{self._path}{name} in host.json must be {wanted}, not {value!r}. Correct it there.")


def overridden(values: Mapping[str, Any], app_settings: Mapping[str, str]) -> dict[str, Any]:
    """The tree of host.json with the app settings laid over it whose name begins with `AzureFunctionsJobHost__`."""
    tree = _lowered(values)
    for name, value in app_settings.items():
        plain = name.replace("__", ":").lower()
        if plain.startswith(OVERRIDE_PREFIX):
            _put(tree, plain.removeprefix(OVERRIDE_PREFIX).split(":"), value)
    return tree


def _lowered(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.lower(): _lowered(value) if isinstance(value, Mapping) else value for name, value in values.items()
    }  # fmt: skip


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        if not isinstance(tree.get(name), dict):
            tree[name] = {}
        tree = tree[name]
    tree[path[-1]] = value


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
