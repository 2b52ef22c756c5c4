"""The outbox of standard mode: messages on the hub's queues, stored in the order that lets any host go on at any time.

Messages first, then history rows, then the Instances row; only then is anything acted upon or shown
(`AzureStorageOrchestrationService.CompleteTaskOrchestrationWorkItemAsync`). A crash after the messages repeats them, a
crash before loses nothing, because what triggered the episode is still stored.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from durable_devhost.clock import Clock
from durable_devhost.durable.delivery import Delivery, StoredMessage, Token
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.holds import HOLD, Hold, Holds
from durable_devhost.durable.outbox import Committed, Sent
from durable_devhost.durable.starts import announce
from durable_devhost.model.messages import Message
from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Entry

_MARGIN = timedelta(seconds=1)
_NOW = timedelta()


class QueueOutbox:
    """The messages that this host has in hand are hidden on their queues. Fits `outbox.Outbox`.

    `room` says how many more work items may be held, `is_ours` whose messages are handed over here.
    """

    def __init__(
        self, hub: TaskHub, clock: Clock, holds: Holds, *, room: Callable[[], int], is_ours: Callable[[str], bool]
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._holds = holds
        self._room = room
        self._is_ours = is_ours

    async def commit(self, episode: Episode, deliveries: Sequence[Delivery]) -> Committed:
        """As `outbox.Outbox` says.

        An episode that asks or tells an entity something must come again at the same time after a crash. So what it is
        made of is stored before its requests go out.
        """
        if any(_is_request(posting) for posting in episode.postings):
            await asyncio.gather(*(self.store(each) for each in deliveries))
        return await commit(self._hub, self._clock, episode, work_items_to_hold=self._room(), is_ours=self._is_ours)

    async def store(self, delivery: Delivery) -> None:
        """Put what is only in memory into the control queue, hidden for us: from then on a crash brings it back.

        The delivery has its hold only when the row of a start is there too. Its episode and its caller may both store
        it, and whoever finds it stored tells the caller, who then asks for the row.
        """
        before = delivery.hold
        if isinstance(before, Hold) and before.is_in_a_control_queue(self._hub.names):
            return
        receipt = await self._hub.queues.send_control(delivery.message, visible_after=HOLD)
        hold = self._holds.take(receipt, delivery.message)
        try:
            await announce(self._hub, delivery.message)
        finally:
            if hold is not None:  # else it was stored meanwhile, and this is a copy
                delivery.hold = hold
        if hold is not None:
            await self.finish(before)

    def take(self, token: Token | None, message: Message) -> StoredMessage | None:
        """As `outbox.Outbox` says."""
        return self._holds.take(token, message) if isinstance(token, Receipt) else None

    async def finish(self, kept: StoredMessage | None) -> None:
        """As `outbox.Outbox` says."""
        if isinstance(kept, Hold):
            await self._holds.finish(kept)

    def adopt(self, entry: Entry) -> bool:
        """No message of this mode lies in a row."""
        raise AssertionError(f"{entry} is of a hub in journal mode")

    def forget(self, instance_id: str) -> None:
        """The queues do not lie with an instance's rows."""

    async def run(self) -> None:
        """`Holds` does it."""


async def commit(
    hub: TaskHub, clock: Clock, episode: Episode, *, work_items_to_hold: int, is_ours: Callable[[str], bool]
) -> Committed:
    """Store the messages and the history of `episode`; whatever is raised, it takes back the messages that it sent.

    Raises LostRace when another worker committed meanwhile. The Instances row follows: `durable.due_rows`.

    Of its work items the first `work_items_to_hold` are hidden for this host, the others are visible at once: holding
    more than can be run soon would cost a renewal each every two seconds. A message to an instance that `is_ours` does
    not know for ours is visible to its owner at once.
    """
    plan = _plan_holds(episode, work_items_to_hold, is_ours)
    results = await _all(_send(hub, clock, posting, is_held) for posting, is_held in plan)
    sent = tuple(each for each in results if isinstance(each, Sent))
    try:
        for failure in results:
            if isinstance(failure, BaseException):
                raise failure
        appended = await hub.history.append(
            episode.instance_id,
            episode.execution_id,
            first_row=episode.first_row,
            events=episode.events,
            etag=episode.etag,
            tail=episode.tail,
        )
    except Exception:
        # What cannot be taken back is known for a copy where it arrives, for the next attempt sends the same.
        receipts = [each.token for each in sent if isinstance(each.token, Receipt)]
        await asyncio.gather(*(hub.queues.delete(each) for each in receipts), return_exceptions=True)
        raise
    return Committed(appended=appended, sent=sent)


async def _all(sending: Iterable[Awaitable[Sent]]) -> list[Sent | BaseException]:
    """Send them at the same time and return what came of each; the one of most episodes needs no task."""
    each = list(sending)
    if len(each) > 1:
        return await asyncio.gather(*each, return_exceptions=True)
    try:
        return [await one for one in each]
    except Exception as error:  # noqa: BLE001 - as `gather` has it
        return [error]


def _is_request(posting: Posting) -> bool:
    """Whether this asks or tells an entity something."""
    return not posting.is_work_item and EntityId.is_one(posting.message.target.instance_id)


def _plan_holds(
    episode: Episode, work_items_to_hold: int, is_ours: Callable[[str], bool]
) -> list[tuple[Posting, bool]]:
    left = work_items_to_hold
    plan: list[tuple[Posting, bool]] = []
    for posting in episode.postings:
        if posting.is_work_item:
            plan.append((posting, left > 0))
            left -= 1
        else:
            plan.append((posting, is_ours(posting.message.target.instance_id)))
    return plan


async def _send(hub: TaskHub, clock: Clock, posting: Posting, is_held: bool) -> Sent:
    hidden = HOLD if is_held else _NOW
    if posting.due is not None:
        hidden = _until(posting, clock)
    send = hub.queues.send_work_item if posting.is_work_item else hub.queues.send_control
    return Sent(posting=posting, token=await send(posting.message, visible_after=hidden), is_held=is_held)


def _until(posting: Posting, clock: Clock) -> timedelta:
    """How long a timer's message stays invisible: a little longer than the heap needs, which fires to the moment."""
    assert posting.due is not None  # only called for postings that have a due time
    return timedelta(seconds=math.ceil(max(_NOW, posting.due - clock.now()).total_seconds())) + _MARGIN
