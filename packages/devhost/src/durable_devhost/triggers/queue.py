"""Polls a queue and has its messages processed: that of a queue function, or the one of the blob triggers.

The rules are those of the storage extension's `QueueListener`: batches, a threshold for the next one, a pause that
doubles while the queue is empty. Deviations, besides the short hold of `durable_devhost.triggers.queue_processor`:

* With the default `maxPollingInterval` of a minute an idle queue is polled every 2 s, because no developer wants
  to wait for a minute. Any other value in host.json is obeyed.
* The pause is not randomised: there is one host.

Failing storage never ends the listener: it reports the failure once, goes on with pauses that double, and
reports when storage answers again.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from durable_devhost.errors import StorageUnavailable
from durable_devhost.inflight import InFlight
from durable_devhost.settings import QueueSettings
from durable_devhost.storage.account import NotFound, StorageFailure
from durable_devhost.storage.queues import QueueItem, QueueService
from durable_devhost.triggers.queue_processor import HOLD_S, MessageInWork, QueueProcessor, QueueWork

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.1
_DEFAULT_POLLING = timedelta(minutes=1)
_LOCAL_POLLING = timedelta(seconds=2)
_LONGEST_ASKED_S = 60.0


class QueueListener:
    """The listener of one queue, whose messages `work` handles. With `makes_queue` it may create a missing queue.

    `begun_count` counts the messages that it has begun. Only the event loop touches the state, between awaits, so
    there is no lock. `_held` are the messages between receipt and deletion.
    """

    def __init__(
        self,
        *,
        queue: str,
        work: QueueWork,
        queues: QueueService,
        in_flight: InFlight,
        settings: QueueSettings,
        makes_queue: bool = False,
    ) -> None:
        self.queue = queue
        self.begun_count = 0
        self._name = work.name
        self._queues = queues
        self._in_flight = in_flight
        self._settings = settings
        self._makes_queue = makes_queue
        self._is_missing = False
        self._is_in_trouble = False
        self._processor = QueueProcessor(queue=queue, work=work, queues=queues, settings=settings)
        self._held: dict[str, MessageInWork] = {}
        self._wake = asyncio.Event()
        self._freed = asyncio.Event()
        self._drains: list[asyncio.Future[None]] = []
        self._is_stopping = False
        self._asked_pause_s = 0.0

    async def run(self) -> None:
        """Poll and process until stopped or cancelled; an unfinished message then comes back within 4 s."""
        longest = self._settings.max_polling_interval
        longest_s = (_LOCAL_POLLING if longest == _DEFAULT_POLLING else longest).total_seconds()
        pause = _FIRST_PAUSE_S
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self._is_stopping:
                    await self._room()
                    asked = tuple(self._drains)
                    items = await self._receive()
                    for item in items or ():
                        self._take(item, tasks)
                    if items is not None and not self._held:
                        self._drained(asked)
                    woken = not items and await self._paused(max(pause, self._asked_pause_s))
                    pause = _FIRST_PAUSE_S if items or woken else min(pause * 2, longest_s)
        finally:
            for drain in self._drains:
                drain.cancel()

    async def drain(self) -> None:
        """Poll at once, repeatedly, until the queue shows no message and none is in progress.

        A failed message that is retried at once belongs to it; one that is hidden for a while does not. Returns
        only while `run` runs, and is cancelled when that ends.
        """
        drain = asyncio.get_running_loop().create_future()
        self._drains.append(drain)
        self._wake.set()
        try:
            await drain
        finally:
            with suppress(ValueError):
                self._drains.remove(drain)

    def stop(self) -> None:
        """Fetch no more messages; `run` returns when those in progress have ended."""
        self._is_stopping = True
        self._wake.set()
        self._freed.set()

    def nudge(self) -> None:
        """Poll the queue now: this process has just put a message into it."""
        self._wake.set()

    def receipt_of(self, message_id: str) -> str | None:
        """The newest pop receipt of a message in progress, None if it is not."""
        held = self._held.get(message_id)
        return held.item.receipt.pop_receipt if held else None

    async def _room(self) -> None:
        while len(self._held) > self._settings.new_batch_threshold and not self._is_stopping:
            self._freed.clear()
            await self._freed.wait()

    async def _paused(self, seconds: float) -> bool:
        """Wait, and return whether the wait was interrupted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    def _drained(self, asked: Sequence[asyncio.Future[None]]) -> None:
        for drain in asked:
            if not drain.done():
                drain.set_result(None)

    async def _receive(self) -> list[QueueItem] | None:
        """Return the next batch, empty also if the queue does not exist yet; None if storage fails."""
        try:
            items = await self._next_batch()
        except (StorageFailure, StorageUnavailable) as error:
            self._asked_pause_s = min(_asked_pause_s(error), _LONGEST_ASKED_S)
            if not self._is_in_trouble:
                _log.warning(
                    "The queue '%s' of %s cannot be read: %s devhost goes on trying.",
                    self.queue, self._name, error,
                )  # fmt: skip
            self._is_in_trouble = True
            return None
        if self._is_in_trouble:
            _log.warning("The queue '%s' of %s can be read again.", self.queue, self._name)
        self._is_in_trouble, self._asked_pause_s = False, 0.0
        return items

    async def _next_batch(self) -> list[QueueItem]:
        try:
            items = await self._queues.get(self.queue, self._settings.batch_size, hidden_for_s=HOLD_S)
        except NotFound:
            await self._missing()
            return []
        self._is_missing = False
        return items

    async def _missing(self) -> None:
        """Create the queue in the host's own storage; in other storage wait for it. Either is reported once."""
        if self._makes_queue:
            await self._queues.create(self.queue)
        if not self._is_missing and self._makes_queue:
            _log.info("The queue '%s' of %s did not exist; it was made.", self.queue, self._name)
        elif not self._is_missing:
            _log.warning("The queue '%s' of %s does not exist. Make it.", self.queue, self._name)
        self._is_missing = True

    def _take(self, item: QueueItem, tasks: asyncio.TaskGroup) -> None:
        """Begin a message; one that is still held came back because its renewal was late: keep its new receipt."""
        message_id = item.receipt.message_id
        if (held := self._held.get(message_id)) is not None:
            held.item = item
            return
        self.begun_count += 1
        held = self._held[message_id] = MessageInWork(item)
        token = self._in_flight.enter(f"queue {self._name} (message {message_id})")
        tasks.create_task(self._process(held, token))

    async def _process(self, held: MessageInWork, token: int) -> None:
        message_id = held.item.receipt.message_id
        try:
            await self._processor.process(held)
        except NotFound:
            _log.info("Message %s of queue '%s' is gone, or was handed out again.", message_id, self.queue)
        except (StorageFailure, StorageUnavailable) as error:
            _log.warning("Message %s of queue '%s' will come back: %s", message_id, self.queue, error)
        finally:
            del self._held[message_id]
            self._in_flight.leave(token)
            self._freed.set()
            if self._drains:
                self._wake.set()


def _asked_pause_s(error: StorageFailure | StorageUnavailable) -> float:
    """How long storage asks its callers to wait."""
    return (error.retry_after_s or 0.0) if isinstance(error, StorageFailure) else 0.0
