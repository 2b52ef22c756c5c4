"""Headers: a page may show itself and send its form home, and an answer for programs may do nothing."""

import base64
import hashlib

import pytest

from clients.web.headers import json_headers, page_headers, private_cache_headers, script_headers

STYLE = "body { color: #000 }"


def policy_of(headers: dict[str, str]) -> dict[str, str]:
    """Return the content security policy by directive."""
    parts = (part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    return {name: value for name, value in parts}  # noqa: C416  names the two halves


def test_a_page_may_only_show_itself_and_post_its_own_form():
    """No script, no picture from elsewhere, no frame, and one style element by its hash."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert policy_of(page_headers(STYLE)) == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_a_page_may_run_script_files_of_ours_and_ask_only_this_app():
    """No text inside of it, nothing from elsewhere, and nothing is sent elsewhere; a page without scripts runs none."""
    allowed = policy_of(page_headers(STYLE, scripts=True))
    assert (allowed["script-src"], allowed["connect-src"], allowed["default-src"]) == ("'self'", "'self'", "'none'")
    assert not {"script-src", "connect-src"} & policy_of(page_headers(STYLE)).keys()


def test_what_is_kept_is_kept_by_one_browser_and_a_script_by_all():
    """A script is the same for everybody, and has another address when it has changed."""
    assert private_cache_headers()["Cache-Control"] == "private, no-cache"
    assert script_headers()["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script_headers()["X-Content-Type-Options"] == "nosniff"
    private_cache_headers()["Cache-Control"] = "public"
    assert private_cache_headers()["Cache-Control"] == "private, no-cache"


def test_the_policy_of_json_answers_allows_nothing():
    """Somebody may open one in a browser."""
    assert policy_of(json_headers()) == {
        "default-src": "'none'", "form-action": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'",
    }  # fmt: skip


@pytest.mark.parametrize("headers", [json_headers(), page_headers(STYLE)])
def test_no_answer_is_cached_and_none_sends_a_referrer(headers: dict[str, str]):
    """The address of a decision page is a person's credential."""
    expected = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    assert expected.items() <= headers.items()


def test_changing_the_headers_of_one_answer_changes_no_other():
    """Each gets its own dict."""
    json_headers()["Cache-Control"] = "public"
    assert json_headers()["Cache-Control"] == "no-store"
