"""One section of host.json, read as .NET's configuration binding reads it.

Names are compared without regard to case, app settings like `AzureFunctionsJobHost__extensions__queues__batchSize`
override what the file says, `%NAME%` stands for an app setting, and numbers may be written as text.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from durable_devhost.dotnet.times import read_time_span
from durable_devhost.errors import SettingsError

OVERRIDE_PREFIX = "azurefunctionsjobhost:"
_SETTING = re.compile(r"%([^%\s]+)%")
_TRUTH = {"true": True, "false": False}


class Section:
    """Typed access to one section; each getter raises a SettingsError with the key, its value and what is allowed."""

    def __init__(self, values: Mapping[str, Any], app_settings: Mapping[str, str], path: str = "") -> None:
        self._values = {str(name).lower(): value for name, value in values.items()}
        self._names = [str(name) for name in values]
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

    def texts(self, name: str) -> list[str]:
        """The plain values of a list, or of a section with numbers for names, as app settings write one.

        Anything else is no list to .NET's binding either: empty.
        """
        value = self._values.get(name.lower())
        items = list(value.values()) if isinstance(value, Mapping) else value
        if not isinstance(items, list):
            return []
        return [str(item) for item in items if item is not None and not isinstance(item, Mapping | list)]

    def items(self) -> list[tuple[str, str]]:
        """The plain values of this section under their names as written; what is nested is left out.

        Printed as the host's configuration holds them, `True` for true.
        """
        return [(name, str(self._values[name.lower()])) for name in self._names if self._is_plain(name)]

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

    def number(self, name: str, default: float) -> float:
        """The number, which may have a fraction; `default` where it is absent or empty."""
        text = self.text(name)
        if not text:
            return default
        try:
            return float(text)
        except ValueError:
            raise self._wrong(name, text, "a number") from None

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
            span = read_time_span(text)
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

    def _is_plain(self, name: str) -> bool:
        value = self._values[name.lower()]
        return value is not None and not isinstance(value, Mapping | list)

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
    tree = _copied(values)
    for name, value in app_settings.items():
        path = name.replace("__", ":").split(":")
        if len(path) > 1 and f"{path[0]}:".lower() == OVERRIDE_PREFIX:
            _put(tree, path[1:], value)
    return tree


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in values.items()}


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    """Names that are there keep their spelling; the items of a list have numbers for names."""
    for name in path[:-1]:
        found = _spelt(tree, name)
        below = tree.get(found)
        if isinstance(below, list):
            below = {str(number): item for number, item in enumerate(below)}
        tree[found] = below if isinstance(below, dict) else {}
        tree = tree[found]
    tree[_spelt(tree, path[-1])] = value


def _spelt(tree: Mapping[str, Any], name: str) -> str:
    return next((each for each in tree if each.lower() == name.lower()), name)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
