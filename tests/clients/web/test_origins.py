"""Origins: a browser's form from elsewhere is told from our own, and from what is no browser."""

import azure.functions as func
import pytest

from clients.web.origins import crosses_sites

OWN = ("https://greenlight.example.org", "http://localhost:7071/api/decide?token=x")


def crosses(headers: dict[str, str]) -> bool:
    """Say whether a request with these headers comes from elsewhere."""
    return crosses_sites(func.HttpRequest("POST", OWN[1], headers=headers, body=b""), OWN)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "something new"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://greenlight.example.org.evil.example"},
        {"Origin": "http://greenlight.example.org"},
        {"Origin": "http://localhost:7072"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://greenlight.example.org", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_request_from_another_site_is_detected(headers: dict[str, str]):
    """By scheme, host and port; if two headers differ, the worse one counts."""
    assert crosses(headers) is True


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://greenlight.example.org"},
        {"Origin": "HTTP://LOCALHOST:7071"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_own_pages_and_programs_are_allowed(headers: dict[str, str]):
    """Programs send neither header; a page with no-referrer hides its origin."""
    assert crosses(headers) is False
