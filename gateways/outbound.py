"""The only way out by HTTP: hosts of a list, no redirects, no credentials of the machine, small answers."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from approvals.destinations import refusal

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
    give_up = time.monotonic() + timeout
    headers = {"Idempotency-Key": key} if key else {}
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no .netrc: what the environment holds is not for others
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
                return Response(status=response.status_code, headers=response.headers, text=_read(response, give_up))
        except requests.RequestException as error:
            raise NoAnswer(f"nobody answered: {type(error).__name__}") from error


def _read(response: requests.Response, give_up: float) -> str:
    """Read up to the limits of size and time: each byte may come as late as the socket's timeout allows."""
    content = bytearray()
    for chunk in response.iter_content(8192):
        content += chunk
        if len(content) >= LARGEST_ANSWER:
            break
        if time.monotonic() > give_up:
            raise NoAnswer("the answer took too long")
    return bytes(content[:LARGEST_ANSWER]).decode("utf-8", errors="replace")
