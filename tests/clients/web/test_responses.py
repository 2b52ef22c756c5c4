"""How HTTP functions answer: JSON, and problem details that say what to do."""

import json

import pytest

from clients.web.replies import Problem
from clients.web.responses import answer, problem


def test_a_json_answer_is_neither_cached_nor_shown_as_a_page():
    """It holds names and comments."""
    response = answer({"title": "Brücke"}, status=202, headers={"Location": "/there"})
    assert (response.status_code, response.mimetype) == (202, "application/json")
    assert json.loads(response.get_body()) == {"title": "Brücke"}
    assert response.headers["Location"] == "/there"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_bytes_are_sent_unchanged():
    """A record is verified by its bytes."""
    response = answer(b'{"a":1}\n', mimetype="application/x-ndjson")
    assert (response.get_body(), response.mimetype) == (b'{"a":1}\n', "application/x-ndjson")


@pytest.mark.parametrize(
    ("status", "title"), [(400, "Bad Request"), (409, "Conflict"), (410, "Gone"), (429, "Too Many Requests")]
)
def test_a_problem_has_the_members_of_rfc_9457_and_the_next_step(status, title):
    """`about:blank` means that the title is the HTTP phrase."""
    response = problem(status, "It went wrong.", "Do this.", headers={"Retry-After": "3"})
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert json.loads(response.get_body()) == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "It went wrong.",
        "whatToDo": "Do this.",
    }
    assert response.headers["Retry-After"] == "3"


def test_a_problem_has_a_code_and_every_fault():
    """A word for programs, sentences for people."""
    body = problem(400, "a; b", "Mend it.", ("a", "b"), code="invalid").get_body()
    found = Problem.model_validate_json(body)
    assert (found.code, found.errors) == ("invalid", ("a", "b"))
