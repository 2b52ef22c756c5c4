"""Responses that may be kept: what a tag is made of, when 304 is answered, and what is never kept."""

import azure.functions as func
import pytest

from clients.web.freshness import has_tag, keep, tag_of
from clients.web.responses import send

TAG = tag_of("a page")


def asked(known: str | None = None) -> func.HttpRequest:
    """Return a request that names what its sender has."""
    headers = {} if known is None else {"if-none-match": known}
    return func.HttpRequest("GET", "http://localhost/api/ui/inbox", headers=headers, body=b"")


def page(content: str = "a page", status: int = 200) -> func.HttpResponse:
    """Return a page that was made for this request."""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}
    return send(content, status=status, headers=headers, mimetype="text/html")


def test_a_page_comes_with_its_tag_and_may_be_kept_by_this_browser_alone() -> None:
    """And has to be asked about each time, by whoever it is for."""
    answer = keep(asked(), page())
    assert (answer.status_code, answer.get_body()) == (200, b"a page")
    assert answer.headers["ETag"] == TAG
    assert answer.headers["Cache-Control"] == "private, no-cache"
    varies = {each.strip() for each in answer.headers["Vary"].split(",")}
    assert varies >= {"Cookie", "Authorization", "X-MS-CLIENT-PRINCIPAL", "X-Greenlight-User", "x-functions-key"}


@pytest.mark.parametrize("known", [TAG, TAG.removeprefix("W/"), f'"x", {TAG} , "y"', "*", '"state"', 'W/"state"'])
def test_who_has_it_gets_no_body_and_the_same_headers(known: str) -> None:
    """A browser takes over the headers of a 304."""
    answer = keep(asked(known), page(), state="state")
    assert (answer.status_code, answer.get_body()) == (304, b"")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert (answer.headers["ETag"], answer.mimetype) == (TAG, "text/html")


@pytest.mark.parametrize("known", ["", '"x"', TAG[:-2] + '"', TAG.replace('"', ""), '"state"', '""'])
def test_who_has_another_one_gets_it(known: str) -> None:
    """An empty state is nobody's."""
    assert keep(asked(known), page(), state="").status_code == 200


@pytest.mark.parametrize("status", [303, 400, 403, 404, 409, 503])
def test_what_is_no_good_answer_is_never_kept(status: int) -> None:
    """Not even for somebody who has everything."""
    answer = keep(asked("*"), page(status=status))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
    assert "ETag" not in answer.headers


def test_tags_of_other_parts_are_others() -> None:
    """Also where the parts, put together, are the same."""
    assert len({tag_of("ab", "c"), tag_of("a", "bc"), tag_of("abc"), tag_of("", "abc")}) == 4
    assert tag_of("a", b"b") == tag_of(b"a", "b")
    assert not has_tag(asked(), TAG)
