"""The section `Host` of local.settings.json: port and CORS, read as `func start` reads them.

Facts: azure-functions-core-tools, `HostStartSettings` and `StartHostAction`. The section is a local host's own: on
Azure an app's CORS settings are in its configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from durable_devhost.app_settings import FILE_NAME, read_object
from durable_devhost.errors import SettingsError

ANY_ORIGIN = "*"
_LAST_PORT = 65535
_OWN_ADDRESSES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Which other origins may call. `origins` are in lower case; without any, no CORS header is sent."""

    origins: tuple[str, ...] = ()
    credentials: bool = False

    @classmethod
    def of(cls, origins: str, credentials: bool, source: str) -> Self:
        """The origins in a comma-separated text; blanks are kept, as in `func`.

        Raises SettingsError for `*` together with credentials, with which `func` does not start.
        """
        listed = tuple(origin.lower() for origin in origins.split(",") if origin)
        if not listed:
            return cls()
        if credentials and listed == (ANY_ORIGIN,):
            raise SettingsError(
                f"{source} lets every origin (*) call with credentials, which browsers forbid and func does not start "
                "with. Name the origins, or leave the credentials out."
            )
        return cls(origins=listed, credentials=credentials)

    @property
    def unheard(self) -> tuple[str, ...]:
        """The origins that no browser ever sends, so that the entry has no effect: with a path, a slash or a blank."""
        return tuple(one for one in self.origins if self.origins != (ANY_ORIGIN,) and not _is_origin(one))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHost:
    """The whole section; `port` is None if it names none, or 0."""

    port: int | None = None
    cors: Cors = Cors()
    notices: tuple[str, ...] = ()

    @classmethod
    def load(cls, app_dir: Path, *, cors: str | None = None, cors_credentials: bool = False) -> Self:
        """Read the file, if it exists; the options win over it. Raises SettingsError, with file and key."""
        path = app_dir / FILE_NAME
        host = (read_object(path) or {}).get("Host")
        given = {str(name).lower(): value for name, value in host.items()} if isinstance(host, Mapping) else {}
        origins = _origins(given.get("cors"), path) if cors is None else cors
        credentials = cors_credentials or _truth(given.get("corscredentials"), path)
        policy = Cors.of(origins, credentials, "--cors" if cors is not None else f"Host.CORS in {path}")
        return cls(
            port=_port(given.get("localhttpport"), path),
            cors=policy,
            notices=(*_address_notice(given.get("localhttpaddress"), path), *_origin_notices(policy)),
        )


def _port(given: Any, path: Path) -> int | None:
    if given is None:
        return None
    if not str(given).isdecimal() or int(given) > _LAST_PORT:
        raise SettingsError(f"Host.LocalHttpPort in {path} is {given!r}. Make it a port from 1 to {_LAST_PORT}.")
    return int(given) or None


def _origins(given: Any, path: Path) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise SettingsError(
            f"Host.CORS in {path} is {given!r}. Write the origins as one text, with commas and no blanks between them."
        )
    return given


def _truth(given: Any, path: Path) -> bool:
    text = str(given).lower()
    if text not in ("none", "true", "false"):
        raise SettingsError(f"Host.CORSCredentials in {path} is {given!r}. Make it true or false.")
    return text == "true"


def _address_notice(given: Any, path: Path) -> tuple[str, ...]:
    if not given or given in _OWN_ADDRESSES:
        return ()
    return (f"Host.LocalHttpAddress in {path} is {given!r}, but devhost listens on 127.0.0.1 only.",)


def _origin_notices(cors: Cors) -> tuple[str, ...]:
    if not cors.unheard:
        return ()
    names = ", ".join(f"'{origin}'" for origin in cors.unheard)
    return (
        f"No browser sends the origin {names} of the CORS setting, so it lets nobody in, here as with func: write "
        "scheme, host and port alone, as in http://localhost:3000, with commas and no blanks between them.",
    )


def _is_origin(text: str) -> bool:
    try:
        place = urlsplit(text)
        return text == "null" or (bool(place.scheme and place.netloc) and text == f"{place.scheme}://{place.netloc}")
    except ValueError:
        return False
