"""HTTP functions of `azurefunctions-extensions-http-fastapi`, with the extension itself: they stream."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from durable_devhost.testing.plugin import AppUnderTest
from packages.devhost.tests.outside.environments import extension
from packages.devhost.tests.outside.hosts import Make, copy_of
from packages.devhost.tests.outside.processes import until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def app(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppUnderTest]:
    """The app, which carries the extension as a deployment does."""
    folder = copy_of("streams", tmp_path_factory.mktemp("streams"))
    carried = folder / ".python_packages" / "lib"
    carried.mkdir(parents=True)
    (carried / "site-packages").symlink_to(extension())
    with make(Path(folder)) as running:
        yield running


def test_a_response_is_sent_while_its_function_produces_it(app: AppUnderTest) -> None:
    """The second part does not exist before the first has been read."""
    with _opened(app, "GET", "/api/download/one") as answer:
        assert (answer.status, answer.headers["x-kind"], answer.headers["content-type"]) == (
            200, "stream", "text/event-stream; charset=utf-8",
        )  # fmt: skip
        assert answer.read(6) == b"first "
        assert app.request("POST", "/api/gate/one").body == "open"
        assert answer.read() == b"second"


def test_a_body_is_read_while_it_arrives(app: AppUnderTest) -> None:
    """The function has the first piece before the last is sent."""
    connection = _connected(app)
    connection.putrequest("POST", "/api/upload?a=1")
    connection.putheader("Content-Length", str(5 + (1 << 20)))
    connection.endheaders(b"first")
    assert app.request("GET", "/api/uploading").body == "begun"
    connection.send(b"x" * (1 << 20))
    answer = connection.getresponse()
    found = json.loads(answer.read())
    assert (answer.status, found["sum"], found["query"]) == (201, 5 + (1 << 20), {"a": "1"})
    assert found["pieces"] > 2
    connection.close()


def test_a_hundred_mebibytes_arrive_in_order(app: AppUnderTest) -> None:
    """Part by part; the host holds only a few of them."""
    with _opened(app, "GET", "/api/big") as answer:
        for number in range(100):
            assert answer.read(1 << 20) == bytes([number]) * (1 << 20)
        assert answer.read() == b""


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "body"),
    [
        ("text", 200, "application/json", b'"h\xc3\xa9"'),
        ("dict", 200, "application/json", b'{"a":[1]}'),
        ("list", 200, "application/json", b'[1,"x"]'),
        ("number", 200, "application/json", b"5"),
        ("model", 200, "application/json", b'{"weight":3}'),
        ("response", 202, "application/x", b"\xff"),
        ("none", 500, "text/plain; charset=utf-8", b"Internal Server Error"),
    ],
)
def test_a_returned_value_becomes_a_response_of_the_extension(
    app: AppUnderTest, kind: str, status: int, content_type: str, body: bytes
) -> None:
    """Text becomes JSON; None is a failure, as in the real worker."""
    with _opened(app, "GET", f"/api/returns/{kind}") as answer:
        assert (answer.status, answer.headers["content-type"], answer.read()) == (status, content_type, body)


def test_a_failed_function_gives_the_500_of_the_extension(app: AppUnderTest) -> None:
    """The console reports the failure."""
    with _opened(app, "GET", "/api/fails") as answer:
        assert (answer.status, answer.read()) == (500, b"Internal Server Error")
    until(lambda: "LookupError: fails" in app.output, lambda: app.output)


def test_a_caller_can_tell_that_a_response_broke_off(app: AppUnderTest) -> None:
    """It does not look complete."""
    with _opened(app, "GET", "/api/broken") as answer, pytest.raises((IncompleteRead, ConnectionError)):
        answer.read()


def test_a_head_request_has_no_body(app: AppUnderTest) -> None:
    """The connection can be used again."""
    connection = _connected(app)
    for _ in range(2):
        connection.request("HEAD", "/api/returns/dict")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    connection.close()


def test_a_response_does_not_wait_for_background_work_of_its_function(app: AppUnderTest) -> None:
    """The background task ends when a later call opens the gate."""
    with _opened(app, "GET", "/api/later/three") as answer:
        assert answer.read() == b"done"
        assert app.request("POST", "/api/gate/three").body == "open"


def test_outputs_are_stored_beside_a_streamed_response(app: AppUnderTest) -> None:
    """The queue function gets the message; a cookie is sent unchanged."""
    with _opened(app, "POST", "/api/queued", b"hi") as answer:
        assert (answer.status, answer.read(), answer.headers["set-cookie"]) == (200, b"sent", "a=1")
    until(lambda: "hi" in _seen(app), "the letter never came")


def test_a_caller_who_disconnects_ends_the_response(app: AppUnderTest) -> None:
    """The generator is closed and the worker is free."""
    before = _seen(app).count("left")
    connection = _connected(app)
    connection.request("GET", "/api/download/two")
    assert connection.getresponse().read(6) == b"first "
    assert connection.sock is not None
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    until(lambda: _seen(app).count("left") > before, "the generator still waits")


class _opened:
    def __init__(self, app: AppUnderTest, method: str, path: str, body: bytes | None = None) -> None:
        self._connection = _connected(app)
        self._connection.request(method, path, body)

    def __enter__(self) -> HTTPResponse:
        return self._connection.getresponse()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _connected(app: AppUnderTest) -> HTTPConnection:
    place = urlsplit(app.url)
    return HTTPConnection(str(place.hostname), place.port, timeout=30)


def _seen(app: AppUnderTest) -> list[Any]:
    found: list[Any] = app.request("GET", "/api/seen").body
    return found
