"""What comes with a link: forms and JSON, each readable in one way only."""

import azure.functions as func
import pytest

from approvals.validation import Invalid
from clients.web.link_requests import LARGEST_BODY, NotReadable, read_fields, wants_json

FORM = "application/x-www-form-urlencoded"


def request(body: bytes = b"", method: str = "POST", **headers: str) -> func.HttpRequest:
    """Return a request; header names have underscores here."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpRequest(method, "http://localhost/api/decide", headers=named, body=body)


def test_a_form_is_read():
    """With one kind of line break, and characters beyond ASCII."""
    body = b"decision=approve&comment=Good%2C+%C3%A9lan%0D%0AGo+on.&proposalId="
    assert read_fields(request(body, Content_Type=f"{FORM}; charset=UTF-8")) == {
        "decision": "approve", "comment": "Good, élan\nGo on.", "proposalId": "",
    }  # fmt: skip


def test_json_is_read():
    """Unchanged."""
    body = b'{"decision": "approve", "comment": 7}'
    assert read_fields(request(body, content_type="Application/JSON;charset=utf-8")) == {
        "decision": "approve", "comment": 7,
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"decision=%ff", b"decision=approve&decision=reject", b"\xff", b"a=1&" * 20])
def test_an_ambiguous_form_is_refused(body: bytes):
    """So is an unreadable one."""
    with pytest.raises(Invalid):
        read_fields(request(body, Content_Type=FORM))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"decision": "approve", "decision": "reject"}'])
def test_a_body_that_is_no_json_object_is_refused(body: bytes):
    """So is one with a duplicate key."""
    with pytest.raises(Invalid):
        read_fields(request(body, Content_Type="application/json"))


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/jsonp"])
def test_other_content_types_are_not_read(kind: str):
    """A page of another site may send text without a preflight."""
    refused = read_fields(request(b"decision=approve", Content_Type=kind))
    assert isinstance(refused, NotReadable)
    assert refused.status == 415


def test_a_body_that_is_too_large_is_not_read():
    """One byte less is."""
    assert len(read_fields(request(b"a=" + b"x" * (LARGEST_BODY - 2), Content_Type=FORM))["a"]) == LARGEST_BODY - 2
    refused = read_fields(request(b"a=" + b"x" * (LARGEST_BODY - 1), Content_Type=FORM))
    assert isinstance(refused, NotReadable)
    assert refused.status == 413


def test_the_longest_comment_fits_into_a_form():
    """8,000 characters of the widest kind."""
    body = b"comment=" + b"%F0%9F%8C%B3" * 8_000
    assert len(read_fields(request(body, Content_Type=FORM))["comment"]) == 8_000


@pytest.mark.parametrize(
    ("method", "headers", "json"),
    [
        ("GET", {}, False),
        ("GET", {"Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"}, False),
        ("GET", {"Accept": "application/json"}, True),
        ("GET", {"Accept": "application/problem+json"}, True),
        ("GET", {"Accept": "*/*"}, False),
        ("POST", {"Content_Type": FORM}, False),
        ("POST", {"Content_Type": "application/json"}, True),
        ("POST", {"Content_Type": "application/json", "Accept": "text/html"}, False),
        ("POST", {"Content_Type": FORM, "Accept": "application/json"}, True),
    ],
)
def test_programs_get_json_and_people_get_pages(method: str, headers: dict[str, str], json: bool):
    """Browsers accept HTML by name; a mail program that follows the link names nothing and gets the page."""
    assert wants_json(request(method=method, **headers)) is json
