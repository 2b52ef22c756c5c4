"""Who asks too often is told to wait: people and systems as who they are, users of links by the address they come from.

Only what changes something is counted, and what a link leads to: the routes that are dear, or open to everybody.
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
"""In one request; nobody who has one needs more."""
_FORWARDED_FOR = "X-Forwarded-For"

_TOO_MANY = LinkProblem(
    status=429,
    code="tooMany",
    heading="Please wait a little",
    detail="Too many requests came from where you are.",
    what_to_do="Wait a minute, then open the link again.",
)


def admit(req: func.HttpRequest) -> Caller | func.HttpResponse:
    """Say who calls, as `identity.caller` does, and count the request: 429 with Retry-After where they are too many."""
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    waits = [wait for wait in map(take, _names(req, who)) if wait is not None]
    if not waits:
        return who
    return problem(
        429,
        "You have sent too many requests.",
        "Wait as many seconds as Retry-After says, then send the same again; nothing was taken down.",
        headers={"Retry-After": str(max(waits))},
        code="tooMany",
    )


def slow_down(req: func.HttpRequest) -> func.HttpResponse | None:
    """Count a request to a decision link: None where it may go on, else the answer, 429 with Retry-After."""
    wait = take(f"address {_address(req)}")
    if wait is None:
        return None
    refused = show_problem(_TOO_MANY, as_json=wants_json(req))
    refused.headers["Retry-After"] = str(wait)
    return refused


def _names(req: func.HttpRequest, who: Caller) -> list[str]:
    """Return under what a caller is counted; a system under its key, of which only a hash is kept.

    Where keys are checked a request may hold several, of which the host takes one: it counts under each of them, so
    that one more that is made up changes nothing. Where they are not checked, all systems are one caller.
    """
    if who.name is not None:
        return [f"person {key(who.name)}"]
    if level() is not func.AuthLevel.FUNCTION:
        return ["system"]
    given = (req.headers.get(_KEY_HEADER) or "", req.params.get(_KEY_PARAMETER) or "")
    keys = {each.strip() for text in given for each in text.split(",")} - {""}  # the host joins what comes twice
    if not 0 < len(keys) <= _MOST_KEYS:
        return ["system"]
    return [f"system {hashlib.sha256(each.encode()).hexdigest()}" for each in sorted(keys)]


def _address(req: func.HttpRequest) -> str:
    """Return where a request comes from, as the platform's front end has put it last; what stands before, anybody may.

    An IPv6 address stands for its network of 64 bits: each subscriber has all of that.
    """
    last = req.headers.get(_FORWARDED_FOR, "").rpartition(",")[2].strip()
    for text in (last, last.rpartition(":")[0].strip("[]")):
        try:
            found = ip_address(text)
        except ValueError:
            continue
        return str(found) if not isinstance(found, IPv6Address) else f"{found.exploded[:19]}::/64"
    return "unknown"
