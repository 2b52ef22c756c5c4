"""The one HTTP session to a storage account: signs each request, counts it, retries what is worth retrying."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import format_datetime
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

from durable_devhost.clock import real_now
from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import Service, StorageAccount, StorageFailure, failure
from durable_devhost.storage.connections import ConnectionBroken, ConnectionPool, Reply
from durable_devhost.storage.signing import Signer

_API_VERSION = "2021-12-02"
_RETRY_DELAYS = (0.1, 0.3, 0.8, 2.0)
_LONGEST_DELAY_S = 5.0
_REQUEST_ID = "x-ms-request-id"
_PASSING = frozenset({429, 500, 503})
_FORBIDDEN = 403
_CONNECTIONS = 64
_DATE_LASTS_S = 1.0
_XML_ERROR = re.compile(rb"<Code>([^<]*)</Code>.*?<Message>([^<]*)</Message>", re.DOTALL)


class CallCounter:
    """How many requests went out, by service and verb; each attempt of a retried request counts."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Service, str]] = Counter()

    def add(self, service: Service, verb: str) -> None:
        """Count one request."""
        self._counts[service, verb] += 1

    @property
    def total(self) -> int:
        """All requests so far."""
        return self._counts.total()

    def snapshot(self) -> dict[str, int]:
        """The counts so far, for example `{"queue POST": 3, "table PATCH": 1}`."""
        return {f"{service} {verb}": count for (service, verb), count in sorted(self._counts.items())}


Answer = Reply
"""A successful answer."""


class Transport:
    """All requests to one account. Use as an async context manager: its connections live as long as the block.

    No locks: each request has a connection to itself, and the counter is only touched by the loop.
    """

    def __init__(self, account: StorageAccount, *, retry_delays: Sequence[float] = _RETRY_DELAYS) -> None:
        self.account = account
        self.calls = CallCounter()
        self._retry_delays = retry_delays
        self._signer = Signer(account)
        self._date, self._date_until = "", 0.0
        self._connections: ConnectionPool | None = None

    async def __aenter__(self) -> Self:
        """Begin; connections are opened when they are needed."""
        self._connections = ConnectionPool(_CONNECTIONS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        if self._connections is not None:
            self._connections.close()

    async def request(
        self,
        service: Service,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        repeats: bool = True,
    ) -> Answer:
        """Send one request and return its answer.

        `path` is percent-encoded, relative to the service's endpoint and begins with `/`; header names are lower-case.
        Raises a StorageFailure for an answer of 400 and above, StorageUnavailable when nothing answers or the service
        stays busy. A request that was sent again may have taken effect the first time: the Conflict that follows is
        passed on as it is, and what is unavailable may have had its effect all the same. After a 403 it is sent once
        more, for a key that is being rotated gives some that mean nothing. Without `repeats` it is sent once, and each
        answer of 400 and above is a StorageFailure.
        """
        was_refused = False
        for delay in (*self._retry_delays, None) if repeats else (None,):
            pause = delay or 0.0
            try:
                return await self._attempt(service, verb, path, query or {}, headers or {}, body)
            except (ConnectionBroken, TimeoutError) as error:
                if delay is None:
                    raise self.unavailable(service, str(error) or type(error).__name__) from error
            except StorageFailure as error:
                is_first_refusal = error.status == _FORBIDDEN and not was_refused
                was_refused |= is_first_refusal
                if not repeats or not (error.status in _PASSING or is_first_refusal):
                    raise
                if delay is None:
                    raise self.unavailable(service, str(error)) from error
                pause = max(pause, min(error.retry_after_s or 0.0, _LONGEST_DELAY_S))
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(
        self, service: Service, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if self._connections is None:
            raise RuntimeError("the transport is used outside its async with block")
        account = self.account
        sent = {"x-ms-version": _API_VERSION, "x-ms-date": self._now(), **headers}
        url = account.endpoint(service) + path
        parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        if account.sas is None:
            sent["authorization"] = self._signer.authorization(service, verb, path, query, sent, len(body))
        else:
            parameters = f"{parameters}&{account.sas}" if parameters else account.sas
        self.calls.add(service, verb)
        reply = await self._connections.request(verb, f"{url}?{parameters}" if parameters else url, sent, body)
        if _REQUEST_ID not in reply.headers:
            raise ConnectionBroken(f"what answered {reply.status} is not Azure Storage: it has no {_REQUEST_ID}")
        if reply.status >= 400:
            raise _failure_in(reply)
        return reply

    def _now(self) -> str:
        """The time as a header has it, in whole seconds, and up to a second old: storage takes fifteen minutes."""
        now = monotonic()
        if now >= self._date_until:
            self._date, self._date_until = format_datetime(real_now(), usegmt=True), now + _DATE_LASTS_S
        return self._date

    @contextmanager
    def reading_answer(self, service: Service) -> Iterator[None]:
        """Around the reading of an answer: what makes no sense counts as no answer, and raises StorageUnavailable."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, ParseError) as error:
            why = f"what it answered makes no sense: {type(error).__name__} {error}"
            raise self.unavailable(service, why) from error

    def unavailable(self, service: Service, why: str) -> StorageUnavailable:
        """The error for a service that does not answer as it should."""
        return StorageUnavailable(
            f"The storage at {self.account.endpoint(service)} does not answer ({why}). "
            "Look whether Azurite runs and the connection string is right; nothing that was stored is lost."
        )


def _failure_in(reply: Reply) -> StorageFailure:
    if reply.body.startswith(b"{"):
        code, message = error_in_json(reply.body)
    elif found := _XML_ERROR.search(reply.body):
        code, message = found[1].decode(), found[2].decode().split("\n")[0]
    else:
        code, message = "", reply.body[:200].decode(errors="replace")
    error = failure(reply.status, reply.headers.get("x-ms-error-code") or code, message)
    wait = reply.headers.get("retry-after", "")
    error.retry_after_s = float(wait) if wait.isdecimal() else None
    return error


def error_in_json(body: bytes) -> tuple[str, str]:
    """Code and message of a table service's error; an unreadable body is its own message."""
    try:
        error = json.loads(body)["odata.error"]
        return str(error["code"]), str(error["message"]["value"]).split("\n")[0]
    except (ValueError, KeyError, TypeError):
        return "", body[:200].decode(errors="replace")
