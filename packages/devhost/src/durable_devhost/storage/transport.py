"""The one HTTP session to a storage account: signs each request, counts it, retries what is worth retrying."""

import asyncio
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from durable_devhost.clock import real_now
from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import Service, StorageAccount, StorageFailure, failure
from durable_devhost.storage.signing import authorization

_API_VERSION = "2021-12-02"
_RETRY_DELAYS = (0.1, 0.3, 0.8, 2.0)
_CONNECTIONS = 64
_KEEP_ALIVE_S = 300.0
_LARGE_BODY = 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=100.0, sock_connect=5.0)
_OWN_HEADERS = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer; header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """All requests to one account. Use as an async context manager: the session lives as long as the block.

    No locks: aiohttp gives each request a connection of its own, and the counter is only touched by the loop.
    """

    def __init__(self, account: StorageAccount, *, retry_delays: Sequence[float] = _RETRY_DELAYS) -> None:
        self.account = account
        self.calls = CallCounter()
        self._retry_delays = retry_delays
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=_TIMEOUT,
            auto_decompress=False,
            skip_auto_headers=_OWN_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        service: Service,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send one request and return its answer.

        `path` is percent-encoded, relative to the service's endpoint and begins with `/`; header names are lower-case.
        Raises a StorageFailure for an answer of 400 and above, StorageUnavailable when nothing answers or the service
        stays busy. A request that was sent again may have taken effect the first time: the Conflict that follows is
        passed on as it is.
        """
        for delay in self._retry_delays:
            try:
                return await self._attempt(service, verb, path, query or {}, headers or {}, body)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError):
                pass
            except StorageFailure as error:
                if error.status not in (500, 503):
                    raise
            await asyncio.sleep(delay)
        try:
            return await self._attempt(service, verb, path, query or {}, headers or {}, body)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
            raise self._unavailable(service, str(error) or type(error).__name__) from error
        except StorageFailure as error:
            if error.status in (500, 503):
                raise self._unavailable(service, str(error)) from error
            raise

    async def _attempt(
        self, service: Service, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("the transport is used outside its async with block")
        account = self.account
        sent = {"x-ms-version": _API_VERSION, "x-ms-date": format_datetime(real_now(), usegmt=True), **headers}
        url = account.endpoint(service) + path
        parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        if account.sas is None:
            sent["authorization"] = authorization(account, service, verb, path, query, sent, len(body))
        else:
            parameters = f"{parameters}&{account.sas}" if parameters else account.sas
        target = URL(f"{url}?{parameters}" if parameters else url, encoded=True)
        self.calls.add(service, verb)
        async with self._session.request(verb, target, headers=sent, data=_payload(body)) as response:
            content = await response.read()
            if response.status >= 400:
                raise _failure_in(response.status, response.headers, content)
            return Answer(status=response.status, headers=response.headers, body=content)

    def _unavailable(self, service: Service, why: str) -> StorageUnavailable:
        return StorageUnavailable(
            f"The storage at {self.account.endpoint(service)} does not answer ({why}). "
            "Start Azurite or correct the connection string, then start devhost again; nothing that was stored is lost."
        )


def _payload(body: bytes) -> bytes | io.BytesIO | None:
    # aiohttp warns of large bytes, which it would copy in one go.
    return io.BytesIO(body) if len(body) > _LARGE_BODY else body or None


def _failure_in(status: int, headers: Mapping[str, str], body: bytes) -> StorageFailure:
    if body.startswith(b"{"):
        code, message = error_in_json(body)
    elif found := _XML_ERROR.search(body):
        code, message = found[1].decode(), found[2].decode().split("\n")[0]
    else:
        code, message = "", body[:200].decode(errors="replace")
    return failure(status, headers.get("x-ms-error-code") or code, message)


def error_in_json(body: bytes) -> tuple[str, str]:
    """Code and message of a table service's error; an unreadable body is its own message."""
    try:
        error = json.loads(body)["odata.error"]
        return str(error["code"]), str(error["message"]["value"]).split("\n")[0]
    except (ValueError, KeyError, TypeError):
        return "", body[:200].decode(errors="replace")
