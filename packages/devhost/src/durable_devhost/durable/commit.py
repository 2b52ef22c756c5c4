"""Commit: store what an episode decided, in the order that lets any host go on from any instant.

Messages first, then history rows, then the Instances row; only then is anything acted upon or shown
(`AzureStorageOrchestrationService.CompleteTaskOrchestrationWorkItemAsync`). A crash after the messages repeats them, a
crash before loses nothing, because what triggered the episode is still stored.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from durable_devhost.clock import Clock
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.holds import HOLD
from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.history import Appended
from durable_devhost.taskhub.hub import TaskHub

_MARGIN = timedelta(seconds=1)
_NOW = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A posting that is stored. `is_held` says that it is hidden for us to hand over, else it is visible to all."""

    posting: Posting
    receipt: Receipt
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A stored episode: what the next one must know of the rows, and what is to be acted upon."""

    appended: Appended
    sent: tuple[Sent, ...]


async def commit(
    hub: TaskHub, clock: Clock, episode: Episode, *, work_items_to_hold: int, is_ours: Callable[[str], bool]
) -> Committed:
    """Store the messages and the history of `episode`; whatever is raised, it takes back the messages that it sent.

    Raises LostRace when another worker committed meanwhile. The Instances row follows: `durable.due_rows`.

    Of its work items the first `work_items_to_hold` are hidden for this host, the others are visible at once: holding
    more than can be run soon would cost a renewal each every two seconds. A message to an instance that `is_ours` does
    not know for ours is visible to its owner at once.
    """
    plan = _held(episode, work_items_to_hold, is_ours)
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
        await asyncio.gather(*(hub.queues.delete(each.receipt) for each in sent), return_exceptions=True)
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


def _held(episode: Episode, work_items_to_hold: int, is_ours: Callable[[str], bool]) -> list[tuple[Posting, bool]]:
    left = work_items_to_hold
    plan: list[tuple[Posting, bool]] = []
    for posting in episode.postings:
        if posting.is_work_item:
            plan.append((posting, left > 0))
            left -= 1
        else:
            plan.append((posting, posting.due is not None or is_ours(posting.message.target.instance_id)))
    return plan


async def _send(hub: TaskHub, clock: Clock, posting: Posting, is_held: bool) -> Sent:
    hidden = HOLD if is_held else _NOW
    if posting.due is not None:
        hidden = _until(posting, clock)
    send = hub.queues.send_work_item if posting.is_work_item else hub.queues.send_control
    return Sent(posting=posting, receipt=await send(posting.message, visible_after=hidden), is_held=is_held)


def _until(posting: Posting, clock: Clock) -> timedelta:
    """How long a timer's message stays invisible: a little longer than the heap needs, which fires to the moment."""
    assert posting.due is not None  # only called for postings that have a due time
    return timedelta(seconds=math.ceil(max(_NOW, posting.due - clock.now()).total_seconds())) + _MARGIN
