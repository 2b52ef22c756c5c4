"""Security headers: they keep a browser from doing more with a response than showing it.

Every page and every JSON response has them. A page loads pictures only from the app, cannot be framed, and sends its
form only to the app. The page of a decision link runs no script and is not cached, because its URL contains the token.
A page of somebody who is signed in runs the app's own script files, none inside the page, and a browser may keep it if
it asks each time whether it is still true.
"""

import base64
import hashlib

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
"""Browsers apply the last one only over HTTPS, so it does no harm on a developer's machine."""


_KEPT = {
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Authorization, X-MS-CLIENT-PRINCIPAL, X-Greenlight-User, x-functions-key",
}
"""What a response depends on besides its URL: all the ways in which `identity` and `visitors` find out who asks."""

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def private_cache_headers() -> dict[str, str]:
    """Return the headers of a response that only this caller's browser may keep, and must ask about each time."""
    return dict(_KEPT)


def script_headers() -> dict[str, str]:
    """Return the headers of a script file, which never changes under one URL and is the same for everybody."""
    return _ALWAYS | _FOREVER | {"Content-Security-Policy": _policy()}


def json_headers() -> dict[str, str]:
    """Return the headers of a response for programs. A browser would show it as plain text."""
    return _ALWAYS | {"Content-Security-Policy": _policy(form_action="'none'")}


def page_headers(style: str, *, frames: bool = False, scripts: bool = False) -> dict[str, str]:
    """Return the headers of a page whose one `<style>` element holds exactly `style`.

    With `frames` it may show other addresses of ours in frames, which those must allow as well. With `scripts` it may
    run script files of ours, which may ask only this app; what people hand in is never sent as a script.
    """
    more = {"frame_src": "'self'"} if frames else {}
    if scripts:
        more |= {"script_src": "'self'", "connect_src": "'self'"}
    return _ALWAYS | {
        "Content-Security-Policy": _policy(style_src=_source(style), img_src="'self'", **more, form_action="'self'"),
        "X-Robots-Tag": "noindex, nofollow",
    }


def picture_headers() -> dict[str, str]:
    """Return the headers of a picture that a page of ours shows, or that is looked at by itself."""
    return _ALWAYS | {"Content-Security-Policy": f"{_policy()}; sandbox"}


def pdf_headers() -> dict[str, str]:
    """Return the headers of a PDF for the browser's own viewer, by itself or in a frame of a page of ours.

    A sandbox would keep the viewer out. The policy is the file's: what is in it loads and sends nothing.
    """
    policy = _policy(frame_ancestors="'self'")
    return _ALWAYS | {"X-Frame-Options": "SAMEORIGIN", "Content-Security-Policy": policy}


def _policy(**directives: str) -> str:
    """Build a content security policy; directives that are not given allow nothing."""
    named = {"default_src": "'none'", "frame_ancestors": "'none'", "base_uri": "'none'", **directives}
    return "; ".join(f"{name.replace('_', '-')} {value}" for name, value in named.items())


def _source(style: str) -> str:
    """Return the CSP source that allows a style element with this text, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
