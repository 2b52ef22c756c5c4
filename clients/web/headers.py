"""Security headers: they keep a browser from doing more with a response than showing it.

Every page and every JSON response has them. A page of the app runs no script, loads pictures only from the app, cannot
be framed, sends its form only to the app, and is not cached, because its URL contains the token for a decision.
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


def json_headers() -> dict[str, str]:
    """Return the headers of a response for programs. A browser would show it as plain text."""
    return _ALWAYS | {"Content-Security-Policy": _policy(form_action="'none'")}


def page_headers(style: str, *, frames: bool = False) -> dict[str, str]:
    """Return the headers of a page whose one `<style>` element holds exactly `style`.

    With `frames` it may show other addresses of ours in frames, which those must allow as well.
    """
    framed = {"frame_src": "'self'"} if frames else {}
    return _ALWAYS | {
        "Content-Security-Policy": _policy(style_src=_source(style), img_src="'self'", **framed, form_action="'self'"),
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
