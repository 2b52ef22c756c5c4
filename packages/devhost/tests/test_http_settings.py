"""What host.json says of HTTP: defaults, what it may say, and what would be a 500 for each answer on Azure."""

from typing import Any

import pytest

from durable_devhost.errors import SettingsError
from durable_devhost.http_settings import HttpSettings
from durable_devhost.sections import Section


def read(**values: Any) -> HttpSettings:
    """The section as settings."""
    return HttpSettings.read(Section(values, {}, "extensions.http."), Section({}, {}), {})


def test_by_default_no_header_is_added_and_nothing_is_limited() -> None:
    """As outside of Windows Consumption."""
    assert read() == HttpSettings(custom_headers=(), hsts=None, max_outstanding_requests=-1, max_concurrent_requests=-1)


def test_custom_headers_keep_their_spelling_and_order() -> None:
    """Values that are not text are printed as .NET prints them; nested values are no headers."""
    headers = read(
        customHeaders={"X-Frame-Options": "DENY", "x-one": 1, "X-True": True, "X-No": {"a": 1}, "X-Null": None}
    )
    assert headers.custom_headers == (("X-Frame-Options", "DENY"), ("x-one", "1"), ("X-True", "True"))


@pytest.mark.parametrize("header", [{"X Blank": "1"}, {"X-Line": "a\nb"}, {"X-Name": "é"}, {"": "1"}])
def test_an_invalid_header_is_refused(header: dict[str, str]) -> None:
    """The sentence names it."""
    with pytest.raises(SettingsError, match=r"extensions\.http\.customHeaders in host\.json has '"):
        read(customHeaders=header)


def test_strict_transport_security_is_off_until_it_is_enabled() -> None:
    """Its other keys alone have no effect."""
    assert read(hsts={"maxAge": "10.00:00:00"}).hsts is None


def test_strict_transport_security_is_written_as_by_asp_net() -> None:
    """Thirty days by default; this machine's names are always excluded."""
    plain = read(hsts={"isEnabled": True}).hsts
    assert plain is not None
    assert (plain.value, plain.excluded) == ("max-age=2592000", {"localhost", "127.0.0.1", "[::1]"})
    full = read(
        hsts={
            "isEnabled": True, "maxAge": "10", "includeSubDomains": True, "preload": "true",
            "excludedHosts": ["A.example"],
        }
    ).hsts  # fmt: skip
    assert full is not None
    assert (full.value, "a.example" in full.excluded) == ("max-age=864000; includeSubDomains; preload", True)


@pytest.mark.parametrize("name", ["maxOutstandingRequests", "maxConcurrentRequests"])
@pytest.mark.parametrize("value", [0, -2, "many", 1.5, [1]])
def test_an_invalid_limit_is_refused(name: str, value: Any) -> None:
    """The sentence has the key and its file."""
    with pytest.raises(SettingsError, match=rf"extensions\.http\.{name} in host\.json"):
        read(**{name: value})


def test_limits_are_numbers_and_minus_one_means_none() -> None:
    """Numbers may be written as text."""
    limited = read(maxOutstandingRequests="20", maxConcurrentRequests=-1)
    assert (limited.max_outstanding_requests, limited.max_concurrent_requests) == (20, -1)


def test_a_throttle_setting_that_is_not_a_boolean_is_refused() -> None:
    """As the other keys are."""
    with pytest.raises(SettingsError, match="dynamicThrottlesEnabled"):
        read(dynamicThrottlesEnabled="maybe")


@pytest.mark.parametrize(("is_on", "expected"), [(True, ("Threads",)), (False, ()), ("", ())])
def test_counters_count_where_the_throttle_is_on(is_on: object, expected: tuple[str, ...]) -> None:
    """Off by itself, as everywhere but in Windows Consumption; the threshold is that of `healthMonitor`."""
    counters = {"WEBSITE_COUNTERS_APP": '{"threads": 60, "threadLimit": 100}'}
    http = Section({"dynamicThrottlesEnabled": is_on}, {}, "extensions.http.")
    for threshold, exceeded in (("0.5", expected), (0.6, ()), (None, ())):
        health = Section({"counterThreshold": threshold}, {}, "healthMonitor.")
        assert HttpSettings.read(http, health, counters).exceeded_counters == exceeded


def test_a_threshold_that_is_no_number_is_refused() -> None:
    """With its key."""
    with pytest.raises(SettingsError, match=r"healthMonitor\.counterThreshold in host\.json must be a number"):
        HttpSettings.read(Section({}, {}), Section({"counterThreshold": "high"}, {}, "healthMonitor."), {})
