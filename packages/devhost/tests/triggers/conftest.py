"""Apps made in a test and run in this process, and an invoker without storage."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import azure.functions as func
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from durable_devhost.clock import SystemClock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.tables import TableQuery
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function, FunctionCatalog
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import Operation, Row
from durable_devhost.storage.transport import Transport
from durable_devhost.triggers.admin import AdminPages, HostInfo
from durable_devhost.triggers.http import HttpFront, Mount, reserve
from durable_devhost.triggers.keys import KeyRing, Keys
from durable_devhost.triggers.management.api import ManagementApi
from durable_devhost.triggers.management.urls import ManagementUrls
from durable_devhost.triggers.manual import ManualRuns
from packages.devhost.tests.durable.memory import ClientBench
from packages.devhost.tests.local import LocalWorkers
from packages.devhost.tests.lossy import losing
from packages.devhost.tests.triggers.front import Front
from packages.devhost.tests.triggers.listening import Faults, Listen, listening

Index = Callable[[func.FunctionApp], FunctionCatalog]
Serve = Callable[..., AbstractAsyncContextManager[aiohttp.ClientSession]]


class NoBindings:
    """The store of apps without blob and queue bindings: nothing may be asked of it."""

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """Refuse."""
        raise AssertionError("no blob input here")

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Refuse."""
        raise AssertionError("no blob output here")

    async def read_rows(self, connection: str | None, query: TableQuery) -> list[Row]:
        """Refuse."""
        raise AssertionError("no table input here")

    async def write_rows(self, connection: str | None, table: str, operations: Sequence[Operation]) -> None:
        """Refuse."""
        raise AssertionError("no table output here")

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Refuse."""
        raise AssertionError("no queue output here")


async def no_blob(_function: Function, _path: str) -> None:
    """There is no blob anywhere."""


@pytest.fixture
async def workers() -> AsyncIterator[LocalWorkers]:
    """The worker's code in this process."""
    async with LocalWorkers() as started:
        yield started


@pytest.fixture
def index(workers: LocalWorkers) -> Index:
    """Index an app made in the test and have it callable."""
    return workers.take


@pytest.fixture
def invoker(workers: LocalWorkers) -> Invoker:
    """An invoker without storage."""
    return Invoker(workers, store=NoBindings(), client_json=lambda _: "{}", clock=SystemClock())


@pytest.fixture
def serve_app(index: Index, invoker: Invoker) -> Serve:
    """Serve an app on a free port and give a client whose base is the server."""

    @asynccontextmanager
    async def started(
        app: func.FunctionApp,
        keys: Keys | None = None,
        prefix: str = "api",
        mounts: tuple[Mount, ...] = (),
        **options: Any,
    ) -> AsyncIterator[aiohttp.ClientSession]:
        catalog, in_flight = index(app), InFlight()
        manual = ManualRuns(invoker, in_flight, no_blob)
        info = HostInfo(host_id="h", instance_id="i", version="0.1", computer_name="c")
        admin = AdminPages(catalog=catalog, manual=manual, info=info, route_prefix=prefix)
        front = HttpFront(catalog=catalog, invoker=invoker, in_flight=in_flight, keys=KeyRing(keys), admin=admin,
                          mounts=mounts, route_prefix=prefix, **options)  # fmt: skip
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            door = stack.enter_context(reserve(0))
            port = door.getsockname()[1]
            await stack.enter_async_context(front.serve(door))
            client = await stack.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{port}"))
            running = tasks.create_task(manual.run())
            yield client
            await in_flight.quiet()
            running.cancel()

    return started


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """The API of the hub TruthHub, without keys."""
    bench = ClientBench()
    api = ManagementApi(bench.client, ManagementUrls(hub="TruthHub"))

    async def serve(request: web.Request) -> web.Response:
        return await api.handle(request, request.match_info["tail"])

    app = web.Application()
    app.router.add_route("*", "/runtime/webhooks/durabletask/{tail:.*}", serve)
    async with TestClient(TestServer(app)) as client:
        yield Front(bench, client)


@pytest.fixture
def listen(index: Index, invoker: Invoker, queues: QueueService, name: str) -> Listen:
    """Listen to the test's own queue with a function while the block runs."""
    return listening(index, invoker, queues, name)


@pytest.fixture
def faults() -> Faults:
    """The faults of the test; none at first."""
    return Faults()


@pytest.fixture
async def faulty(azurite: Any, faults: Faults) -> AsyncIterator[QueueService]:
    """The emulator's queues as they are with these faults."""
    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, faults.loses, answers=faults.answers) as text,
        Transport(StorageAccount.parse(text), retry_delays=(0, 0)) as transport,
    ):
        yield QueueService(transport)
