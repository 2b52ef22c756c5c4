"""What happens to one queue message: decoded, kept hidden while its function runs, then deleted, retried or poisoned.

The rules are those of the storage extension's `QueueProcessor`. A message is held for 4 s and renewed, not for ten
minutes as there: after a kill -9 it is back at once.

Whatever storage refuses or leaves without an answer, a message that is not deleted comes again. What is done with it by
then is remembered for as long as this processor lives: it is only deleted, not run or copied a second time.
"""

import asyncio
import base64
import logging
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from durable_devhost.clock import real_now
from durable_devhost.dispatch.bindings import is_binary
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
_REMEMBERED = 10_000
_STORAGE_TICK = timedelta(seconds=1)
_SPACE = re.compile(r"[ \t\r\n]")


class MessageInWork:
    """A message that is being worked on; `item` carries the newest receipt, `is_late` says that a renewal failed."""

    __slots__ = ("is_late", "item")

    def __init__(self, item: QueueItem) -> None:
        self.item = item
        self.is_late = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonPlace:
    """Where the messages go that cannot be handled."""

    queues: QueueService
    queue: str


class QueueWork(Protocol):
    """What the messages of one queue are for: a queue function, or all blob functions of the host."""

    @property
    def name(self) -> str:
        """Whose messages they are, for people."""
        ...

    @property
    def is_binary(self) -> bool:
        """Whether a message may be bytes that are no UTF-8 text."""
        ...

    async def run(self, body: str | bytes, item: QueueItem, /) -> Outcome:
        """Do what a message asks for; one that has failed comes again."""
        ...

    def poison_place(self, item: QueueItem, /) -> PoisonPlace | None:
        """Where a message goes that failed too often; None where there is no such place."""
        ...


class FunctionMessages:
    """The messages of a queue function."""

    def __init__(self, function: Function, invoker: Invoker, queues: QueueService) -> None:
        self.name = function.name
        self.is_binary = is_binary(function.trigger)
        self._function = function
        self._invoker = invoker
        poison = _poison_queue(function.trigger.text("queueName") or "")
        self._poison = PoisonPlace(queues=queues, queue=poison) if poison else None

    async def run(self, body: str | bytes, item: QueueItem, /) -> Outcome:
        """Run the function with the message."""
        return await self._invoker.invoke(self._function, trigger_value=body, trigger_metadata=_metadata(item))

    def poison_place(self, _item: QueueItem, /) -> PoisonPlace | None:
        """The queue beside the function's own; None for a poison queue itself, and for an overlong name."""
        return self._poison


class QueueProcessor:
    """Processes the messages of one queue, any number at a time.

    The event loop alone touches all state. The one lock keeps copies to the poison queue apart: two messages may have
    the same text, and a copy is known by its text.
    """

    def __init__(self, *, queue: str, work: QueueWork, queues: QueueService, settings: QueueSettings) -> None:
        self.queue = queue
        self._work = work
        self._queues = queues
        self._settings = settings
        self._done: set[str] = set()
        self._copying = asyncio.Lock()
        self._unanswered: dict[str, datetime] = {}
        self._copies: deque[str] = deque(maxlen=_REMEMBERED)

    async def process(self, held: MessageInWork) -> None:
        """Bring one message to its end; on a storage error, which is raised, it comes back by itself."""
        message_id = held.item.receipt.message_id
        if message_id not in self._done:
            if not await self._handle(held):
                return
            self._done.add(message_id)
        await self._queues.delete(held.item.receipt)
        self._done.discard(message_id)

    async def _handle(self, held: MessageInWork) -> bool:
        """Do what is to be done with a message, and tell whether it has to be deleted now."""
        if held.item.dequeue_count > self._settings.max_dequeue_count and self._work.poison_place(held.item):
            return await self._give_up(held, "it was tried too often")
        body = body_of(held.item.text, self._settings.message_encoding)
        if body is None:
            return await self._give_up(held, "it is not Base64, which messageEncoding in host.json asks for")
        if self._work.is_binary and isinstance(body, str):
            body = body.encode()
        if isinstance(body, bytes) and not self._work.is_binary:
            name = self._work.name
            return await self._failed(held, f'it is no UTF-8 text, and the trigger of {name} has no data_type="binary"')
        if isinstance(await self._run_held(held, body), Raised):
            return await self._failed(held, f"the function failed {held.item.dequeue_count} times")
        return True

    async def _run_held(self, held: MessageInWork, body: str | bytes) -> Outcome:
        """Run the function while the message is kept hidden.

        The keeper is asked to stop, never cancelled: a renewal that was sent voids the receipt, its answer is needed.
        """
        done = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(held, done))
            try:
                return await self._work.run(body, held.item)
            finally:
                done.set()

    async def _keep(self, held: MessageInWork, done: asyncio.Event) -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_S):
                    await done.wait()
            if not done.is_set():
                await self._renew(held)

    async def _renew(self, held: MessageInWork) -> None:
        """Hide the message for longer. Where that fails it may come again; the listener notes its new receipt."""
        item = held.item
        try:
            receipt = await self._queues.update(item.receipt, visible_after_s=HOLD_S)
        except (StorageFailure, StorageUnavailable) as error:
            if not held.is_late:
                _log.warning("Message %s of '%s' could not be renewed: %s", item.receipt.message_id, self.queue, error)
            held.is_late = True
            return
        if held.item is item:  # else it has come again meanwhile, and this receipt is the older one
            held.item = replace(item, receipt=receipt)

    async def _failed(self, held: MessageInWork, why: str) -> bool:
        if held.item.dequeue_count >= self._settings.max_dequeue_count or not self._work.poison_place(held.item):
            return await self._give_up(held, why)
        hide_s = int(self._settings.visibility_timeout.total_seconds())
        await self._queues.update(held.item.receipt, visible_after_s=hide_s)
        return False

    async def _give_up(self, held: MessageInWork, why: str) -> bool:
        """Copy a message to the poison queue; where there can be none it rests for ten minutes, as on the real host."""
        item, poison = held.item, self._work.poison_place(held.item)
        if poison is None:
            await self._queues.update(item.receipt, visible_after_s=_NO_POISON_HIDE_S)
            return False
        async with self._copying:
            await self._copy(item, poison)
        _log.warning(
            "Message %s of queue '%s' was moved to '%s': %s.", item.receipt.message_id, self.queue, poison.queue, why
        )
        return True

    async def _copy(self, item: QueueItem, poison: PoisonPlace) -> None:
        """Put a copy into the poison queue; deleted is later, so that a crash leaves the message twice, never nowhere.

        The put is sent once. Where its answer is lost, the message comes again, and then the copy is looked for first.
        """
        message_id = item.receipt.message_id
        since = self._unanswered.get(message_id)
        if since is None or not await self._has_copy(item.text, poison, since):
            self._unanswered.setdefault(message_id, real_now() - _STORAGE_TICK)
            try:
                copy = await poison.queues.put(poison.queue, item.text, repeats=False)
            except NotFound:
                await poison.queues.create(poison.queue)
                copy = await poison.queues.put(poison.queue, item.text, repeats=False)
            self._copies.append(copy.message_id)
        del self._unanswered[message_id]

    async def _has_copy(self, text: str, poison: PoisonPlace, since: datetime) -> bool:
        """Whether a copy without an answer is there: put in since then, and none of those that have one."""
        try:
            shown = await poison.queues.peek(poison.queue)
        except StorageFailure as error:
            if error.status not in (404, 500):
                raise
            return False  # there is no such queue, or it holds a message that storage cannot show
        for other in shown:
            copy_id = other.receipt.message_id
            if other.text == text and other.inserted_on >= since and copy_id not in self._copies:
                self._copies.append(copy_id)
                return True
        return False


def _poison_queue(queue: str) -> str:
    """Name the queue for messages that cannot be handled; empty for a poison queue itself or an overlong name."""
    name = f"{queue}-poison"
    return "" if queue.endswith("-poison") or len(name) > _LONGEST_NAME else name


def body_of(text: str, encoding: MessageEncoding) -> str | bytes | None:
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
