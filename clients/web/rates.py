"""Rate limits: people and systems are counted by their identity, users of links by their IP address.

Only requests that change something and requests to links are counted: they are expensive, or open to everybody.
"""

import hashlib
from ipaddress import IPv6Address, ip_address

import azure.functions as func

from approvals.names import key
from clients.web.identity import Caller, caller, level
from clients.web.link_replies import LinkProblem, show_problem
from clients.web.link_requests import wants_json
from clients.web.responses import problem
from gateways.rates import take

_KEY_HEADER, _KEY_PARAMETER = "x-functions-key", "code"
_MOST_KEYS = 4
"""Function keys in one request. A caller needs only one."""
_FORWARDED_FOR = "X-Forwarded-For"

_TOO_MANY = LinkProblem(
    status=429,
    code="tooMany",
    heading="Please wait a moment",
    detail="Too many requests came from your network.",
    what_to_do="Wait a minute, then open the link again.",
)


def admit(req: func.HttpRequest) -> Caller | func.HttpResponse:
    """Return the caller, like `identity.caller`, and count the request: 429 with Retry-After if there are too many."""
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    waits = [wait for wait in map(take, _names(req, who)) if wait is not None]
    if not waits:
        return who
    return problem(
        429,
        "You have sent too many requests.",
        "Wait as many seconds as Retry-After says, then send the request again; nothing was recorded.",
        headers={"Retry-After": str(max(waits))},
        code="tooMany",
    )


def slow_down(req: func.HttpRequest) -> func.HttpResponse | None:
    """Count a request to a decision link: None if it may continue, else the response, 429 with Retry-After."""
    wait = take(f"address {_address(req)}")
    if wait is None:
        return None
    refused = show_problem(_TOO_MANY, as_json=wants_json(req))
    refused.headers["Retry-After"] = str(wait)
    return refused


def _names(req: func.HttpRequest, who: Caller) -> list[str]:
    """Return the names that a caller is counted under; a system by its key, of which only a hash is stored.

    A request may have several keys, of which the host uses one. It counts under each of them, so that an additional,
    invented key has no effect. If keys are not checked, all systems count as one caller.
    """
    if who.name is not None:
        return [f"person {key(who.name)}"]
    if level() is not func.AuthLevel.FUNCTION:
        return ["system"]
    given = (req.headers.get(_KEY_HEADER) or "", req.params.get(_KEY_PARAMETER) or "")
    keys = {each.strip() for text in given for each in text.split(",")} - {""}  # the host joins repeated headers
    if not 0 < len(keys) <= _MOST_KEYS:
        return ["system"]
    return [f"system {hashlib.sha256(each.encode()).hexdigest()}" for each in sorted(keys)]


def _address(req: func.HttpRequest) -> str:
    """Return the IP address of a request: the last one in the header, which the platform's front end has added.

    Anybody can send the addresses before it. An IPv6 address counts as its /64 network, which is one subscriber's.
    """
    last = req.headers.get(_FORWARDED_FOR, "").rpartition(",")[2].strip()
    for text in (last, last.rpartition(":")[0].strip("[]")):
        try:
            found = ip_address(text)
        except ValueError:
            continue
        return str(found) if not isinstance(found, IPv6Address) else f"{found.exploded[:19]}::/64"
    return "unknown"
