"""Settles deliveries whose effect is stored: tells those who wait, and deletes the messages beside the next episode.

The next episode need not wait for that, unless storage falls behind. What a crash leaves undeleted comes again.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.holds import Hold
from durable_devhost.durable.outbox import Outbox
from durable_devhost.inflight import InFlight

_MOST_BESIDE = 8
"""How many messages may be on their way out while their instances go on; after a crash these come again."""


class DeliverySettler:
    """`run` owns the deletions; deliveries are settled only while it runs."""

    def __init__(self, outbox: Outbox, in_flight: InFlight) -> None:
        self._outbox = outbox
        self._in_flight = in_flight
        self._tasks: asyncio.TaskGroup | None = None
        self._deleting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Delete until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await asyncio.Event().wait()

    async def settle(self, deliveries: Sequence[Delivery]) -> None:
        """The effect of these messages is stored; waits for their deletion only if too many are on their way."""
        for delivery in deliveries:
            delivery.succeed()
        assert self._tasks is not None  # deliveries come from mailboxes, which run beside this
        deleting = []
        for delivery in deliveries:
            if not isinstance(delivery.hold, Hold):
                await self._outbox.finish(delivery.hold)  # without a call: a row goes with the next commit
                self._in_flight.leave(delivery.token)
                continue
            task = self._tasks.create_task(self._outbox.finish(delivery.hold))
            task.add_done_callback(partial(self._deleted, delivery.token))
            self._deleting.add(task)
            deleting.append(task)
        if len(self._deleting) > _MOST_BESIDE:
            await asyncio.gather(*deleting)

    def _deleted(self, token: int, task: "asyncio.Task[None]") -> None:
        self._deleting.discard(task)
        self._in_flight.leave(token)
