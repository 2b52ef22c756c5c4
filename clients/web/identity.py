"""The caller: a signed-in person, or a system that acts on behalf of a person. `AUTH_MODE` says how callers are known.

`keys` (the default): the host has checked a function key, so the caller is a system. `easyauth`: the platform has
signed a person in. `development`: a header names a person, and only local requests are accepted.
"""

import base64
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from approvals.directory import sign_in
from approvals.names import Name, same
from approvals.record.entries import Via
from approvals.validation import LATER, Invalid, read_json
from clients.web.origins import crosses_sites
from clients.web.responses import problem
from gateways.hosting import on_azure
from gateways.letters.letters import public_url
from gateways.people import name_of, person_of

USER_HEADER = "X-Greenlight-User"
"""The header with the person's name in development."""

PRINCIPAL_HEADER = "X-MS-CLIENT-PRINCIPAL"
"""The platform's header about the signed-in person: JSON in Base64. The platform removes it from incoming requests."""

_TENANT = frozenset({"tid", "http://schemas.microsoft.com/identity/claims/tenantid"})
_OBJECT = frozenset({"oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"})
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_NAME = TypeAdapter[str](Name, config=LATER)


class Mode(StrEnum):
    """How callers are identified."""

    KEYS = "keys"
    EASYAUTH = "easyauth"
    DEVELOPMENT = "development"


class ModeRefused(Exception):
    """The app must not run with these settings; the text says which ones, and what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who made the request."""

    name: str | None
    """The directory's name of the person; None for a system, which names a person in each request."""
    via: Via

    @classmethod
    def of_person(cls, name: str) -> "Caller":
        """Return somebody who is signed in."""
        return cls(name=name, via=Via.PERSON)


def in_development() -> bool:
    """Say whether people choose who they are."""
    return _mode() is Mode.DEVELOPMENT


def level() -> func.AuthLevel:
    """Return the auth level of the routes for people.

    Raises `ModeRefused` if anybody could act as anybody else, so that the app does not start.
    """
    return func.AuthLevel.FUNCTION if _mode() is Mode.KEYS else func.AuthLevel.ANONYMOUS


def caller(req: func.HttpRequest) -> Caller | func.HttpResponse:
    """Return the caller, or the refusal: 401 if the caller is unknown, 403 if the request comes from elsewhere."""
    match _mode():
        case Mode.KEYS:
            return Caller(name=None, via=Via.SYSTEM)
        case Mode.EASYAUTH:
            return _crossed(req) or _signed_in(req)
        case Mode.DEVELOPMENT:
            return _from_elsewhere(req) or _crossed(req) or _caller_in_header(req)


def from_another_site(req: func.HttpRequest) -> func.HttpResponse | None:
    """Return the refusal for a request that a page elsewhere makes a browser send; for routes that ask for a key.

    A key is no session, so there is nothing to misuse; but on a developer's machine keys may not be asked for.
    """
    return (_from_elsewhere(req) if in_development() else None) or _crossed(req)


def claim(who: Caller, named: str | None) -> str | func.HttpResponse:
    """Return the person that the request acts for, named as `named`; 403 if `who` may not, 400 if nobody is named."""
    if who.name is None:
        if named is None:
            return problem(
                400,
                "The request does not say who acts.",
                "A system must name the person, for example as approver or by.",
            )
        return name_of(named)
    if named is None or same(name_of(named), who.name):
        return who.name
    return problem(
        403,
        f"You are signed in as {who.name} and cannot act as {named}.",
        "Leave the name out, or let that person sign in.",
        code="notYou",
    )


def _mode() -> Mode:
    text = os.environ.get("AUTH_MODE") or Mode.KEYS
    if text not in set(Mode):
        raise ModeRefused(f"AUTH_MODE is {text[:40]!r}; set it to one of {', '.join(Mode)}.")
    mode = Mode(text)
    if mode is Mode.EASYAUTH and os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() != "true":
        raise ModeRefused(
            "AUTH_MODE is easyauth, but the platform's authentication is off, so anybody could send its header. "
            "Turn authentication on for the app, or set AUTH_MODE to keys."
        )
    if mode is Mode.DEVELOPMENT and on_azure():
        raise ModeRefused("AUTH_MODE is development, which accepts every name. On Azure set it to easyauth or keys.")
    return mode


def _signed_in(req: func.HttpRequest) -> Caller | func.HttpResponse:
    try:
        tenant, thing = _read_principal(req.headers.get(PRINCIPAL_HEADER) or "")
    except (Invalid, ValueError):
        # Details would help only somebody who forges a principal.
        return problem(401, "Nobody is signed in.", "Sign in with your organisation's account, then try again.")
    return Caller(name=person_of(tenant, thing) or sign_in(tenant, thing), via=Via.PERSON)


def _read_principal(header: str) -> tuple[str, str]:
    """Return tenant and object id; unlike names and addresses they are never reassigned. Raises ValueError."""
    principal = read_json(base64.b64decode(header, validate=True))
    # Another provider's claims may have any value under these names.
    if not isinstance(principal, dict) or principal.get("auth_typ") != "aad":
        raise Invalid("the principal is not one of Microsoft Entra")
    claims = principal.get("claims")
    return _one(claims, _TENANT), _one(claims, _OBJECT)


def _one(claims: Any, names: frozenset[str]) -> str:
    """Return the only value of a claim; raises `Invalid` if there is none, several, or not a GUID."""
    if not isinstance(claims, list) or not all(isinstance(each, dict) for each in claims):
        raise Invalid("the principal has no list of claims")
    values = {str(each.get("val")).lower() for each in claims if str(each.get("typ")) in names}
    if len(values) != 1 or not _GUID.fullmatch(min(values)):
        raise Invalid("a claim is missing, given with several values, or no GUID")
    return min(values)


def _caller_in_header(req: func.HttpRequest) -> Caller | func.HttpResponse:
    header = req.headers.get(USER_HEADER)
    if header is None:
        return Caller(name=None, via=Via.SYSTEM)
    try:
        name = _NAME.validate_python(unquote(header, errors="strict"))
    except (ValidationError, UnicodeDecodeError):
        return problem(
            401,
            f"{USER_HEADER} has no valid name.",
            "Send a name in one line; percent-encode letters beyond ASCII as UTF-8.",
        )
    return Caller(name=name_of(name), via=Via.PERSON)


def _from_elsewhere(req: func.HttpRequest) -> func.HttpResponse | None:
    """Refuse requests from another machine, or with a host name that another site may have pointed to this machine."""
    if _is_loopback(req.url) and not any(name in req.headers for name in _FORWARDED):
        return None
    return problem(
        403,
        "In development only requests from this machine to localhost are accepted.",
        "Use http://localhost, or set AUTH_MODE to keys or easyauth.",
        code="notLocal",
    )


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _crossed(req: func.HttpRequest) -> func.HttpResponse | None:
    """Refuse requests that another site's page makes a signed-in person's browser send.

    Browsers report this themselves. Other programs do not report it, but they have no session to misuse.
    """
    if req.method in _READING or not crosses_sites(req, (req.url, public_url())):
        return None
    return problem(
        403,
        "The request was sent by a page of another site.",
        "Use a page of Greenlight, at the address in PUBLIC_URL.",
        code="crossSite",
    )
