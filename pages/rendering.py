"""A page as HTML: one stylesheet inside of it, no script inside, and what its headers must allow."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gateways.templating import environment

_FOLDER = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, and the text of its style element, which the headers must allow."""

    html: str
    style: str
    frames: bool = False
    """Whether it shows documents of ours in frames."""
    scripts: bool = False
    """Whether it loads script files of ours."""
    state: str = ""
    """What changes when what it shows changes, but not as time passes; empty for a page that is not watched."""


def render(template: str, **shown: Any) -> Page:
    """Return a template of `pages/templates/` with what it shows."""
    style = _style()
    return Page(html=environment(_FOLDER).get_template(template).render(style=Markup(style), **shown), style=style)


def message_page(heading: str, *paragraphs: str) -> Page:
    """Return a page with one heading and some sentences; empty ones are left out."""
    return render("message.html", heading=heading, paragraphs=[each for each in paragraphs if each])


@cache
def icon() -> str:
    """Return the icon of the pages, as SVG."""
    return (_FOLDER / "icon.svg").read_text("utf-8")


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text("utf-8")
