"""The way out by HTTP, against a server that really answers, or does not."""

import socket
import threading
import time
from contextlib import suppress

import pytest

from examples.neighbour import running_neighbour
from gateways import outbound


@pytest.fixture
def neighbour(monkeypatch):
    """A server on the list of hosts."""
    with running_neighbour() as running:
        monkeypatch.setenv("ALLOWED_HOSTS", running.url.removeprefix("http://"))
        yield running


@pytest.fixture
def trickle(monkeypatch):
    """Return a function that starts a server: it answers with this beginning, and then with a letter now and then."""
    monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1")
    over = threading.Event()

    def serve(server, beginning):
        with suppress(OSError):
            line, _ = server.accept()
            with line:
                line.recv(65_536)
                line.sendall(beginning)
                while not over.wait(0.05):
                    line.sendall(b"x")

    servers, threads = [], []

    def start(beginning):
        servers.append(socket.create_server(("127.0.0.1", 0)))
        threads.append(threading.Thread(target=serve, args=(servers[-1], beginning)))
        threads[-1].start()
        return f"http://127.0.0.1:{servers[-1].getsockname()[1]}/"

    yield start
    over.set()
    for server, thread in zip(servers, threads, strict=True):
        thread.join()
        server.close()


def test_a_call_returns_the_answer(neighbour):
    """JSON is sent, with the key that identifies a repeated call."""
    response = outbound.send("POST", f"{neighbour.url}/hook", timeout=5, body={"a": 1}, key="i-1")
    assert (response.status, response.text) == (200, '{"received": {"a": 1}}')
    assert neighbour.requests[0].headers["idempotency-key"] == "i-1"


def test_a_redirect_is_returned_and_not_followed(neighbour):
    """It may lead anywhere."""
    assert outbound.send("GET", f"{neighbour.url}/moved", timeout=5).status == 302


def test_a_large_answer_is_cut(neighbour):
    """At 256 KiB."""
    assert len(outbound.send("GET", f"{neighbour.url}/large", timeout=5).text) == outbound.LARGEST_ANSWER


def test_the_proxies_of_the_machine_are_not_used(neighbour, monkeypatch):
    """They are not meant for this."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert outbound.send("GET", f"{neighbour.url}/hook", timeout=5).status == 200


@pytest.mark.parametrize(("path", "timeout"), [("/broken", 5), ("/slow-quote", 0.2)])
def test_no_answer_is_a_separate_error(neighbour, path, timeout):
    """The connection is closed, or the answer is late."""
    with pytest.raises(outbound.NoAnswer, match="there was no response"):
        outbound.send("GET", neighbour.url + path, timeout=timeout)


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["no status", "headers", "body", "body without a length"],
)
def test_a_slow_answer_does_not_extend_the_time_limit(trickle, beginning):
    """It covers the whole call, not each byte."""
    url, started = trickle(beginning), time.monotonic()
    with pytest.raises(outbound.NoAnswer, match=r"within 0\.5 s"):
        outbound.send("GET", url, timeout=0.5)
    assert time.monotonic() - started < 3


def test_a_host_that_is_not_listed_is_not_called(neighbour, monkeypatch):
    """Nor is any without a list."""
    monkeypatch.delenv("ALLOWED_HOSTS")
    with pytest.raises(outbound.UrlRefused, match="ALLOWED_HOSTS"):
        outbound.send("GET", f"{neighbour.url}/hook", timeout=5)
    assert neighbour.requests == []
