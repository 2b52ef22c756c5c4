"""Outgoing HTTP requests: only to listed hosts, without redirects and credentials, with small responses."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from approvals.destinations import inside, refusal

CONNECT_SECONDS = 5
LARGEST_ANSWER = 256 * 1024
"""Bytes of a response that are read; the rest is ignored."""


class UrlRefused(Exception):
    """The URL may not be called; the text tells the person who chose it why."""


class NoAnswer(Exception):
    """There was no response in time; the text does not contain the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response."""

    status: int
    headers: Mapping[str, str]
    text: str


def check(url: str) -> None:
    """Raise `UrlRefused` if `ALLOWED_HOSTS` does not allow this URL."""
    reason = refusal(url, os.environ.get("ALLOWED_HOSTS", ""))
    if reason:
        raise UrlRefused(reason)


def send(method: str, url: str, *, timeout: float, body: Any = None, key: str | None = None) -> Response:
    """Make one request, JSON in the body; raises `UrlRefused` or `NoAnswer`. `timeout` is seconds for all of it."""
    check(url)
    line, late = _Line(), f"there was no response within {timeout:g} s"
    headers = {"Idempotency-Key": key} if key else {}
    with requests.Session() as session, line.cut_after(timeout):
        session.trust_env = False  # no proxy, no .netrc: credentials in the environment are not for others
        session.mount("http://", line)
        session.mount("https://", line)
        try:
            with session.request(
                method,
                url,
                json=body,
                headers=headers,
                timeout=(min(CONNECT_SECONDS, timeout), timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                text = _read(response)
        except requests.RequestException as error:
            if line.led_inside:
                raise UrlRefused(f"the host's name resolves to {line.led_inside}, which may not be called") from error
            raise NoAnswer(late if line.was_cut else f"there was no response: {type(error).__name__}") from error
        if line.was_cut:  # a response without a length looks complete then
            raise NoAnswer(late)
        return Response(status=response.status_code, headers=response.headers, text=text)


def _read(response: requests.Response) -> str:
    content = bytearray()
    for chunk in response.iter_content(8192):
        content += chunk
        if len(content) >= LARGEST_ANSWER:
            break
    return bytes(content[:LARGEST_ANSWER]).decode("utf-8", errors="replace")


class _Line(HTTPAdapter):
    """A connection with a time limit for the whole request.

    The timeouts of the library requests apply to each read of the socket: a server that sends a byte now and then would
    never reach them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []
        self.was_cut = False
        self.led_inside: str | None = None
        """The address that the host's name resolved to, if it belongs to this machine or the platform."""

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """Return the library's pool, extended to remember the sockets that it opens."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        usual, sockets, line = pool.ConnectionCls, self._sockets, self

        class Remembering(usual):  # type: ignore[valid-type, misc]  # plain or TLS, by the URL
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                line.led_inside = inside(self.host, str(opened.getpeername()[0]))
                if line.led_inside:
                    opened.close()
                    raise ConnectionRefusedError("the name resolves to an internal address")  # the library wraps it
                return opened

            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = Remembering
        return pool

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Close the connection if the block takes longer than that."""
        watch = Timer(seconds, self._cut)
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            watch.join()

    def _cut(self) -> None:
        self.was_cut = True
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
