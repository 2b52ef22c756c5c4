"""The listeners of the app's queue, blob and timer functions, which a reload of the app replaces."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType
from durable_devhost.triggers.blobs.listener import BlobListener
from durable_devhost.triggers.queue import QueueListener
from durable_devhost.triggers.timer import TimerListener


class TriggerListeners:
    """Owns the listeners of one catalog at a time. They listen while `run` runs.

    `queue_listener` and `timer_listener` make a listener for a function, `blob_listener` one for all blob functions.
    One event loop touches the state, so there is no lock.
    """

    def __init__(
        self,
        catalog: FunctionCatalog,
        *,
        queue_listener: Callable[[Function], QueueListener],
        blob_listener: Callable[[Sequence[Function]], BlobListener],
        timer_listener: Callable[[Function], TimerListener],
    ) -> None:
        self._queue_listener = queue_listener
        self._blob_listener = blob_listener
        self._timer_listener = timer_listener
        self._generation = asyncio.Event()
        self._is_stopping = False
        self.replace(catalog)

    def replace(self, catalog: FunctionCatalog) -> None:
        """Listen for the functions of this catalog from now on; work in progress is finished first."""
        self.queues = [self._queue_listener(function) for function in catalog.of(TriggerType.QUEUE)]
        blobs = catalog.of(TriggerType.BLOB)
        self.blobs = [self._blob_listener(blobs)] if blobs else []
        self.timers = [self._timer_listener(function) for function in catalog.of(TriggerType.TIMER)]
        self._generation.set()

    def nudge(self, queue: str) -> None:
        """Poll this queue now: the host has just put a message into it."""
        for listener in self.queues:
            if listener.queue == queue:
                listener.nudge()

    async def timer_info(self, function: Function) -> Mapping[str, Any]:
        """The TimerInfo for a manual run of this timer function; it may be disabled, and without a listener."""
        return await self._timer_listener(function).info()

    def scan_container(self, container: str) -> None:
        """Scan this container now: the host has just put a blob into it."""
        for listener in self.blobs:
            listener.nudge(container)

    @property
    def fetching_listeners(self) -> Sequence[QueueListener | BlobListener]:
        """The listeners that fetch their work from storage, and can be asked to fetch all of it at once."""
        return [*self.queues, *self.blobs]

    def stop(self) -> None:
        """Take no new work; work in progress is finished."""
        self._is_stopping = True
        self._generation.set()

    async def run(self) -> None:
        """Listen until stopped or cancelled."""
        while not self._is_stopping:
            self._generation.clear()
            fetching, timers = self.fetching_listeners, self.timers
            async with asyncio.TaskGroup() as tasks:
                for listener in fetching:
                    tasks.create_task(listener.run())
                running = [tasks.create_task(timer.run()) for timer in timers]
                await self._generation.wait()
                for listener in fetching:
                    listener.stop()
                for timer, task in zip(timers, running, strict=True):
                    timer.stop(task)
