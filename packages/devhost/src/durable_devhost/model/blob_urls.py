"""The parts of a blob's URL. Pure."""

from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

_EMULATORS = frozenset({"localhost", "azurite"})


def blob_place(url: str) -> tuple[str, str] | None:
    """Container and name of the blob at a URL (`BlobUriBuilder.cs`); None if it is not the URL of a blob.

    An emulator, which has an IP address, has the account in the path.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    path = parts.path.lstrip("/")
    if host in _EMULATORS or _is_address(host):
        _, _, path = path.partition("/")
    container, _, name = path.partition("/")
    return (container, unquote(name)) if container and name else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
