"""A listener of blob functions under test, on containers and a host id of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import pytest

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.store import AccountServices
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.settings import BlobSettings
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.triggers.blobs.listener import BlobListener, BlobQueue

Services = Callable[[str | None], AccountServices]
Watch = Callable[..., AbstractAsyncContextManager["Watching"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    listener: BlobListener
    queue: BlobQueue
    in_flight: InFlight


@pytest.fixture
def services(transport: Transport) -> Services:
    """The emulator's services, under whatever connection."""
    found = AccountServices(
        blobs=BlobService(transport), queues=QueueService(transport), tables=TableService(transport)
    )
    return lambda _: found


@pytest.fixture
async def container(blobs: BlobService, name: str) -> str:
    """An empty container; its name is the host's id too."""
    await blobs.create_container(name)
    return name


@pytest.fixture
def watch(
    index: Callable[[func.FunctionApp], FunctionCatalog], invoker: Invoker, services: Services, name: str
) -> Watch:
    """Watches the test's own container with a function while a block runs."""

    @asynccontextmanager
    async def started(
        function: Callable[..., Any],
        *,
        path: str = "{name}",
        through: Services = services,
        threshold: int = 5,
        retry: dict[str, str] | None = None,
        **trigger: Any,
    ) -> AsyncIterator[Watching]:
        app, in_flight = func.FunctionApp(), InFlight()
        if retry:
            function = app.retry(**retry)(function)
        app.blob_trigger(arg_name="blob", path=f"{name}/{path}", **{"connection": "", **trigger})(function)
        queue = BlobQueue(through, host_id=name, encoding="base64")
        listener = BlobListener(
            index(app).functions,
            queue=queue,
            services=through,
            invoker=invoker,
            in_flight=in_flight,
            settings=BlobSettings(max_degree_of_parallelism=4, poison_blob_threshold=threshold),
            host_id=name,
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(listener.run())
            yield Watching(listener=listener, queue=queue, in_flight=in_flight)
            running.cancel()

    return started
