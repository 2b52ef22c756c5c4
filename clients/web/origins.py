"""Whether a page of another site made a browser send a request.

Browsers say so in `Sec-Fetch-Site` and `Origin`, which pages cannot set; programs say nothing, and have no session or
page of ours that somebody could misuse.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import azure.functions as func

_HIDDEN = "null"
"""What stands in `Origin` where the page that sends has `Referrer-Policy: no-referrer`, as ours have."""


def crosses_sites(req: func.HttpRequest, own_urls: Iterable[str]) -> bool:
    """Say whether a request comes from elsewhere than from one of our own addresses, or from nowhere in particular.

    A hidden origin is believed only beside a `Sec-Fetch-Site` that says where it came from.
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
