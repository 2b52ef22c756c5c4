"""What happens to one queue message: decoded, kept hidden while its function runs, then deleted, retried or poisoned.

The rules are those of the storage extension's `QueueProcessor`. A message is held for 4 s and renewed, not for ten
minutes as there: after a kill -9 it is back at once.
"""

import asyncio
import base64
import logging
import re
from contextlib import suppress
from dataclasses import replace

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome, Raised
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.functions import Function
from durable_devhost.settings import MessageEncoding, QueueSettings
from durable_devhost.storage.account import NotFound, StorageFailure
from durable_devhost.storage.queues import QueueItem, QueueService

_log = logging.getLogger(__name__)

HOLD_S = 4
"""For how long a received message is hidden; what a crash costs."""

_RENEW_S = 1.5
_NO_POISON_HIDE_S = 600
_LONGEST_NAME = 63
_SPACE = re.compile(r"[ \t\r\n]")


class Held:
    """A message that is being worked on; `item` carries the newest receipt."""

    __slots__ = ("item",)

    def __init__(self, item: QueueItem) -> None:
        self.item = item


class QueueProcessor:
    """Processes the messages of one queue, any number at a time."""

    def __init__(self, *, function: Function, queues: QueueService, invoker: Invoker, settings: QueueSettings) -> None:
        self.queue = function.trigger.text("queueName") or ""
        self._function = function
        self._queues = queues
        self._invoker = invoker
        self._settings = settings
        self._poison_queue = _poison_queue(self.queue)

    async def process(self, held: Held) -> None:
        """Bring one message to its end; on a storage error, which is raised, it comes back by itself."""
        if held.item.dequeue_count > self._settings.max_dequeue_count and self._poison_queue:
            await self._move_to_poison(held, "it was tried too often")
            return
        body = _body(held.item.text, self._settings.message_encoding)
        if body is None:
            await self._give_up(held, "it is not Base64, which messageEncoding in host.json asks for")
        elif isinstance(await self._run_held(held, body), Raised):
            await self._failed(held)
        else:
            await self._queues.delete(held.item.receipt)

    async def _run_held(self, held: Held, body: str | bytes) -> Outcome:
        """Run the function while the message is kept hidden.

        The keeper is asked to stop, never cancelled: a renewal that was sent voids the receipt, its answer is needed.
        """
        done = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(held, done))
            try:
                return await self._invoker.invoke(
                    self._function, trigger_value=body, trigger_metadata=_metadata(held.item)
                )
            finally:
                done.set()

    async def _keep(self, held: Held, done: asyncio.Event) -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_S):
                    await done.wait()
            if not done.is_set():
                await self._renew(held)

    async def _renew(self, held: Held) -> None:
        item = held.item
        try:
            receipt = await self._queues.update(item.receipt, visible_after_s=HOLD_S)
        except (StorageFailure, StorageUnavailable) as error:
            _log.warning("Message %s of '%s' could not be renewed: %s", item.receipt.message_id, self.queue, error)
            return
        held.item = replace(item, receipt=receipt)

    async def _failed(self, held: Held) -> None:
        if held.item.dequeue_count >= self._settings.max_dequeue_count or not self._poison_queue:
            await self._give_up(held, f"the function failed {held.item.dequeue_count} times")
            return
        hide_s = int(self._settings.visibility_timeout.total_seconds())
        await self._queues.update(held.item.receipt, visible_after_s=hide_s)

    async def _give_up(self, held: Held, why: str) -> None:
        """Move a message to the poison queue; where there can be none it rests for ten minutes, as on the real host."""
        if self._poison_queue:
            await self._move_to_poison(held, why)
        else:
            await self._queues.update(held.item.receipt, visible_after_s=_NO_POISON_HIDE_S)

    async def _move_to_poison(self, held: Held, why: str) -> None:
        """Copy first, delete then: a crash in between leaves the message twice, never nowhere."""
        poison, item = self._poison_queue, held.item
        try:
            await self._queues.put(poison, item.text)
        except NotFound:
            await self._queues.create(poison)
            await self._queues.put(poison, item.text)
        await self._queues.delete(item.receipt)
        _log.warning(
            "Message %s of queue '%s' was moved to '%s': %s.", item.receipt.message_id, self.queue, poison, why
        )


def _poison_queue(queue: str) -> str:
    """Name the queue for messages that cannot be handled; empty for a poison queue itself or an overlong name."""
    name = f"{queue}-poison"
    return "" if queue.endswith("-poison") or len(name) > _LONGEST_NAME else name


def _body(text: str, encoding: MessageEncoding) -> str | bytes | None:
    """Return the message as text, as bytes where it is no UTF-8, or None where it is not in the encoding."""
    if encoding == "none":
        return text
    try:
        content = base64.b64decode(_SPACE.sub("", text), validate=True)
    except ValueError:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _metadata(item: QueueItem) -> dict[str, object]:
    return {
        "Id": item.receipt.message_id,
        "DequeueCount": item.dequeue_count,
        "InsertionTime": item.inserted_on,
        "ExpirationTime": item.expires_on,
        "NextVisibleTime": item.next_visible_on,
        "PopReceipt": item.receipt.pop_receipt,
    }
