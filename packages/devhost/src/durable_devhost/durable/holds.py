"""Messages that this host works on: hidden from everybody else for a few seconds at a time, renewed while it lives.

The real host hides a message for five minutes, which is how long a killed host's work lies still. Here the hold is
short, so that after a crash everything comes back by itself within seconds, to this host or to another. Where storage
takes long to renew all that is held, each renewal is for longer: hundreds of messages that are renewed every other
second would keep storage so busy that renewals are late, messages come back while they are worked on, and hardly any
work is done. So renewals get a small share of the time, and after a crash in such a rush the messages come back later.

A message may be in its queue twice: where the answer to a put is lost, the put is repeated. Both copies carry the same
identity, so the second one is known when it comes, and deleted.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageFailure
from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.names import HubNames
from durable_devhost.taskhub.queues import HubQueues

HOLD = timedelta(seconds=4)
"""How long a message stays hidden without a renewal; queues count whole seconds."""

SHARE = 0.2
"""Of the time, about the most that renewals are to take; each is for as long as that needs, going by the last ones."""
LONGEST_HOLD = timedelta(seconds=60)
"""How long that can become, and so how late messages can come back after a crash."""

_RENEW_BELOW_S = 2.5
_TICK_S = 0.7
_REMEMBERED = 20_000


class Hold:
    """One hidden message; the receipt changes with each renewal."""

    __slots__ = ("expires", "identity", "receipt")

    def __init__(self, receipt: Receipt, identity: str) -> None:
        self.receipt = receipt
        self.identity = identity
        self.expires = monotonic() + HOLD.total_seconds()

    def is_in_a_control_queue(self, names: HubNames) -> bool:
        """Whether this is the message itself, and not the work item whose result is the message."""
        return self.receipt.queue != names.work_items


class Holds:
    """All messages that are held right now. One task renews them; nothing else changes a hold, so no lock is needed."""

    def __init__(self, queues: HubQueues, observer: Observer) -> None:
        self._queues = queues
        self._held: dict[str, Hold] = {}
        self._by_identity: dict[str, Hold] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._garbage: list[Receipt] = []
        self._some = asyncio.Event()
        self._renewal_s = 0.0
        self._patience = Patience(observer, "The messages in work", longest_s=2.0)

    def take(self, receipt: Receipt, message: Message) -> Hold | None:
        """Hold a message that was just hidden for `HOLD`; None where there is nothing to do for it.

        A message can come again while we work on it when a renewal was late: its newer receipt is noted. A second copy
        of one that is held or dealt with is deleted.
        """
        held = self._held.get(receipt.message_id)
        if held is not None:
            held.receipt, held.expires = receipt, monotonic() + HOLD.total_seconds()
            return None
        identity = message.activity_id
        if identity in self._by_identity or identity in self._done:
            self._throw_away(receipt)
            return None
        hold = self._held[receipt.message_id] = self._by_identity[identity] = Hold(receipt, identity)
        self._some.set()
        return hold

    async def finish(self, hold: Hold) -> None:
        """The message is dealt with: delete it, later where storage does not answer."""
        self.drop(hold)
        self._done[hold.identity] = None
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        try:
            await self._queues.delete(hold.receipt)
        except (StorageFailure, StorageUnavailable):
            self._throw_away(hold.receipt)

    def drop(self, hold: Hold) -> None:
        """Stop renewing: the message comes back by itself when its time is up."""
        self._held.pop(hold.receipt.message_id, None)
        self._by_identity.pop(hold.identity, None)

    async def run(self) -> None:
        """Renew what is about to come back, and delete what is left over, until cancelled."""
        while True:
            await self._some.wait()
            async with self._patience.attempt():
                await self._renew_due()
                await self._clean_up()
            if not self._held and not self._garbage:
                self._some.clear()
            await asyncio.sleep(_TICK_S)

    def _throw_away(self, receipt: Receipt) -> None:
        self._garbage.append(receipt)
        self._some.set()

    async def _renew_due(self) -> None:
        due = [hold for hold in self._held.values() if hold.expires - monotonic() < _RENEW_BELOW_S]
        if not due:
            return
        began, span = monotonic(), self._span()
        results = await asyncio.gather(*(self._renew(hold, span) for hold in due), return_exceptions=True)
        self._renewal_s = (self._renewal_s + (monotonic() - began) / len(due)) / 2
        for failure in results:
            if failure is not None:
                raise failure

    def _span(self) -> timedelta:
        """Return for how long to renew, in whole seconds, so that renewing all takes `SHARE` of that time."""
        all_of_them = timedelta(seconds=int(len(self._held) * self._renewal_s / SHARE))
        return min(max(HOLD, all_of_them), LONGEST_HOLD)

    async def _renew(self, hold: Hold, span: timedelta) -> None:
        with suppress(LostRace):  # it comes again, and `take` notes the receipt that counts
            hold.receipt = await self._queues.renew(hold.receipt, span)
        hold.expires = monotonic() + span.total_seconds()

    async def _clean_up(self) -> None:
        while self._garbage:
            receipt = self._garbage.pop()
            try:
                await self._queues.delete(receipt)
            except (StorageFailure, StorageUnavailable):
                self._garbage.append(receipt)
                raise
