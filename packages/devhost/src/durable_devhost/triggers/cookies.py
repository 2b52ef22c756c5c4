"""A cookie as .NET writes it. Pure.

The real worker takes a function's `Set-Cookie` headers apart with Python's `SimpleCookie`, and ASP.NET writes them
anew from the parts (`SetCookieHeaderValue.cs`): values are percent-encoded, `domain=` and `path=` are always there.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

_LONGEST_SPAN_S = 922_337_203_685.477
"""What a TimeSpan holds."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def set_cookie(cookie: Mapping[str, Any]) -> str | None:
    """The header for a cookie of the worker's; None for one that .NET refuses, which fails the call.

    `expires` is in seconds since 1970 or None, `max_age` in seconds or None.
    """
    age = cookie["max_age"]
    if _TOKEN.fullmatch(cookie["name"]) is None or (age is not None and not -1 < age <= _LONGEST_SPAN_S):
        return None
    parts = [f"{cookie['name']}={quote(cookie['value'], safe='-_.~')}"]
    if cookie["expires"] is not None:
        parts.append(f"expires={format_datetime(datetime.fromtimestamp(cookie['expires'], UTC), usegmt=True)}")
    if age is not None:
        parts.append(f"max-age={int(age)}")
    parts += [f"domain={cookie['domain']}", f"path={cookie['path']}"]
    if cookie["secure"]:
        parts.append("secure")
    if cookie["same_site"]:
        parts.append(f"samesite={cookie['same_site']}")
    if cookie["http_only"]:
        parts.append("httponly")
    return "; ".join(parts)
