"""The only way out by HTTP: hosts of a list, no redirects, no credentials of the machine, small answers."""

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
"""Bytes that are read of an answer; the rest is left unread."""


class Refused(Exception):
    """The address may not be called; the text says why, for the person who chose it."""


class NoAnswer(Exception):
    """Nobody answered, or not in time; the text says so without the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


def check(url: str) -> None:
    """Raise `Refused` where `ALLOWED_HOSTS` does not let this address be called."""
    reason = refusal(url, os.environ.get("ALLOWED_HOSTS", ""))
    if reason:
        raise Refused(reason)


def send(method: str, url: str, *, timeout: float, body: Any = None, key: str | None = None) -> Response:
    """Make one request, JSON in the body; raises `Refused` or `NoAnswer`. `timeout` is seconds for all of it."""
    check(url)
    line, late = _Line(), f"nobody answered within {timeout:g} s"
    headers = {"Idempotency-Key": key} if key else {}
    with requests.Session() as session, line.cut_after(timeout):
        session.trust_env = False  # no proxy, no .netrc: what the environment holds is not for others
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
                raise Refused(f"the host's name leads to {line.led_inside}, which is not to be called") from error
            raise NoAnswer(late if line.was_cut else f"nobody answered: {type(error).__name__}") from error
        if line.was_cut:  # an answer that says no length looks complete then
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
    """A connection that ends when its time is over.

    The timeouts of requests are for each read of the socket: who sends a byte now and then would never be late.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []
        self.was_cut = False
        self.led_inside: str | None = None
        """The address that the host's name stood for, where that is one of the machine or the platform."""

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """Return requests' own pool, which notes down the sockets that it opens."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        usual, sockets, line = pool.ConnectionCls, self._sockets, self

        class Noted(usual):  # type: ignore[valid-type, misc]  # plain or TLS, as the address says
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                line.led_inside = inside(self.host, str(opened.getpeername()[0]))
                if line.led_inside:
                    opened.close()
                    raise ConnectionRefusedError("the name leads inside")  # becomes one of requests' own
                return opened

            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = Noted
        return pool

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the block has lasted that long."""
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
