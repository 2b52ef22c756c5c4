"""Messages that this host works on: hidden from everybody else for a few seconds at a time, renewed while it lives.

The real host hides a message for five minutes, which is how long a killed host's work lies still. Here the hold is
short, so that after a crash everything comes back by itself within seconds, to this host or to another.
"""

import asyncio
from datetime import timedelta
from time import monotonic

from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.queues import HubQueues

HOLD = timedelta(seconds=4)
"""How long a message stays hidden without a renewal; queues count whole seconds."""

_RENEW_BELOW_S = 2.5
_TICK_S = 0.7


class Hold:
    """One hidden message; the receipt changes with each renewal."""

    __slots__ = ("expires", "receipt")

    def __init__(self, receipt: Receipt, hidden_for: timedelta = HOLD) -> None:
        self.receipt = receipt
        self.expires = monotonic() + hidden_for.total_seconds()


class Holds:
    """All messages that are held right now. One task renews them; nothing else changes a hold, so no lock is needed."""

    def __init__(self, queues: HubQueues) -> None:
        self._queues = queues
        self._held: dict[str, Hold] = {}
        self._some = asyncio.Event()

    def take(self, receipt: Receipt) -> Hold | None:
        """Hold a message that was just hidden for `HOLD`; None if it is held already, with the newer receipt noted.

        A message can come again while we work on it when a renewal was late; the first delivery stays the one.
        """
        held = self._held.get(receipt.message_id)
        if held is not None:
            held.receipt, held.expires = receipt, monotonic() + HOLD.total_seconds()
            return None
        hold = self._held[receipt.message_id] = Hold(receipt)
        self._some.set()
        return hold

    async def finish(self, hold: Hold | None) -> None:
        """The message is dealt with: delete it."""
        if hold is not None:
            self._held.pop(hold.receipt.message_id, None)
            await self._queues.delete(hold.receipt)

    def drop(self, hold: Hold | None) -> None:
        """Stop renewing: the message comes back by itself when its time is up."""
        if hold is not None:
            self._held.pop(hold.receipt.message_id, None)

    async def run(self) -> None:
        """Renew what is about to come back, until cancelled."""
        while True:
            await self._some.wait()
            due = [hold for hold in self._held.values() if hold.expires - monotonic() < _RENEW_BELOW_S]
            await asyncio.gather(*(self._renew(hold) for hold in due))
            if not self._held:
                self._some.clear()
            await asyncio.sleep(_TICK_S)

    async def _renew(self, hold: Hold) -> None:
        try:
            hold.receipt = await self._queues.renew(hold.receipt, HOLD)
            hold.expires = monotonic() + HOLD.total_seconds()
        except LostRace:
            hold.expires = monotonic() + HOLD.total_seconds()
