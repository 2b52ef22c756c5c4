"""What happens to messages that cannot be worked on here and now: to their owner, or to later, never to nowhere.

A message that lies in a control queue is given back to it. What this host only has in memory (an activity's result, a
client's event) is put there first, and counts as safe from then on.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.holds import HOLD, Hold, Holds
from durable_devhost.durable.orchestrations.records import record_of
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import TERMINAL, ExecutionStarted, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub

_LONGEST_S = 600
_NOW = timedelta()


class Forwarder:
    """Gives messages back to the control queues. Raises what storage raises; the message is still ours then."""

    def __init__(self, hub: TaskHub, holds: Holds, in_flight: InFlight) -> None:
        self._hub = hub
        self._holds = holds
        self._in_flight = in_flight

    async def pass_on(self, delivery: Delivery) -> None:
        """The instance is another host's: let its owner have the message at once."""
        await self._give_back(delivery, _NOW)

    async def put_off(self, delivery: Delivery) -> None:
        """Nobody expects the message yet: it comes again after 2, 4, 8 … up to 600 s, as on the real host."""
        exponent = min(max(1, delivery.dequeue_count), 10)
        await self._give_back(delivery, timedelta(seconds=min(2**exponent, _LONGEST_S)))

    async def store(self, delivery: Delivery) -> None:
        """Put what is only in memory into the control queue, hidden for us: from then on a crash brings it back."""
        before = delivery.hold
        if before is not None and self._is_in_a_control_queue(before):
            return
        receipt = await self._hub.queues.send_control(delivery.message, visible_after=HOLD)
        hold = self._holds.take(receipt, delivery.message)
        if hold is not None:  # else it was stored meanwhile, and this is a copy
            delivery.hold = hold
            await self._holds.finish(before)
        await self._announce(delivery.message)

    async def send(self, message: Message) -> None:
        """Put a message into its owner's control queue."""
        await self._hub.queues.send_control(message)
        await self._announce(message)

    async def _announce(self, message: Message) -> None:
        """Write the row of a start: the message first, then the row, as the real host does."""
        started = message.event
        if not isinstance(started, ExecutionStarted):
            return
        pending = replace(record_of(started, (), self._hub.names.hub), status=RuntimeStatus.PENDING)
        with suppress(LostRace):  # whoever works on it was faster and has written the row
            try:
                await self._hub.instances.insert(pending)
            except LostRace:
                old = await self._hub.instances.get(pending.instance_id)
                if old is not None and old.etag and old.status in TERMINAL and not _is_same(old, pending):
                    await self._hub.instances.replace(pending, old.etag)

    async def _give_back(self, delivery: Delivery, visible_after: timedelta) -> None:
        hold = delivery.hold
        if hold is not None and self._is_in_a_control_queue(hold):
            self._holds.drop(hold)
            with suppress(LostRace):  # somebody else has it already
                await self._hub.queues.renew(hold.receipt, visible_after)
        else:
            await self._hub.queues.send_control(delivery.message, visible_after=visible_after)
            await self._announce(delivery.message)
            await self._holds.finish(hold)
        delivery.succeed()
        self._in_flight.leave(delivery.token)

    def _is_in_a_control_queue(self, hold: Hold) -> bool:
        return hold.receipt.queue != self._hub.names.work_items


def _is_same(one: InstanceRecord, other: InstanceRecord) -> bool:
    return one.execution_id == other.execution_id
