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
def test_a_host_on_the_list_is_called(url):
    """Case does not count, nor a final dot; a bare host stands for each port."""
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
def test_all_others_are_refused_with_a_reason(url, why):
    """Whatever tricks a URL may play on its readers."""
    assert why in refusal(url, ALLOWED)


@given(st.text(), st.sampled_from(["", " ", ",", "*", "*.example.com"]))
def test_without_a_list_nothing_is_called(url, allowed):
    """And there are no wildcards."""
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
def test_a_location_leads_to_an_address_or_nowhere(location, leads_to):
    """Whether that address may be called is decided as for any other."""
    assert target("https://api.example.com/jobs/1", location) == leads_to


@pytest.mark.parametrize("url", ["", "x", "javascript:alert(1)", "https://ä.example/", "https://a\n", "http://[::1"])
def test_a_field_takes_addresses_only(url):
    """Whether it may be called is decided later."""
    with pytest.raises(ValidationError):
        TypeAdapter(Url).validate_python(url)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::",
     "168.63.129.16", "224.0.0.1"],
)  # fmt: skip
def test_a_name_that_leads_to_the_machine_or_its_platform_leads_inside(address):
    """Whatever is on the list of hosts, it was not meant."""
    assert inside("supplier.example", address) == address


@pytest.mark.parametrize(
    ("host", "address"),
    [("supplier.example", "203.0.113.7"), ("erp.town.internal", "10.0.0.4"), ("supplier.example", "2001:db8::1"),
     ("localhost", "127.0.0.1"), ("LOCALHOST.", "::1"), ("127.0.0.1", "127.0.0.1")],
)  # fmt: skip
def test_other_hosts_do_not_nor_does_this_machine_under_its_own_name(host, address):
    """A private network may be meant: the host's certificate shows that it is the one."""
    assert inside(host, address) is None


@pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "0.0.0.0"])
def test_this_machines_name_opens_its_own_addresses_alone(address):
    """Not those of the platform."""
    assert inside("localhost", address) == address
