"""Which URLs the app may call: only hosts that a list names exactly; none if the list is missing."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import AfterValidator, StringConstraints, TypeAdapter

from approvals.validation import LATER

LONGEST_URL = 1_000

_PORTS = {"http": 80, "https": 443}

_WIRE_SERVER = ip_address("168.63.129.16")
"""Azure's WireServer. Every virtual network has it, beside the metadata service at 169.254.169.254."""


def _is_plain(url: str) -> str:
    """Refuse characters that URL parsers understand differently: white space, control characters, backslashes."""
    if any(char <= " " or char == "\\" or char >= "\x7f" for char in url):
        raise ValueError("a URL must contain only ASCII characters, no white space and no backslash")
    try:
        parts = urlsplit(url)
        known = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise ValueError("give a URL that begins with https:// or http:// and names a host")
    return url


Url = Annotated[str, StringConstraints(max_length=LONGEST_URL), AfterValidator(_is_plain)]
"""A field of a form that holds a URL. Whether the app may call it is decided at the call."""

_URL: TypeAdapter[str] = TypeAdapter(Url, config=LATER)


def target(url: str, location: str) -> str | None:
    """Return the URL that a response of `url` names as its Location, or None if it is not a valid one."""
    try:
        return _URL.validate_python(urljoin(url, location))
    except ValueError:
        return None


def refusal(url: str, allowed: str) -> str | None:
    """Return why `url` may not be called, in a sentence that says what to do; None if it may be called.

    `allowed` lists `host` (any port) or `host:port`, separated by commas. Hosts must match exactly, apart from case;
    there are no wildcards. Without TLS only this machine may be called.
    """
    try:
        parts = urlsplit(_is_plain(url))
    except ValueError as error:
        return f"{error}"
    if parts.username is not None or parts.password is not None:
        return "the URL must not contain a user name or a password"
    host, port = _host_of(parts), parts.port or _PORTS[parts.scheme]
    if not any(host == name and given in (None, port) for name, given in _entries(allowed)):
        return f"the host {host}:{port} may not be called: it is not in ALLOWED_HOSTS"
    if parts.scheme == "http" and not _is_this_machine(host):
        return f"{host} may only be called with https"
    return None


def inside(host: str, address: str) -> str | None:
    """Return `address` if a host's name has resolved to this machine or to an address of the platform; else None.

    A name can resolve to any address, and to another one after a check, so only the address of the connection itself
    counts. Addresses of private networks are allowed: an operator has listed the host, and its certificate proves who
    it is.
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
