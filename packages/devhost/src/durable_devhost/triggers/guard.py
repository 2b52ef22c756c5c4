"""Keeps web pages of other sites away from the host's controls, since a developer's browser can reach them too.

A page of any site can make a browser send requests to a loopback address, and by DNS rebinding it can read the answers:
its host name then resolves to 127.0.0.1. So the host's own pages and the durable HTTP API check three headers that a
page cannot choose: `Host`, `Origin` and `Sec-Fetch-Site` (Fetch standard; W3C, Fetch Metadata Request Headers). curl
and other programs send no `Origin` and no `Sec-Fetch-Site`, and are allowed. Routes of the app are not guarded: there
Azure's rules apply.
"""

from collections.abc import Awaitable, Callable, Collection
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

from durable_devhost.triggers.responses import as_json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Headers = CIMultiDict[str] | CIMultiDictProxy[str]

_SITE = "Sec-Fetch-Site"
_OWN_SITES = frozenset({"same-origin", "none"})
_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_JSON = ("application/json", "text/json")
_NO_NAME = frozenset("@/?#\\")
"""Characters at which a URL's host name would begin or end; no browser sends them as part of one."""


class Exposure(Enum):
    """What pages of other sites may do with a part of the URL space."""

    EVENTS = "events"
    """No writing. Any `Host` is allowed: Event Grid comes through tunnels, which have their own names."""

    MANAGEMENT = "management"
    """No writing, and no other host name. The browser decides by CORS who may read an answer."""

    CONTROL = "control"
    """Nothing but opening it as a separate page, as a link does."""


def guard_handler(handler: Handler, exposure: Exposure, trusted: Collection[str] = ()) -> Handler:
    """The handler for allowed callers; others get 403, with a sentence that says why.

    `trusted` are origins (`http://localhost:3000`) that may manage instances, from the CORS settings.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        refusal = refusal_of(exposure, request.method, request.headers, trusted)
        return await handler(request) if refusal is None else as_json(403, {"Message": refusal})

    return answer


def refusal_of(exposure: Exposure, method: str, headers: Headers, trusted: Collection[str] = ()) -> str | None:
    """Why a request with these headers is refused; None if it is not. Pure."""
    hosts = headers.getall(hdrs.HOST, [])
    if exposure is not Exposure.EVENTS and not all(is_loopback(host) for host in hosts):
        return "Only this machine may ask for this, under a name such as localhost:7071: send that as Host."
    is_read = method.upper() in _READS
    if is_read and (exposure is not Exposure.CONTROL or _is_navigation(headers)):
        return None
    allowed = trusted if exposure is Exposure.MANAGEMENT else ()
    if all(_is_own(headers, hosts, origin, allowed) for origin in headers.getall(hdrs.ORIGIN, [""])):
        return None
    return "A page of another origin may not ask for this. curl may, and the pages of this host."


def is_loopback(host: str) -> bool:
    """Whether a `Host`, with or without a port, can only mean this machine.

    An address cannot be rebound, and browsers resolve `localhost` and its subdomains themselves (RFC 6761). 0.0.0.0
    is allowed, because tools for functions use it and the host listens only on 127.0.0.1.
    """
    if not _NO_NAME.isdisjoint(host):
        return False
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    name = name.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def lacks_json(request: web.Request) -> bool:
    """Whether a request has a body that is not declared as JSON.

    A page of another site cannot send JSON without a preflight, and ASP.NET answers such a body with 415 too
    (dotnet/aspnetcore, `UnsupportedContentTypeFilter`).
    """
    kind = request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    return request.can_read_body and not (kind in _JSON or (kind.startswith("application/") and kind.endswith("+json")))


def _is_navigation(headers: Headers) -> bool:
    """Whether a person opens the page: by a link, in its own tab and not in a frame."""
    return headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"


def _is_own(headers: Headers, hosts: list[str], origin: str, trusted: Collection[str]) -> bool:
    """Whether a request comes from no page, from a page of this host, or from one of a trusted origin.

    A development server that forwards requests changes `Host` and not `Origin`; the browser then says `same-origin`.
    """
    site = headers.get(_SITE, "")
    if origin in trusted:
        return True
    if site and site not in _OWN_SITES:
        return False
    scheme, _, host = origin.partition("://")
    is_same = scheme in ("http", "https") and (host in hosts or (site == "same-origin" and is_loopback(host)))
    return not origin or is_same
