"""What all pages have around them: the head, the navigation, and headers that allow nothing from elsewhere. Pure."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from durable_devhost.dashboard.markup import Child, Markup, tag

ROOT = "/devhost/"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send `Origin: null` with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MOST_SHOWN = 20_000
_FOLDED = 1200
_HINT = 80
_PLACES = {
    "": "Functions",
    "instances": "Instances",
    "entities": "Entities",
    "queues": "Queues",
    "mail": "Mail",
    "live": "Live",
    "clock": "Clock",
    "settings": "Settings",
}


def page(title: str, *content: Child, place: str) -> str:
    """A whole page; `place` is the part of the navigation that it belongs to."""
    links = [
        tag("li", tag("a", name, href=ROOT + path, aria_current="page" if path == place else None))
        for path, name in _PLACES.items()
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · devhost"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href=f"{ROOT}style.css"),
        tag("script", src=f"{ROOT}live.js", defer=True),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("p", "devhost"), tag("nav", tag("ul", *links), aria_label="Pages")),
        tag("main", tag("h1", title), *content, id="content"),
    )
    return f"<!DOCTYPE html>{tag('html', head, body, lang='en')}"


def link(path: str, text: str, **query: str) -> Markup:
    """A link to another page of the dashboard."""
    return tag("a", text, href=address(path, **query))


def address(path: str, **query: str) -> str:
    """The address of a page; parameters without a value are left out."""
    kept = {name: value for name, value in query.items() if value}
    return f"{ROOT}{path}" + (f"?{urlencode(kept)}" if kept else "")


def form(path: str, token: str, *fields: Child, **hidden: str) -> Markup:
    """A form that changes something: it carries the token that only pages of this process have."""
    secret = tag("input", type="hidden", name="token", value=token)
    more = [tag("input", type="hidden", name=name, value=value) for name, value in hidden.items()]
    return tag("form", secret, *more, *fields, method="post", action=ROOT + path)


def field(label: str, name: str, value: str = "", **attributes: object) -> Markup:
    """A line of text to fill in."""
    return tag("label", label, tag("input", name=name, value=value, **attributes))


def button(text: str, value: str = "", *, is_grave: bool = False) -> Markup:
    """A button that sends its form, with `action=value` where there is one."""
    named = {"name": "action", "value": value} if value else {}
    return tag("button", text, type="submit", class_="grave" if is_grave else None, **named)


def moment(when: datetime | None) -> Markup | None:
    """A time in UTC, to the millisecond."""
    if when is None:
        return None
    return tag("time", f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03}", datetime=when.isoformat())


def pairs(values: Mapping[str, Child]) -> Markup:
    """Names with what they have; those that have nothing are left out."""
    return tag(
        "dl", *([tag("dt", name), tag("dd", value)] for name, value in values.items() if value not in (None, ""))
    )


def code(text: str | None) -> Markup | None:
    """A text as it is stored; a long one unfolds, up to `MOST_SHOWN` characters. Nothing for None."""
    if text is None or len(text) <= _FOLDED:
        return None if text is None else tag("pre", text)
    cut = f"\n… {len(text) - MOST_SHOWN} characters more" if len(text) > MOST_SHOWN else ""
    summary = tag("summary", f"{len(text)} characters: {text[:_HINT]}…")
    return tag("details", summary, tag("pre", text[:MOST_SHOWN] + cut))


def message(text: str, *, is_bad: bool = False) -> Markup | None:
    """What the last action has led to."""
    kind = "message bad" if is_bad else "message"
    return tag("p", text, class_=kind, role="alert" if is_bad else "status") if text else None
