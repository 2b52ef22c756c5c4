"""Who visits a page: a signed-in person, or in development the name that they chose."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from approvals.names import Name
from approvals.rules.acceptance import Actor
from approvals.validation import LATER
from clients.web.identity import Caller, in_development
from clients.web.page_replies import explain, redirect
from clients.web.rates import admit
from clients.web.roles import may_operate, may_read_reports
from gateways.people import name_of
from pages.shell import Shell

CHOOSER = "/api/ui/act-as"
"""The page on which visitors choose their name in development."""

_COOKIE = "greenlight-user"
_NAME = TypeAdapter[str](Name, config=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who visits a page."""

    name: str
    may_change: bool
    """Whether they may choose another name, as in development."""

    @property
    def caller(self) -> Caller:
        """The same person in the API's form."""
        return Caller.of_person(self.name)

    @property
    def actor(self) -> Actor:
        """The same person as one who does something."""
        return Actor(name=self.name, via=self.caller.via)


def visitor(req: func.HttpRequest) -> Visitor | func.HttpResponse:
    """Return the visitor, or the page that refuses them: nobody is signed in, or they send too many requests.

    In development a visitor without a name is sent to the page where they can choose one.
    """
    who = admit(req)
    if isinstance(who, func.HttpResponse):
        return error_page(who)
    if who.name is not None:
        return Visitor(name=who.name, may_change=in_development())
    if not in_development():
        return explain(
            403,
            "These pages need a sign-in",
            "A function key opens the API, but does not say who you are.",
            "Turn on sign-in for the app and set AUTH_MODE to easyauth.",
        )
    name = _chosen(req)
    return Visitor(name=name_of(name), may_change=True) if name else redirect(CHOOSER)


def shell(who: Visitor, here: str = "") -> Shell:
    """Return the frame of a page for a person: `here` is its tab; tabs that are closed to them are left out."""
    roles = {"reports": may_read_reports, "operations": may_operate}
    closed = frozenset(tab for tab, may_open in roles.items() if not may_open(who.name))
    return Shell(person=who.name, may_change=who.may_change, here=here, closed=closed)


def remember(name: str) -> str:
    """Return the cookie with the visitor's name in development; raises ValueError for an invalid name.

    The name is in Base64 for URLs, because the Functions host percent-encodes every other character of a cookie.
    """
    try:
        checked = _NAME.validate_python(name)
    except ValidationError as error:
        raise ValueError("give a name in one line") from error
    return (
        f"{_COOKIE}={urlsafe_b64encode(checked.encode()).decode().rstrip('=')}; Path=/api/ui; HttpOnly; SameSite=Strict"
    )


def error_page(response: func.HttpResponse) -> func.HttpResponse:
    """Return an error of the API as a page: its detail, and what to do."""
    body = json.loads(response.get_body())
    page = explain(response.status_code, body["title"], body["detail"], body["whatToDo"])
    if "Retry-After" in response.headers:
        page.headers["Retry-After"] = response.headers["Retry-After"]
    return page


def _chosen(req: func.HttpRequest) -> str | None:
    try:
        cookie = SimpleCookie(req.headers.get("Cookie", "")).get(_COOKIE)
        if cookie is None:
            return None
        padding = "=" * (-len(cookie.value) % 4)
        return _NAME.validate_python(urlsafe_b64decode(cookie.value + padding).decode())
    except (CookieError, ValueError):  # also invalid Base64, invalid UTF-8, or an invalid name
        return None
