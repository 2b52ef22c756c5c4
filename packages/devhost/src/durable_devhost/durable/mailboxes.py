"""A mailbox for each instance: everything that is in it makes one batch, and one task at a time works on a batch.

A batch that could not be stored is tried again as it is, before anything that came later, and as of the same point in
time. So a second attempt decides what the first one decided, with the same ids: whoever got a message of the first
attempt knows the second one for a copy. Only the end of the instance joins a batch whose step has cost its worker, for
such a step may never come to an end.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from durable_devhost.durable.delivery import Delivery
from durable_devhost.model.history import ExecutionTerminated

Work = Callable[[str, "Batch"], Awaitable[float | None]]
"""Works on a batch of an instance; returns None when it is dealt with, or after how many seconds to try it again."""


@dataclass(slots=True)
class Batch:
    """What one turn of a mailbox works on.

    `now` is the point in time of its first attempt, None before that. `is_resting` tells that an attempt has failed and
    that its deliveries are not in flight until the next one, `is_lost` that an attempt has ended with its worker.
    """

    deliveries: list[Delivery]
    now: datetime | None = None
    attempts: int = 0
    is_resting: bool = False
    is_lost: bool = False

    def ends(self, execution_id: str) -> bool:
        """Whether somebody ends this execution, whose function has not come back from the batch."""
        return self.is_lost and any(
            _ends(delivery) and delivery.message.is_for(execution_id) for delivery in self.deliveries
        )


@dataclass(slots=True)
class _Mailbox:
    items: deque[Delivery] = field(default_factory=deque)
    batch: Batch | None = None
    waiters: list[asyncio.Future[None]] = field(default_factory=list)
    is_worked_on: bool = False


class Mailboxes:
    """The mailboxes of all instances. At most `slots` batches are worked on at once; `run` owns every task."""

    def __init__(self, work: Work, *, slots: int) -> None:
        self._work = work
        self._slots = asyncio.Semaphore(slots)
        self._mailboxes: dict[str, _Mailbox] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def __contains__(self, instance_id: object) -> bool:
        return instance_id in self._mailboxes

    def __iter__(self) -> Iterator[str]:
        return iter(self._mailboxes)

    def works_unwatched(self, instance_id: str) -> bool:
        """Whether an instance is being worked on, and nobody waits for this batch or for what is behind it."""
        mailbox = self._mailboxes.get(instance_id)
        if mailbox is None:
            return False
        in_hand = mailbox.batch.deliveries if mailbox.batch else ()
        return not any(delivery.is_awaited for delivery in (*in_hand, *mailbox.items))

    def put(self, delivery: Delivery) -> None:
        """Put a message into its instance's mailbox."""
        instance_id = delivery.message.target.instance_id
        mailbox = self._mailboxes.setdefault(instance_id, _Mailbox())
        mailbox.items.append(delivery)
        self._wake(instance_id, mailbox)

    async def ask(self, instance_id: str) -> None:
        """Have an instance worked on although nothing has come for it: with an empty batch, if nothing comes first."""
        mailbox = self._mailboxes.setdefault(instance_id, _Mailbox())
        done = asyncio.get_running_loop().create_future()
        mailbox.waiters.append(done)
        self._wake(instance_id, mailbox)
        await done

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for instance_id, mailbox in self._mailboxes.items():
                self._wake(instance_id, mailbox)
            await asyncio.Event().wait()

    def _wake(self, instance_id: str, mailbox: _Mailbox) -> None:
        if self._tasks is not None and not mailbox.is_worked_on:
            mailbox.is_worked_on = True
            self._tasks.create_task(self._empty(instance_id, mailbox))

    async def _empty(self, instance_id: str, mailbox: _Mailbox) -> None:
        while mailbox.items or mailbox.waiters:
            batch = mailbox.batch = Batch(list(mailbox.items))
            mailbox.items.clear()
            asked, mailbox.waiters = mailbox.waiters, []
            pause = await self._attempt(instance_id, batch)
            while pause is not None:
                await asyncio.sleep(pause)
                if batch.is_lost and any(map(_ends, mailbox.items)):
                    # Its step has not been stored: it may grow, and be of another time.
                    batch.deliveries += mailbox.items
                    batch.now = None
                    mailbox.items.clear()
                pause = await self._attempt(instance_id, batch)
            for done in asked:
                if not done.done():
                    done.set_result(None)
        mailbox.is_worked_on = False
        self._mailboxes.pop(instance_id, None)

    async def _attempt(self, instance_id: str, batch: Batch) -> float | None:
        async with self._slots:
            batch.attempts += 1
            return await self._work(instance_id, batch)


def _ends(delivery: Delivery) -> bool:
    return isinstance(delivery.message.event, ExecutionTerminated)
