"""Tests of cookies on their way from a function's header to the one on the wire."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.triggers.cookies import set_cookie
from durable_devhost.worker.cookies import parse_cookies


def sent(header: str) -> list[str | None]:
    """What a client gets for one header of a function's."""
    cookies, _ = parse_cookies([header])
    return [set_cookie(cookie) for cookie in cookies]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("sid=abc", ["sid=abc; domain=; path="]),
        (
            "sid=abc; Path=/x; HttpOnly; Secure; SameSite=Lax; Max-Age=60",
            ["sid=abc; max-age=60; domain=; path=/x; secure; samesite=lax; httponly"],
        ),
        (
            "sid=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
            ["sid=abc; expires=Wed, 21 Oct 2026 07:28:00 GMT; domain=; path="],
        ),
        ("sid=abc; Domain=x.y; SameSite=none", ["sid=abc; domain=x.y; path=; samesite=none"]),
        ('q="a;b"', ["q=a%3Bb; domain=; path="]),
        ("p=a%20b", ["p=a%2520b; domain=; path="]),
        ("e=", ["e=; domain=; path="]),
        ("a=1; b=2", ["a=1; domain=; path=", "b=2; domain=; path="]),
        ("a=1; Max-Age=-1", [None]),
        ("a=1; Max-Age=-0.5", ["a=1; max-age=0; domain=; path="]),
        ("a=1; Max-Age=922337203685", ["a=1; max-age=922337203685; domain=; path="]),
        ("a=1; Max-Age=922337203686", [None]),
        ("a=1; Max-Age=inf", [None]),
        ("a=1; Max-Age=nan", [None]),
        ("a=1; Max-Age=1.9", ["a=1; max-age=1; domain=; path="]),
    ],
)
def test_a_cookie_is_written_as_by_dotnet(header: str, expected: list[str | None]) -> None:
    """Recorded; an age below zero, or beyond a TimeSpan, fails the call."""
    assert sent(header) == expected


@pytest.mark.parametrize("header", ["a=b c", 'a={"x": 1}', "a=ünï"])
def test_a_cookie_value_that_the_sdk_cannot_read_is_dropped_and_named(header: str) -> None:
    """Recorded: such a cookie is not sent."""
    assert parse_cookies([header, "b=1"])[1] == ["a"]


@pytest.mark.parametrize("header", ["a=1; Expires=tomorrow", "a=1; Max-Age=soon"])
def test_an_invalid_cookie_time_fails_the_call(header: str) -> None:
    """As the worker's conversion does."""
    with pytest.raises((ValueError, TypeError), match=r"tomorrow|soon"):
        parse_cookies([header])


@given(value=st.text())
def test_any_cookie_value_can_be_sent(value: str) -> None:
    """Percent-encoded, so that it is one line of ASCII."""
    cookie: dict[str, Any] = {
        "name": "a", "value": value, "domain": "", "path": "", "expires": None, "max_age": None, "secure": False,
        "http_only": False, "same_site": "",
    }  # fmt: skip
    text = set_cookie(cookie)
    assert text is not None
    assert text.isascii()
    assert text.isprintable()


def test_an_invalid_cookie_name_is_refused() -> None:
    """Python's parser accepts a colon, HTTP does not."""
    assert sent("a:b=1") == [None]
