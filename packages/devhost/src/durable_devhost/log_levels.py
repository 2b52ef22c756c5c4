"""`logging.logLevel` of host.json: what the console shows, by category.

A record's category is matched as Microsoft.Extensions.Logging does it: the longest name in the file that is a prefix
of the category decides, ignoring case, else `default`, else Information. `logging.console.logLevel` comes
first, as for the provider of that name. The categories are those of the Functions host: `Function.NAME` for how an
invocation ended, `Function.NAME.User` for the logs of its code, `Host.…` for the host, `Worker…` for the worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from durable_devhost.errors import SettingsError
from durable_devhost.sections import Section


class Level(IntEnum):
    """The levels of host.json, with Python's numbers; NONE shows nothing."""

    TRACE = 5
    DEBUG = 10
    INFORMATION = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50
    NONE = 60


_BY_ORDER = tuple(Level)
_DEFAULT = "default"
_OF_FUNCTIONS = "function"


@dataclass(frozen=True, slots=True)
class LogLevels:
    """The lowest level that is shown, by category in lower case; `""` is every other category."""

    rules: Mapping[str, Level] = field(default_factory=dict)

    @classmethod
    def read(cls, logging: Section) -> Self:
        """Read the section `logging`; raises SettingsError for an unknown level, as the real host does."""
        rules = _rules(logging.section("logLevel")) | _rules(logging.section("console").section("logLevel"))
        return cls(rules)

    def of(self, category: str) -> Level:
        """The lowest level that is shown of a category."""
        wanted = category.lower()
        names = [name for name in self.rules if wanted.startswith(name)]
        return self.rules[max(names, key=len)] if names else Level.INFORMATION

    @property
    def lowest_of_functions(self) -> Level:
        """The lowest level at which any log of user code can be shown."""
        levels = [level for name, level in self.rules.items() if name.startswith(_OF_FUNCTIONS)]
        return min([self.of("Function"), self.of("Worker"), *levels])


def _rules(section: Section) -> dict[str, Level]:
    """A trailing `*` in a name has no effect."""
    return {
        "" if name.lower() == _DEFAULT else name.lower().removesuffix("*"): _level(name, text)
        for name, text in section.items()
        if text
    }


def _level(name: str, text: str) -> Level:
    word = text.strip()
    if word.isdecimal() and int(word) < len(_BY_ORDER):
        return _BY_ORDER[int(word)]
    try:
        return Level[word.upper()]
    except KeyError:
        raise SettingsError(
            f"logging.logLevel.{name} in host.json is {text!r}, which is no level, and no host starts with it. Write "
            "Trace, Debug, Information, Warning, Error, Critical or None."
        ) from None
