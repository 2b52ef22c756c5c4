"""The cookies of a response as the real worker passes them to its host: parsed by `SimpleCookie`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any

_SAME_SITE = ("lax", "strict", "none")
_FORM = "%a, %d %b %Y %H:%M:%S GMT"
"""The one form that the worker for Python 3.13 reads; the one before it reads many."""


def parse_cookies(headers: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The cookies of these `Set-Cookie` headers, and the names of those that are lost.

    A value with a blank, a brace in quotes or a character beyond ASCII makes `SimpleCookie` drop the whole header
    silently. Raises ValueError for an invalid time and TypeError for an invalid age, which fails the call.
    """
    cookies: list[dict[str, Any]] = []
    lost: list[str] = []
    for header in headers:
        morsels = SimpleCookie(header)
        cookies += [_parts(name, morsel) for name, morsel in morsels.items()]
        if not morsels:
            lost.append(header.partition("=")[0].strip())
    return cookies, lost


def _parts(name: str, morsel: Morsel[str]) -> dict[str, Any]:
    same_site = str(morsel["samesite"]).lower()
    age = morsel["max-age"]
    return {
        "name": name,
        "value": morsel.value,
        "domain": morsel["domain"],
        "path": morsel["path"],
        "expires": _seconds(str(morsel["expires"])) if morsel["expires"] else None,
        "max_age": _age(str(age)) if age != "" else None,
        "secure": bool(morsel["secure"]),
        "http_only": bool(morsel["httponly"]),
        "same_site": same_site if same_site in _SAME_SITE else "",
    }


def _age(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise TypeError(f"Cannot parse value {text} of 'cookie.maxAge' to float.") from None


def _seconds(text: str) -> int:
    """Since 1970; a time without a zone is UTC."""
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            logging.error("Can not parse value %s of expires in the cookie due to invalid format.", text)
            raise ValueError(f"time data {text!r} does not match format '{_FORM}'") from None
    return int((when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp())
