"""The app settings: the process environment plus local.settings.json, and the storage connections that they hold."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from durable_devhost.errors import SettingsError
from durable_devhost.jsonc import parse_object

DEFAULT_CONNECTION = "AzureWebJobsStorage"
DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
FILE_NAME = "local.settings.json"
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The published key of every Azurite, no secret."""
DEVELOPMENT_PORTS = {"blob": 10000, "queue": 10001, "table": 10002}
_PREFIX = "azurewebjobs"
_SHORTHAND_PARTS = {"usedevelopmentstorage", "developmentstorageproxyuri"}
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_IDENTITY = ("accountName", "blobServiceUri", "queueServiceUri", "tableServiceUri", "serviceUri")


class AppSettings(Mapping[str, str]):
    """Settings by name; names are compared without regard to case, and `__` in them is the same as `:`.

    Never changes: `with_storage` and `with_values` give a new one.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._by_key = {_key(name): value for name, value in self._values.items()}

    @classmethod
    def load(cls, app_dir: Path, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Self:
        """Read local.settings.json, which may be missing, below the environment, which wins as it does with `func`.

        An empty variable does not win, also as with `func`. `overrides` win over both. An app that has no
        AzureWebJobsStorage at all gets development storage.
        Raises SettingsError with file and line.
        """
        values = _local(app_dir / FILE_NAME)
        values |= {name: value for name, value in environ.items() if value or name not in values}
        values |= overrides or {}
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
        """Whether some connection is development storage, so that an Azurite is needed."""
        return any(map(is_development_storage, self._values.values()))

    def with_storage(self, connection_string: str) -> "AppSettings":
        """The same settings with the real connection string in place of each that is development storage."""
        return AppSettings(
            {
                name: connection_string if is_development_storage(value) else value
                for name, value in self._values.items()
            }
        )

    def with_values(self, values: Mapping[str, str]) -> "AppSettings":
        """The same settings with these, which win."""
        replaced = set(map(_key, values))
        return AppSettings(
            {name: value for name, value in self._values.items() if _key(name) not in replaced} | dict(values)
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


def is_development_storage(text: str) -> bool:
    """Whether a setting is a connection string of an Azurite on this machine, on its standard ports.

    That is `UseDevelopmentStorage=true`, or the same written out: Azurite's own account and key with one endpoint or
    more, each at the port of its service. Case and order do not matter. A string without endpoints is Azure's.
    """
    if "=" not in text:
        return False
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    parts = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        proxy = parts.get("developmentstorageproxyuri")
        return parts.keys() <= _SHORTHAND_PARTS and (not proxy or _place(proxy).host in _LOCAL_HOSTS)
    endpoints = {name.removesuffix("endpoint"): uri for name, uri in parts.items() if name.endswith("endpoint")}
    return (
        parts.get("accountname", "").lower() == DEVELOPMENT_ACCOUNT
        and parts.get("accountkey") == DEVELOPMENT_KEY
        and bool(endpoints)
        and all(_is_standard(service, uri) for service, uri in endpoints.items())
    )


def worker_environment(
    settings: AppSettings,
    environ: Mapping[str, str],
    *,
    port: int,
    app_dir: Path,
    python: Path | None = None,
) -> dict[str, str]:
    """The whole environment of the worker process, as `func start` and the Functions host make it.

    It holds the process environment, the app settings over it (`ConnectionStrings:NAME` under that name), and below
    both what the host sets itself. `port` is the host's, `python` the worker's interpreter; its version is
    added by the worker itself. What no environment can hold, an empty name for one, is left out.
    """
    folder = str(app_dir)
    made = {
        "ASPNETCORE_SUPPRESSSTATUSMESSAGES": "true",
        "AzureWebJobsScriptRoot": folder,
        "FUNCTIONS_APPLICATION_DIRECTORY": folder,
        "FUNCTIONS_CORETOOLS_ENVIRONMENT": "true",
        "FUNCTIONS_WORKER_DIRECTORY": str(Path(__file__).with_name("worker")),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "PYTHON_THREADPOOL_THREAD_COUNT": "1000",
        "WEBSITE_HOSTNAME": f"localhost:{port}",
        "languageWorkers__python__defaultExecutablePath": str(python or ""),
    }
    given = {name: value for name, value in {**environ, **settings}.items() if _can_be_set(name, value)}
    # As with `func`, which says so: local.settings.json cannot change this one, the environment can.
    given["AZURE_FUNCTIONS_ENVIRONMENT"] = environ.get("AZURE_FUNCTIONS_ENVIRONMENT") or "Development"
    return given | {name: value for name, value in made.items() if value and not given.get(name)}


def _can_be_set(name: str, value: str) -> bool:
    return bool(name) and "=" not in name and "\0" not in name + value


def _is_standard(service: str, uri: str) -> bool:
    place = _place(uri)
    return (
        place.host in _LOCAL_HOSTS
        and place.port == DEVELOPMENT_PORTS.get(service, -1)
        and place.path.strip("/").lower() == DEVELOPMENT_ACCOUNT
    )


class _Place(NamedTuple):
    """What a URI names; all empty where it is none."""

    host: str | None = None
    port: int | None = None
    path: str = ""


def _place(uri: str) -> _Place:
    try:
        split = urlsplit(uri)
        return _Place(split.hostname, split.port, split.path)
    except ValueError:
        return _Place()


def _key(name: str) -> str:
    return name.replace("__", ":").lower()


def read_object(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file of the app; None where there is no file. Raises SettingsError with file and line."""
    try:
        return parse_object(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}). Make it a readable file in UTF-8.") from None


def _local(path: Path) -> dict[str, str]:
    content = read_object(path) or {}
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
