"""The fault proxy before a real Azurite: what a client meets, and whether the call had its effect."""

from collections.abc import AsyncIterator, Iterator

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.storage.account import StorageAccount, StorageFailure
from durable_devhost.storage.connections import ConnectionPool
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from packages.devhost.tests.chaos.controls import FaultProxy
from packages.devhost.tests.chaos.faults import FAULTS, STORAGE_FAULTS, Fault


@pytest.fixture(scope="module")
def proxy(azurite: Azurite) -> Iterator[FaultProxy]:
    """One proxy for all: each test arms it anew."""
    with FaultProxy(azurite) as running:
        yield running


@pytest.fixture
async def through(proxy: FaultProxy) -> AsyncIterator[Transport]:
    """A transport through the proxy that tries nothing again."""
    proxy.arm()
    account = StorageAccount.parse(proxy.azurite.connection_string)
    async with Transport(account, retry_delays=()) as opened:
        yield opened


async def test_the_proxy_passes_requests_on_unchanged(proxy, through, name):
    """Requests are signed, so storage refuses one that is changed. A long body is among them."""
    queues, tables = QueueService(through), TableService(through)
    await queues.create(name)
    await queues.put(name, "x" * 40_000)
    assert [item.text for item in await queues.peek(name)] == ["x" * 40_000]
    await tables.create_table(name)
    assert [call.split()[:2] for call in proxy.look().calls] == [["queue", "PUT"], ["queue", "POST"], ["table", "POST"]]


@pytest.mark.parametrize("fault", [each for each in STORAGE_FAULTS if each.hang_s < 5], ids=lambda fault: fault.name)
async def test_a_fault_hits_one_call_and_reports_whether_it_took_effect(proxy, through, queues, name, fault: Fault):
    """The calls before and after it go through."""
    await queues.create(name)
    failing = QueueService(through)
    proxy.arm(fault.name, at=1)
    await failing.put(name, "before")
    try:
        await failing.put(name, "struck")
        has_failed = False
    except Exception:  # noqa: BLE001 - of which kind depends on the fault
        has_failed = True
    if fault.name == "refused":
        proxy.arm()  # which lets callers in again
    await failing.put(name, "after")
    there = {item.text for item in await queues.peek(name)}
    assert ("struck" in there) == fault.is_forwarded
    assert has_failed == (fault.name not in {"latency", "late answer"})


@pytest.mark.parametrize("name_of", ["500", "503 wait", "429", "403", "412"])
async def test_an_answer_of_the_proxy_looks_like_one_of_storage(proxy, name, name_of):
    """It has the error code, the service's format and a request id, which devhost checks for."""
    fault = FAULTS[name_of]
    for service, port, kind in (
        ("queue", proxy.azurite.queue_port, "application/xml"),
        ("table", proxy.azurite.table_port, "application/json"),
    ):
        proxy.arm(name_of)
        async with ConnectionPool(1) as connections:
            url = f"http://127.0.0.1:{port}/{proxy.azurite.account}/{name}"
            reply = await connections.request("GET", url, {}, b"")
        assert (fault.status, kind, fault.code) == (
            reply.status, reply.headers["content-type"], reply.headers["x-ms-error-code"],
        ), service  # fmt: skip
        assert reply.headers["x-ms-request-id"]
        assert (fault.retry_after_s > 0) == ("retry-after" in reply.headers)


async def test_an_answer_that_is_not_from_storage_has_no_request_id(proxy, name):
    """Like that of a network that asks for a sign-in first."""
    proxy.arm("garbage 200")
    async with ConnectionPool(1) as connections:
        url = f"http://127.0.0.1:{proxy.azurite.queue_port}/{proxy.azurite.account}/{name}"
        reply = await connections.request("GET", url, {}, b"")
    assert reply.status == 200
    assert "x-ms-request-id" not in reply.headers


async def test_polls_and_lease_renewals_are_counted_separately(proxy, through, queues, name):
    """They depend on the clock and would shift the numbers of the work's calls."""
    await queues.create(name)
    failing = QueueService(through)
    proxy.arm("412", choice="idle")
    await failing.put(name, "work")
    assert proxy.look().calls == []
    with pytest.raises(StorageFailure):
        await failing.get(name, hidden_for_s=1)
    assert proxy.look().struck == [0]
    assert [item.text for item in await failing.get(name, hidden_for_s=1)] == ["work"]


async def test_calls_of_one_kind_can_be_counted_separately(proxy, through, queues, name):
    """The kind is a part of the description, which holds verb, queue and table."""
    await queues.create(name)
    proxy.arm("412", at=1, matching="queue POST")
    failing = QueueService(through)
    assert await failing.peek(name) == []
    await failing.put(name, "first")
    with pytest.raises(StorageFailure):
        await failing.put(name, "second")
    assert [f"queue POST {name}/messages"] * 2 == proxy.look().calls


async def test_calls_of_an_sdk_in_the_app_are_counted_separately(proxy, name):
    """Their user agent tells them apart."""
    url = f"http://127.0.0.1:{proxy.azurite.queue_port}/{proxy.azurite.account}/{name}"
    proxy.arm("403", whose="app")
    async with ConnectionPool(1) as connections:
        of_host = await connections.request("GET", url, {}, b"")
        of_app = await connections.request("GET", url, {"user-agent": "azsdk-python-data-tables/12"}, b"")
    assert proxy.look().struck == [0]
    assert len(proxy.look().calls) == 1
    assert b"Chaos" in of_app.body
    assert b"Chaos" not in of_host.body
