"""A queue listener under test, and what storage may do to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import azure.functions as func
from aiohttp import web

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.settings import QueueSettings
from durable_devhost.storage.queues import QueueService
from durable_devhost.triggers.queue import QueueListener
from durable_devhost.triggers.queue_processor import FunctionMessages

DEFAULTS = QueueSettings(
    batch_size=16,
    new_batch_threshold=8,
    max_polling_interval=timedelta(minutes=1),
    max_dequeue_count=5,
    visibility_timeout=timedelta(),
    message_encoding="none",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    listener: QueueListener
    in_flight: InFlight


Listen = Callable[..., AbstractAsyncContextManager[Listening]]


def listening(
    index: Callable[[func.FunctionApp], FunctionCatalog], invoker: Invoker, queues: QueueService, name: str
) -> Listen:
    """Listens to the test's own queue with a function while a block runs."""

    @asynccontextmanager
    async def started(
        function: Callable[..., Any],
        *,
        queue: str = name,
        makes_queue: bool = False,
        data_type: str | None = None,
        through: QueueService = queues,
        **options: Any,
    ) -> AsyncIterator[Listening]:
        app, in_flight = func.FunctionApp(), InFlight()
        app.queue_trigger(arg_name="msg", queue_name=queue, connection="", data_type=data_type)(function)
        (found,) = index(app).functions
        listener = QueueListener(
            queue=queue, work=FunctionMessages(found, invoker, through), queues=through,
            in_flight=in_flight, settings=replace(DEFAULTS, **options),
            makes_queue=makes_queue,
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(listener.run())
            yield Listening(listener=listener, in_flight=in_flight)
            running.cancel()

    return started


class Faults:
    """What the proxy does to the next requests that fit: `count` of them are not answered, or with `status` instead."""

    def __init__(self) -> None:
        self.verb, self.place, self.count, self.status = "", "", 0, 0
        self.struck = asyncio.Event()

    def on(self, verb: str, place: str, *, count: int = 1, status: int = 0) -> None:
        """Strike requests of this verb with this in their path; 0 as the status loses the answer after the effect."""
        self.verb, self.place, self.count, self.status = verb, place, count, status

    def loses(self, verb: str, path: str) -> bool:
        """Whether this answer is lost."""
        return self.status == 0 and self._strikes(verb, path)

    def answers(self, request: web.Request) -> web.Response | None:
        """What is answered without Azurite."""
        if self.status and self._strikes(request.method, request.path):
            return web.Response(status=self.status, headers={"x-ms-error-code": "ByTest", "Retry-After": "2"})
        return None

    def _strikes(self, verb: str, path: str) -> bool:
        if self.count == 0 or verb != self.verb or self.place not in path:
            return False
        self.count -= 1
        self.struck.set()
        return True


async def until_empty(queues: QueueService, queue: str) -> None:
    """Return when the queue holds nothing, hidden messages included."""
    async with asyncio.timeout(15):
        while await queues.length(queue):  # noqa: ASYNC110 - only the service knows
            await asyncio.sleep(0.05)


async def texts(queues: QueueService, queue: str) -> list[str]:
    """What a queue shows."""
    return [item.text for item in await queues.peek(queue)]
