"""`extensions.http` of host.json: what is added to each answer, and how many requests may be under way.

Names and defaults are those of the host's `HttpOptions`, `CustomHttpHeadersOptions` and `HostHstsOptions`
(azure-functions-host 4.1037) and of ASP.NET's `HstsOptions`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from durable_devhost.app_counters import COUNTERS, DEFAULT_THRESHOLD, exceeded_counters
from durable_devhost.errors import SettingsError
from durable_devhost.sections import Section

UNLIMITED = -1
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_HERE = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hsts:
    """`hsts`: the header `Strict-Transport-Security` for requests by HTTPS to a host that is not among `excluded`."""

    value: str
    excluded: frozenset[str]

    @classmethod
    def read(cls, section: Section) -> Self | None:
        """Read the section; None where it is not enabled."""
        max_age = section.duration("maxAge", timedelta(days=30))
        below = "; includeSubDomains" if section.boolean("includeSubDomains", False) else ""
        preload = "; preload" if section.boolean("preload", False) else ""
        excluded = frozenset(host.lower() for host in (*_HERE, *section.texts("excludedHosts")))
        if not section.boolean("isEnabled", False):
            return None
        return cls(value=f"max-age={int(max_age.total_seconds())}{below}{preload}", excluded=excluded)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What host.json says of HTTP, but for the route prefix. UNLIMITED is the default of both numbers."""

    custom_headers: tuple[tuple[str, str], ...] = ()
    hsts: Hsts | None = None
    max_outstanding_requests: int = UNLIMITED
    max_concurrent_requests: int = UNLIMITED
    exceeded_counters: tuple[str, ...] = ()
    """The counters for which `dynamicThrottlesEnabled` lets no request in."""

    @classmethod
    def read(cls, section: Section, health: Section, app_settings: Mapping[str, str]) -> Self:
        """Read the section, with `healthMonitor` for the threshold and the app settings for the counters.

        Raises SettingsError for what the real host cannot use.
        """
        is_dynamic = section.boolean("dynamicThrottlesEnabled", False)
        threshold = health.number("counterThreshold", DEFAULT_THRESHOLD)
        exceeded = exceeded_counters(app_settings.get(COUNTERS), threshold)
        return cls(
            custom_headers=_headers(section.section("customHeaders")),
            hsts=Hsts.read(section.section("hsts")),
            max_outstanding_requests=_limit(section, "maxOutstandingRequests"),
            max_concurrent_requests=_limit(section, "maxConcurrentRequests"),
            exceeded_counters=exceeded if is_dynamic else (),
        )


def _headers(section: Section) -> tuple[tuple[str, str], ...]:
    headers = section.items()
    for name, value in headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise SettingsError(
                f"extensions.http.customHeaders in host.json has {name!r}: {value!r}, which no answer can carry: each "
                "would be a 500 on Azure. Write a header's name, and a value of visible ASCII characters."
            )
    return tuple(headers)


def _limit(section: Section, name: str) -> int:
    number = section.integer(name, UNLIMITED, at_least=UNLIMITED)
    if number == 0:
        raise SettingsError(
            f"extensions.http.{name} in host.json is 0, which lets no request in. Write -1 for no limit, or at least 1."
        )
    return number
