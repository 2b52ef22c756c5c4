"""What happens to messages that cannot be worked on here and now: to their owner, or to later, never to nowhere.

A message that lies in a control queue is given back to it. What this host only has in memory (an activity's result, a
client's event), or in a row of its own, is put there first, and counts as safe from then on.
"""

from contextlib import suppress
from datetime import timedelta

from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.holds import Hold, Holds
from durable_devhost.durable.outbox import Outbox
from durable_devhost.durable.starts import announce
from durable_devhost.inflight import InFlight
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub

_LONGEST_S = 600
_NOW = timedelta()


class Forwarder:
    """Gives messages back to the control queues. Raises what storage raises; the message is still ours then."""

    def __init__(self, hub: TaskHub, holds: Holds, outbox: Outbox, in_flight: InFlight) -> None:
        self._hub = hub
        self._holds = holds
        self._outbox = outbox
        self._in_flight = in_flight

    async def pass_on(self, delivery: Delivery) -> None:
        """The instance is another host's: let its owner have the message at once."""
        await self._give_back(delivery, _NOW)

    async def put_off(self, delivery: Delivery) -> None:
        """Nobody expects the message yet: it comes again after 2, 4, 8 … up to 600 s, as on the real host."""
        exponent = min(max(1, delivery.dequeue_count), 10)
        await self._give_back(delivery, timedelta(seconds=min(2**exponent, _LONGEST_S)))

    async def send(self, message: Message, visible_after: timedelta = _NOW) -> None:
        """Put a message into its owner's control queue."""
        await self._hub.queues.send_control(message, visible_after=visible_after)
        await announce(self._hub, message)

    async def _give_back(self, delivery: Delivery, visible_after: timedelta) -> None:
        hold = delivery.hold
        if isinstance(hold, Hold) and hold.is_in_a_control_queue(self._hub.names):
            self._holds.drop(hold)
            with suppress(LostRace):  # somebody else has it already
                await self._hub.queues.renew(hold.receipt, visible_after)
        else:
            await self.send(delivery.message, visible_after)
            await self._outbox.finish(hold)
        delivery.succeed()
        self._in_flight.leave(delivery.token)
