"""Outgoing HTTP requests: only to listed hosts, without redirects and credentials, with small responses."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from approvals.destinations import refusal

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
    # Here, as the import takes a part of every start and few processes call another system.
    import requests

    from gateways.outbound_lines import Line

    line, late = Line(), f"there was no response within {timeout:g} s"
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
                text = _read(response.iter_content(8192))
        except requests.RequestException as error:
            if line.led_inside:
                raise UrlRefused(f"the host's name resolves to {line.led_inside}, which may not be called") from error
            raise NoAnswer(late if line.was_cut else f"there was no response: {type(error).__name__}") from error
        if line.was_cut:  # a response without a length looks complete then
            raise NoAnswer(late)
        return Response(status=response.status_code, headers=response.headers, text=text)


def _read(chunks: Iterable[bytes]) -> str:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) >= LARGEST_ANSWER:
            break
    return bytes(content[:LARGEST_ANSWER]).decode("utf-8", errors="replace")
