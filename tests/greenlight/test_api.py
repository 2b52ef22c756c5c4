"""The API's client, against a server that answers as it is told."""

import json
import socket
import threading

import pytest

from greenlight.access import Access
from greenlight.api import Api
from greenlight.errors import AnswerLost, GreenlightError, NotFound, RequestRefused, Unreachable

SHOWN = {"status": "approved", "entries": 9}


@pytest.fixture
def api(server):
    """A client for the server, for Łukasz."""
    with Api(Access(url=server.url, user="Łukasz 50%", key="k")) as api:
        yield api


def test_a_name_is_sent_in_the_header_as_ascii(api, server):
    """The app decodes the percent signs."""
    server.will(200, SHOWN)
    api.proposal("p-1")
    headers = server.asked[0]["headers"]
    assert headers["X-Greenlight-User"] == "%C5%81ukasz 50%25"
    assert headers["x-functions-key"] == "k"


def test_an_id_cannot_lead_to_another_path(api, server):
    """It is one segment of the path, with any characters."""
    server.will(200, SHOWN)
    api.proposal("../counters/submitted?x=1")
    assert server.asked[0]["path"] == "/api/proposals/..%2Fcounters%2Fsubmitted%3Fx%3D1"


def test_a_repeated_decision_has_the_same_id(api, server):
    """The first answer may have been lost after the decision."""
    server.will(503, "busy").will(200, {"entry": 4})
    assert api.act("p-1", "decisions", {"approver": "Mara", "decision": "approve"}) == {"entry": 4}
    first, second = (json.loads(each["body"])["decisionId"] for each in server.asked)
    assert first == second


def test_a_repeated_submission_has_the_same_id(api, server):
    """Otherwise a lost answer would make two proposals."""
    server.will(502, "bad gateway").will(202, {"proposalId": "p-1"})
    api.submit({"title": "A bridge"})
    assert len({each["path"] for each in server.asked}) == 1
    assert "?id=" in server.asked[0]["path"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, GreenlightError), (403, RequestRefused), (404, NotFound), (409, RequestRefused), (429, RequestRefused)],
)
def test_a_problem_becomes_an_error_with_its_text(api, server, status, kind):
    """The text is written for people."""
    server.refuses(status, "Nobody can.", "Wait.")
    with pytest.raises(kind) as error:
        api.proposal("p-1")
    assert (error.value.happened, error.value.what_to_do) == ("Nobody can.", "Wait.")
    assert type(error.value) is kind


def test_several_faults_have_a_line_each(api, server):
    """Without repeating their number."""
    server.refuses(400, "title: missing; cost: negative", errors=["title: missing", "cost: negative"])
    with pytest.raises(GreenlightError) as error:
        api.submit({})
    assert error.value.details == ("title: missing", "cost: negative")
    assert "missing" not in error.value.happened


def test_advice_for_programs_is_translated_for_the_command_line(api, server):
    """`GET the proposal` does not help a person who types."""
    server.refuses(409, "It was approved.", "GET the proposal's audit.", code="over")
    with pytest.raises(RequestRefused) as error:
        api.act("p-1", "decisions", {})
    assert "greenlight show" in error.value.what_to_do


def test_a_throttled_caller_learns_how_long_to_wait(api, server):
    """In words, from Retry-After."""
    server.will(429, {"detail": "They were reminded.", "code": "tooSoon"}, Retry_After="1800")
    with pytest.raises(RequestRefused) as error:
        api.act("p-1", "remind", {"by": "Mara"})
    assert error.value.what_to_do == "Try again in 30 minutes."
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [302, 401, 403])
def test_a_401_of_the_platform_asks_for_the_key(api, server, status):
    """The host answers before the app; a redirect to a sign-in page is not followed."""
    server.will(status, "", Location="https://login.example/")
    with pytest.raises(GreenlightError) as error:
        api.proposal("p-1")
    assert "GREENLIGHT_KEY" in error.value.what_to_do
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "body"), [(404, "no such page"), (200, "<html>"), (200, [1]), (200, {"ok": True})])
def test_another_server_is_not_taken_for_greenlight(api, server, status, body):
    """Something else may listen on the port."""
    server.will(status, body)
    with pytest.raises(GreenlightError, match="is not Greenlight"):
        api.proposal("p-1")


def test_a_failure_without_a_text_is_reported_with_its_status(api, server):
    """After three attempts if it may be temporary."""
    server.will(503, "")
    with pytest.raises(GreenlightError, match="503"):
        api.proposal("p-1")
    assert len(server.asked) == 3


def test_an_unreachable_host_is_reported_with_how_to_start_it():
    """The most frequent mistake."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Api(Access(url=f"http://127.0.0.1:{port}")) as api, pytest.raises(Unreachable) as error:
        api.proposal("p-1")
    assert "make run" in error.value.what_to_do
    assert not isinstance(error.value, AnswerLost)


def test_a_lost_answer_is_not_reported_as_an_unreachable_host():
    """The request may have been processed."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        def hang_up():
            for _ in range(3):
                taken, _address = silent.accept()
                taken.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with Api(Access(url=url)) as api, pytest.raises(AnswerLost):
            api.act("p-1", "comments", {})
        thread.join()


def test_a_number_that_json_lacks_is_not_sent(api, server):
    """Python would write NaN."""
    with pytest.raises(GreenlightError, match="numbers"):
        api.submit({"cost": float("nan")})
    assert server.asked == []


def test_a_configured_proxy_is_not_used_for_this_machine(server, monkeypatch):
    """Many offices set one for everything."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.will(200, SHOWN)
    with Api(Access(url=server.url)) as api:
        assert api.proposal("p-1") == SHOWN


def test_a_short_id_is_searched_on_every_page(api, server):
    """The list has pages."""
    server.will(200, {"proposals": [{"proposalId": "aaaa1"}], "continuationToken": "t"})
    server.will(200, {"proposals": [{"proposalId": "bbbb2"}], "continuationToken": None})
    assert api.full_id("bbbb") == "bbbb2"


@pytest.mark.parametrize(("given", "words"), [("aaaa", "2 ids"), ("cccc", "no proposal"), ("aaa", "too short")])
def test_an_ambiguous_short_id_is_refused(api, server, given, words):
    """Nobody must approve the wrong proposal."""
    server.will(200, {"proposals": [{"proposalId": "aaaa1"}, {"proposalId": "aaaa2"}], "continuationToken": None})
    with pytest.raises(GreenlightError, match=words):
        api.full_id(given)
