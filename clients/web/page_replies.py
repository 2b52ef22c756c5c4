"""How functions answer with a page: the page, a sentence or two, or another address to go to."""

from collections.abc import Mapping

import azure.functions as func

from clients.web.freshness import keep
from clients.web.headers import page_headers
from clients.web.responses import send
from pages.rendering import Page, message_page


def show(page: Page, *, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Return a page."""
    own = page_headers(page.style, frames=page.frames, scripts=page.scripts)
    return send(page.html, status=status, headers={**own, **(headers or {})}, mimetype="text/html")


def show_kept(req: func.HttpRequest, page: Page, tag: str = "") -> func.HttpResponse:
    """Return a page that the browser may keep and ask about again, see `freshness.keep`."""
    return keep(req, show(page), tag, state=page.state)


def explain(status: int, heading: str, *sentences: str) -> func.HttpResponse:
    """Return a page that says why there is no other."""
    return show(message_page(heading, *sentences), status=status)


def redirect(address: str, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Send the browser to another page of the app, which it asks for with GET."""
    page = message_page("This page has moved", address)
    return show(page, status=303, headers={"Location": address, **(headers or {})})
