"""The way out by HTTP, against a server that really answers, or does not."""

import pytest

from examples.neighbour import running_neighbour
from gateways import outbound


@pytest.fixture
def neighbour(monkeypatch):
    """A server on the list of hosts."""
    with running_neighbour() as running:
        monkeypatch.setenv("ALLOWED_HOSTS", running.url.removeprefix("http://"))
        yield running


def test_a_call_is_answered(neighbour):
    """JSON goes out, with the key that tells a repeated call."""
    response = outbound.send("POST", f"{neighbour.url}/hook", timeout=5, body={"a": 1}, key="i-1")
    assert (response.status, response.text) == (200, '{"received": {"a": 1}}')
    assert neighbour.requests[0].headers["idempotency-key"] == "i-1"


def test_a_redirect_is_an_answer_and_not_followed(neighbour):
    """It may lead anywhere."""
    assert outbound.send("GET", f"{neighbour.url}/moved", timeout=5).status == 302


def test_a_large_answer_is_cut(neighbour):
    """At 256 KiB."""
    assert len(outbound.send("GET", f"{neighbour.url}/large", timeout=5).text) == outbound.LARGEST_ANSWER


def test_the_machine_s_proxies_are_not_asked(neighbour, monkeypatch):
    """They are not for others."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert outbound.send("GET", f"{neighbour.url}/hook", timeout=5).status == 200


@pytest.mark.parametrize(("path", "timeout"), [("/broken", 5), ("/slow-quote", 0.2)])
def test_no_answer_is_told_apart_from_a_bad_one(neighbour, path, timeout):
    """Closed, or too late."""
    with pytest.raises(outbound.NoAnswer, match="nobody answered"):
        outbound.send("GET", neighbour.url + path, timeout=timeout)


def test_a_host_that_is_not_on_the_list_is_not_called(neighbour, monkeypatch):
    """Also where there is no list."""
    monkeypatch.delenv("ALLOWED_HOSTS")
    with pytest.raises(outbound.Refused, match="ALLOWED_HOSTS"):
        outbound.send("GET", f"{neighbour.url}/hook", timeout=5)
    assert neighbour.requests == []
