"""The control queues and the work-item queue: messages in the hub's envelope, large ones by way of a blob."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from durable_devhost.model.messages import CorruptMessage, Message, decode, encode, encode_reference
from durable_devhost.storage.account import NotFound
from durable_devhost.storage.queues import MAX_BATCH, QueueItem, QueueService, Receipt
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.large_messages import MESSAGE_LIMIT, LargeMessages
from durable_devhost.taskhub.names import HubNames, partition_of

_MAX_DELAY_S = 7 * 24 * 3600
_MAX_ABANDON_S = 600
_NOW = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message that was handed to us, hidden from others for a while."""

    message: Message
    receipt: Receipt
    dequeue_count: int
    inserted_on: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecodable:
    """Something on a hub queue that is no message; `reason` says why. It must be abandoned, never deleted."""

    reason: str
    text: str
    receipt: Receipt
    dequeue_count: int
    inserted_on: datetime


class HubQueues:
    """Sends and receives the messages of one hub."""

    def __init__(self, queues: QueueService, large: LargeMessages, names: HubNames, partition_count: int) -> None:
        self._queues = queues
        self._large = large
        self._names = names
        self._partition_count = partition_count
        self._sequence = itertools.count(1)

    def partition_of(self, instance_id: str) -> int:
        """The partition whose control queue gets the messages of an instance."""
        return partition_of(instance_id, self._partition_count)

    async def send_control(self, message: Message, *, visible_after: timedelta = _NOW) -> Receipt:
        """Send a message to its target's control queue; see `_send` for the delay."""
        queue = self._names.control(self.partition_of(message.target.instance_id))
        return await self._send(queue, message, visible_after)

    async def send_work_item(self, message: Message, *, visible_after: timedelta = _NOW) -> Receipt:
        """Send a scheduled activity to the work-item queue; see `_send` for the delay."""
        return await self._send(self._names.work_items, message, visible_after)

    async def receive_control(
        self, partition: int, hidden_for: timedelta, count: int = MAX_BATCH
    ) -> list[Received | Undecodable]:
        """Take up to `count` (at most 32) messages of a partition, in the order in which they were sent."""
        return await self._receive(self._names.control(partition), hidden_for, count)

    async def receive_work_items(self, hidden_for: timedelta, count: int = 1) -> list[Received | Undecodable]:
        """Take up to `count` (at most 32) scheduled activities."""
        return await self._receive(self._names.work_items, hidden_for, count)

    async def make_again(self, queue: str) -> None:
        """Make a queue of the hub that somebody has deleted; what was in it is gone."""
        await self._queues.create(queue)

    async def renew(self, receipt: Receipt, hidden_for: timedelta) -> Receipt:
        """Hide a message for `hidden_for` from now on; raises LostRace when it was handed to somebody else."""
        try:
            return await self._queues.update(receipt, visible_after_s=_seconds(hidden_for))
        except NotFound as error:
            raise LostRace("The message was handed to another worker, or deleted.") from error

    async def delete(self, receipt: Receipt) -> bool:
        """Delete a message; False when it is gone or was handed to somebody else, who will see that it is done."""
        try:
            await self._queues.delete(receipt)
        except NotFound:
            return False
        return True

    async def abandon(self, received: Received | Undecodable) -> timedelta:
        """Give a message back and return when it comes again: after 2, 4, 8 … up to 600 s, as often as it was taken."""
        delay = min(2**received.dequeue_count, _MAX_ABANDON_S) if received.dequeue_count < 10 else _MAX_ABANDON_S
        try:
            await self._queues.update(received.receipt, visible_after_s=delay)
        except NotFound:
            return timedelta()
        return timedelta(seconds=delay)

    async def _send(self, queue: str, message: Message, visible_after: timedelta) -> Receipt:
        """Send a message, through a blob above 45 KiB.

        Queues know whole seconds: the delay is rounded up, so that nothing comes early, and cut at seven days.
        """
        numbered = replace(message, sequence_number=next(self._sequence))
        text = encode(numbered)
        if len(text) * 4 > MESSAGE_LIMIT and len(text.encode(errors="replace")) > MESSAGE_LIMIT:
            text = encode_reference(await self._large.put_message(numbered, text))
        hidden_for_s = _seconds(visible_after)
        try:
            return await self._queues.put(queue, text, visible_after_s=hidden_for_s)
        except NotFound:
            await self.make_again(queue)
            return await self._queues.put(queue, text, visible_after_s=hidden_for_s)

    async def _receive(self, queue: str, hidden_for: timedelta, count: int) -> list[Received | Undecodable]:
        items = await self._queues.get(queue, count, hidden_for_s=max(1, _seconds(hidden_for)))
        return _in_order([await self._read(item) for item in items])

    async def _read(self, item: QueueItem) -> Received | Undecodable:
        try:
            message = decode(item.text)
            if isinstance(message, str):
                message = await self._fetch(message)
        except CorruptMessage as error:
            return Undecodable(
                reason=str(error),
                text=item.text,
                receipt=item.receipt,
                dequeue_count=item.dequeue_count,
                inserted_on=item.inserted_on,
            )
        return Received(
            message=message, receipt=item.receipt, dequeue_count=item.dequeue_count, inserted_on=item.inserted_on
        )

    async def _fetch(self, name: str) -> Message:
        text = await self._large.read(name)
        if text is None:
            raise CorruptMessage(f"it names the blob '{name}', which is not there or not readable")
        message = decode(text)
        if isinstance(message, str):
            raise CorruptMessage(f"the blob '{name}' names another blob")
        return message


def _in_order(found: Sequence[Received | Undecodable]) -> list[Received | Undecodable]:
    """Sort by time of insertion, which Azurite keeps in whole seconds, then by the sender's counter."""
    return sorted(found, key=lambda item: (item.inserted_on, _number(item)))


def _number(item: Received | Undecodable) -> int:
    return item.message.sequence_number if isinstance(item, Received) else 0


def _seconds(delay: timedelta) -> int:
    return min(max(0, math.ceil(delay.total_seconds())), _MAX_DELAY_S)
