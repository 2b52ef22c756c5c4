"""The app settings: the process environment plus local.settings.json, and the storage connections that they hold."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from durable_devhost.errors import SettingsError
from durable_devhost.jsonc import parse_object

DEFAULT_CONNECTION = "AzureWebJobsStorage"
DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
FILE_NAME = "local.settings.json"
_PREFIX = "azurewebjobs"
_SHORTHAND = re.compile(r"\s*UseDevelopmentStorage\s*=\s*true\s*;?\s*", re.IGNORECASE)
_IDENTITY = ("accountName", "blobServiceUri", "queueServiceUri", "tableServiceUri", "serviceUri")


class AppSettings(Mapping[str, str]):
    """Settings by name; names are compared without regard to case, and `__` in them is the same as `:`.

    Never changes: `with_storage` gives a new one.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._by_key = {_key(name): value for name, value in self._values.items()}

    @classmethod
    def load(cls, app_dir: Path, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Self:
        """Read local.settings.json, which may be missing, below the environment, which wins as it does with `func`.

        `overrides` win over both. An app that has no AzureWebJobsStorage at all gets development storage.
        Raises SettingsError with file and line.
        """
        values = {**_local(app_dir / FILE_NAME), **environ, **(overrides or {})}
        settings = cls(values)
        if not settings.get(DEFAULT_CONNECTION) and not settings._identity(DEFAULT_CONNECTION):
            settings = cls({**values, DEFAULT_CONNECTION: DEVELOPMENT_STORAGE})
        return settings

    def __getitem__(self, name: str) -> str:
        return self._by_key[_key(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def uses_development_storage(self) -> bool:
        """Whether some connection is `UseDevelopmentStorage=true`, so that an Azurite is needed."""
        return any(_SHORTHAND.fullmatch(value) for value in self._values.values())

    def with_storage(self, connection_string: str) -> "AppSettings":
        """The same settings with the real connection string in place of each `UseDevelopmentStorage=true`."""
        return AppSettings(
            {name: connection_string if _SHORTHAND.fullmatch(value) else value for name, value in self._values.items()}
        )

    def connection_string(self, name: str | None = None) -> str:
        """The storage connection string of connection `name`; none or empty means AzureWebJobsStorage.

        Looked up as WebJobs does: with the prefix `AzureWebJobs` and without, below `ConnectionStrings` and at the
        top. Raises SettingsError where nothing is found, or only an identity.
        """
        wanted = name or DEFAULT_CONNECTION
        names = [wanted] if wanted.lower().startswith(_PREFIX) else [_PREFIX + wanted, wanted]
        for each in names:
            found = self.get(f"ConnectionStrings:{each}") or self.get(each)
            if found:
                return found
        if any(self._identity(each) for each in names):
            raise SettingsError(
                f"Connection '{wanted}' names an account to be opened with an identity, which works in Azure only. "
                f"Set {wanted} in {FILE_NAME} to a connection string, or to {DEVELOPMENT_STORAGE} for Azurite."
            )
        raise SettingsError(
            f"There is no connection '{wanted}'. Add {wanted} to Values in {FILE_NAME}, "
            f"for Azurite with the value {DEVELOPMENT_STORAGE}."
        )

    def _identity(self, name: str) -> bool:
        return any(self.get(f"{name}:{key}") for key in _IDENTITY)


def _key(name: str) -> str:
    return name.replace("__", ":").lower()


def _local(path: Path) -> dict[str, str]:
    try:
        content = parse_object(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}). Make it a readable file in UTF-8.") from None
    if content.get("IsEncrypted") is True:
        raise SettingsError(
            f"{path} is encrypted, which only Core Tools can read. Run `func settings decrypt` in that folder."
        )
    values = _texts(content.get("Values"), "Values", path)
    connections = content.get("ConnectionStrings") or {}
    if isinstance(connections, Mapping):
        connections = {
            name: value.get("ConnectionString") if isinstance(value, Mapping) else value
            for name, value in connections.items()
        }
    named = _texts(connections, "ConnectionStrings", path)
    return values | {f"ConnectionStrings:{name}": value for name, value in named.items()}


def _texts(values: Any, section: str, path: Path) -> dict[str, str]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise SettingsError(f"{section} in {path} must be an object of names and texts.")
    for name, value in values.items():
        if isinstance(value, Mapping | list):
            raise SettingsError(
                f"{section}.{name} in {path} must be a text. Write nested settings with a name of two underscores, "
                f"like {name}__key."
            )
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
