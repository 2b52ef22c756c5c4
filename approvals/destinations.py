"""Which addresses the app may call: exact hosts of a list, and nothing where the list is missing."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import AfterValidator, StringConstraints, TypeAdapter

LONGEST_URL = 1_000

_PORTS = {"http": 80, "https": 443}

_WIRE_SERVER = ip_address("168.63.129.16")
"""Azure's own, in every virtual network, beside the metadata service at 169.254.169.254."""


def _is_plain(url: str) -> str:
    """Refuse what one reader of URLs takes for something else than another: white space, controls, backslashes."""
    if any(char <= " " or char == "\\" or char >= "\x7f" for char in url):
        raise ValueError("a URL holds no white space, backslash, or characters that are not ASCII")
    try:
        parts = urlsplit(url)
        known = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise ValueError("give a URL that begins with https:// or http:// and names a host")
    return url


Url = Annotated[str, StringConstraints(max_length=LONGEST_URL), AfterValidator(_is_plain)]
"""A field of a form that holds an address; whether it may be called is decided when it is called."""

_URL: TypeAdapter[str] = TypeAdapter(Url)


def target(url: str, location: str) -> str | None:
    """Return the address that an answer of `url` names as its Location, or None where no form would take it."""
    try:
        return _URL.validate_python(urljoin(url, location))
    except ValueError:
        return None


def refusal(url: str, allowed: str) -> str | None:
    """Return why `url` may not be called, in a sentence that says what to do; None where it may.

    `allowed` is a list with commas of `host`, which stands for each of its ports, and `host:port`. Hosts are compared
    exactly but for case; there are no wildcards. Without TLS only this machine may be called.
    """
    try:
        parts = urlsplit(_is_plain(url))
    except ValueError as error:
        return f"{error}"
    if parts.username is not None or parts.password is not None:
        return "a URL with a user name or password in it is not called"
    host, port = _host_of(parts), parts.port or _PORTS[parts.scheme]
    if not any(host == name and given in (None, port) for name, given in _entries(allowed)):
        return f"the host {host}:{port} may not be called: ALLOWED_HOSTS does not name it"
    if parts.scheme == "http" and not _is_this_machine(host):
        return f"{host} may only be called with https"
    return None


def inside(host: str, address: str) -> str | None:
    """Return `address` where a host's name has led to this machine or to the platform below it; None elsewhere.

    Names can be made to lead anywhere, after they were looked at, too: only the address of a connection tells where it
    goes. A private network is no such place, as a host there is on the list because somebody means it, and proves with
    its certificate that it is the one.
    """
    found = ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback and _is_this_machine(host.rstrip(".").lower()):
        return None
    closed = found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
    return address if closed or found == _WIRE_SERVER else None


def _entries(allowed: str) -> Iterator[tuple[str, int | None]]:
    for entry in allowed.split(","):
        try:
            parts = urlsplit(f"//{entry.strip()}")
            host, port = _host_of(parts), parts.port
        except ValueError:
            continue  # an entry that cannot be read allows nothing
        if host:
            yield host, port


def _host_of(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".").lower()


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
