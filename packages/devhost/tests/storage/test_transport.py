"""The session: what is counted, what is sent again, and what is said when nobody answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import Conflict, NotFound, StorageAccount, StorageFailure
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler, *, is_storage: bool = True) -> AsyncIterator[StorageAccount]:
    """An account whose blob service is `handler`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await handler(request)
        if is_storage:
            response.headers["x-ms-request-id"] = "1"
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield StorageAccount.parse(f"AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{port}/a")
    finally:
        await runner.cleanup()


async def test_each_request_is_counted_by_service_and_verb(transport: Transport) -> None:
    """The tests of the storage budget use these numbers."""
    for _ in range(2):
        with pytest.raises(NotFound):
            await transport.request("queue", "GET", "/no-such-queue", query={"comp": "metadata"})

    assert transport.calls.snapshot() == {"queue GET": 2}
    assert transport.calls.total == 2


async def test_a_busy_service_is_retried_and_each_attempt_counts() -> None:
    """503 twice, then an answer."""
    statuses = iter([503, 500, 200])

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=next(statuses), text="ok")

    async with served(handler) as account, Transport(account, retry_delays=(0, 0)) as transport:
        answer = await transport.request("blob", "GET", "/c/b")

    assert answer.body == b"ok"
    assert transport.calls.snapshot() == {"blob GET": 3}


async def test_a_broken_connection_is_retried() -> None:
    """Also for a write; the caller must understand a following conflict."""
    seen: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(await request.read())
        if len(seen) == 1 and request.transport is not None:
            request.transport.close()
        return web.Response(status=409, headers={"x-ms-error-code": "BlobAlreadyExists"})

    async with served(handler) as account, Transport(account, retry_delays=(0,)) as transport:
        with pytest.raises(StorageFailure, match="409 BlobAlreadyExists"):
            await transport.request("blob", "PUT", "/c/b", body=b"content")

    assert seen == [b"content", b"content"]


async def test_a_client_error_is_not_retried() -> None:
    """400 would be the same again."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=400, body=b"<Error><Code>Bad</Code><Message>No.\nRequestId:1</Message></Error>")

    async with served(handler) as account, Transport(account) as transport:
        with pytest.raises(StorageFailure, match=r"^400 Bad: No\.$"):
            await transport.request("blob", "GET", "/c/b")

    assert transport.calls.total == 1


@pytest.mark.parametrize(("statuses", "is_let_in"), [((403, 200), True), ((403, 403, 200), False)])
async def test_a_refused_key_is_retried_once(statuses: tuple[int, ...], is_let_in: bool) -> None:
    """While a key is rotated a single refusal means nothing; a wrong key is refused each time."""
    left = iter(statuses)

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=next(left), headers={"x-ms-error-code": "AuthenticationFailed"})

    async with served(handler) as account, Transport(account, retry_delays=(0, 0, 0)) as transport:
        if is_let_in:
            await transport.request("blob", "GET", "/c/b")
        else:
            with pytest.raises(StorageFailure, match="403 AuthenticationFailed"):
                await transport.request("blob", "GET", "/c/b")
        assert transport.calls.total == 2


async def test_a_conflict_after_a_refusal_is_a_conflict() -> None:
    """As it would be without the refusal."""
    left = iter((403, 409))

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=next(left), headers={"x-ms-error-code": "BlobAlreadyExists"})

    async with served(handler) as account, Transport(account, retry_delays=(0, 0, 0)) as transport:
        with pytest.raises(Conflict):
            await transport.request("blob", "PUT", "/c/b")
        assert transport.calls.total == 2


async def test_a_service_that_stays_busy_is_unavailable() -> None:
    """The sentence names the endpoint."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=503)

    async with served(handler) as account, Transport(account, retry_delays=(0,)) as transport:
        with pytest.raises(StorageUnavailable, match=f"The storage at {account.blob_endpoint} does not answer"):
            await transport.request("blob", "GET", "/c/b")


@pytest.mark.parametrize("status", [200, 403])
async def test_an_answer_that_is_not_from_storage_counts_as_no_answer(status: int) -> None:
    """It may come from a proxy, which does not speak for the service."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, text="It works!")

    async with served(handler, is_storage=False) as account, Transport(account, retry_delays=(0, 0)) as transport:
        with pytest.raises(StorageUnavailable, match=f"what answered {status} is not Azure Storage"):
            await transport.request("blob", "GET", "/c/b")
        assert transport.calls.total == 3


async def test_a_retry_after_of_the_service_is_obeyed() -> None:
    """429 and 503 have it; the error passes it to callers that wait longer than a request."""
    statuses = iter([429, 503, 200])

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=next(statuses), headers={"Retry-After": "1"})

    async with served(handler) as account, Transport(account, retry_delays=(0, 0)) as transport:
        began = monotonic()
        await transport.request("blob", "GET", "/c/b")
    assert monotonic() - began >= 2


async def test_an_unreachable_endpoint_is_a_one_sentence_error() -> None:
    """Nothing listens on port 1; the sentence says what to do."""
    account = StorageAccount.parse("AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:1/a")

    async with Transport(account, retry_delays=(0,)) as transport:
        with pytest.raises(StorageUnavailable, match="Look whether Azurite runs"):
            await TableService(transport).create_table("Any")

    assert transport.calls.total == 2


async def test_a_shared_access_signature_is_appended_and_the_request_is_not_signed() -> None:
    """The connection string has no key."""
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    async with served(handler) as account:
        text = f"BlobEndpoint={account.blob_endpoint};SharedAccessSignature=sv=1&sig=x%3D"
        async with Transport(StorageAccount.parse(text)) as transport:
            await transport.request("blob", "GET", "/c", query={"comp": "list"})

    assert seen[0].query_string == "comp=list&sv=1&sig=x%3D"
    assert "Authorization" not in seen[0].headers


async def test_many_requests_share_the_session(transport: Transport, name: str) -> None:
    """Simultaneous requests do not disturb one another."""
    tables = TableService(transport)
    await tables.create_table(name)

    rows: list[dict[str, Any]] = [{"PartitionKey": "p", "RowKey": f"{n:03}"} for n in range(100)]
    await asyncio.gather(*(tables.insert(name, row) for row in rows))

    page = await tables.query_page(name)
    assert [row["RowKey"] for row in page.rows] == [row["RowKey"] for row in rows]
