"""Whether a page of another site made a browser send a request.

Browsers report it in `Sec-Fetch-Site` and `Origin`, which pages cannot set. Other programs send neither header, but
they have no session that somebody could misuse.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import azure.functions as func

_HIDDEN = "null"
"""The value of `Origin` if the sending page has `Referrer-Policy: no-referrer`, as the app's pages have."""


def crosses_sites(req: func.HttpRequest, own_urls: Iterable[str]) -> bool:
    """Say whether a request comes from a page of another site, and not from the app's own URLs or from no page.

    A hidden origin is accepted only together with `Sec-Fetch-Site`.
    """
    site, origin = req.headers.get("Sec-Fetch-Site"), req.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        return True
    if origin is None:
        return False
    if origin == _HIDDEN:
        return site is None
    return origin.lower() not in {_origin(url) for url in own_urls}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
