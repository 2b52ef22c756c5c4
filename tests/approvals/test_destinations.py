"""Which addresses may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from approvals.destinations import LONGEST_URL, Url, inside, refusal, target

ALLOWED = "Api.Example.com, hooks.example.com:8443, localhost:7099, [::1]:7099, :x, broken]"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/x", "https://API.example.COM:444/", "https://api.example.com./",
        "https://hooks.example.com:8443/", "http://localhost:7099/hook", "http://[::1]:7099/",
    ],
)  # fmt: skip
def test_a_listed_host_is_called(url):
    """Case and a final dot do not matter; a host without a port allows each port."""
    assert refusal(url, ALLOWED) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://example.com/", "ALLOWED_HOSTS"),
        ("https://api.example.com.evil.org/", "ALLOWED_HOSTS"),
        ("https://xapi.example.com/", "ALLOWED_HOSTS"),
        ("https://hooks.example.com/", "ALLOWED_HOSTS"),
        ("http://localhost:7071/", "ALLOWED_HOSTS"),
        ("http://169.254.169.254/metadata", "ALLOWED_HOSTS"),
        ("http://api.example.com/", "https"),
        ("https://api.example.com@evil.org/", "user name"),
        ("https://user:pass@api.example.com/", "user name"),
        ("https://api.example.com\\@evil.org/", "backslash"),
        ("https://api.example.com/a b", "white space"),
        ("ftp://api.example.com/", "begins with"),
        ("https:///path", "begins with"),
        ("https://api.example.com:x/", "begins with"),
        ("https://api.example.com:0/", "begins with"),
        ("//api.example.com/", "begins with"),
    ],
)
def test_all_other_urls_are_refused_with_a_reason(url, why):
    """Including URLs that readers parse in different ways."""
    assert why in refusal(url, ALLOWED)


@given(st.text(), st.sampled_from(["", " ", ",", "*", "*.example.com"]))
def test_without_a_list_nothing_is_called(url, allowed):
    """Wildcards do not exist."""
    assert refusal(url, allowed)
    assert refusal("https://api.example.com/", allowed)


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/jobs/2", "https://api.example.com/jobs/2"),
        ("2", "https://api.example.com/jobs/2"),
        ("//evil.org/", "https://evil.org/"),
        ("http://169.254.169.254/", "http://169.254.169.254/"),
        ("ftp://api.example.com/", None),
        ("http://[::1", None),
        ("http://a:99999/", None),
        ("/a b", None),
        ("/" + "x" * LONGEST_URL, None),
    ],
)
def test_a_location_header_gives_a_url_or_nothing(location, leads_to):
    """The list decides whether that URL may be called."""
    assert target("https://api.example.com/jobs/1", location) == leads_to


@pytest.mark.parametrize("url", ["", "x", "javascript:alert(1)", "https://ä.example/", "https://a\n", "http://[::1"])
def test_a_field_accepts_only_urls(url):
    """The list is checked later."""
    with pytest.raises(ValidationError):
        TypeAdapter(Url).validate_python(url)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::",
     "168.63.129.16", "224.0.0.1"],
)  # fmt: skip
def test_addresses_of_the_machine_and_the_platform_are_inside(address):
    """Even if a listed host name resolves to them."""
    assert inside("supplier.example", address) == address


@pytest.mark.parametrize(
    ("host", "address"),
    [("supplier.example", "203.0.113.7"), ("erp.town.internal", "10.0.0.4"), ("supplier.example", "2001:db8::1"),
     ("localhost", "127.0.0.1"), ("LOCALHOST.", "::1"), ("127.0.0.1", "127.0.0.1")],
)  # fmt: skip
def test_other_addresses_are_not_inside_nor_is_localhost_by_its_own_name(host, address):
    """A private network may be intended: the host's certificate proves which one it is."""
    assert inside(host, address) is None


@pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "0.0.0.0"])
def test_localhost_allows_only_its_own_addresses(address):
    """Not those of the platform."""
    assert inside("localhost", address) == address
