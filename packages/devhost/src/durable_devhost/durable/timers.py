"""The durable timers that are due in the future: one heap, fired by the host's clock.

Every timer also has an invisible message in its control queue, for the case that this host is gone when it is due; in
journal mode the history alone tells of it. The heap is what makes it fire on time, in order and without polling.
"""

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime

from durable_devhost.clock import Clock
from durable_devhost.durable.delivery import Token
from durable_devhost.model.history import TimerFired
from durable_devhost.model.messages import Message


class TimerHeap:
    """Timers by the time at which they are due; equal times fire in the order in which they were armed."""

    def __init__(self, clock: Clock, fire: Callable[[Message, Token | None], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[datetime, int, Message, Token | None]] = []
        self._armed: set[tuple[str, str | None, int]] = set()
        self._count = 0
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._heap)

    def arm(self, message: Message, due: datetime, token: Token | None) -> None:
        """Deliver `message` when it is `due`; a timer that is armed already is not armed twice."""
        if isinstance(message.event, TimerFired):
            key = _key(message, message.event)
            if key in self._armed:
                return
            self._armed.add(key)
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, message, token))
        if self._heap[0][1] == self._count:
            self._changed.set()

    def disarm(self, is_meant: Callable[[str], bool]) -> None:
        """Forget the timers of the instances that are meant; their messages stay in the queue."""
        self._heap = [entry for entry in self._heap if not is_meant(entry[2].target.instance_id)]
        heapq.heapify(self._heap)
        self._armed = {key for key in self._armed if not is_meant(key[0])}
        self._changed.set()

    def next_due(self) -> datetime | None:
        """When the next timer is due, None when there is none."""
        return self._heap[0][0] if self._heap else None

    def fire_due(self) -> None:
        """Deliver everything that is due by now, in order."""
        while self._heap and self._heap[0][0] <= self._clock.now():
            _, _, message, token = heapq.heappop(self._heap)
            if isinstance(message.event, TimerFired):
                self._armed.discard(_key(message, message.event))
            self._fire(message, token)

    async def run(self) -> None:
        """Fire timers as they become due, until cancelled."""
        while True:
            self._changed.clear()
            due = self.next_due()
            if due is None:
                await self._changed.wait()
                continue
            sleeping = asyncio.ensure_future(self._clock.sleep_until(due))
            changed = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait((sleeping, changed), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeping.cancel()
                changed.cancel()
            self.fire_due()


def _key(message: Message, event: TimerFired) -> tuple[str, str | None, int]:
    return (message.target.instance_id, message.target.execution_id, event.timer_id)
