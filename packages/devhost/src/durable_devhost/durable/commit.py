"""Commit: store what an episode decided, in the order that lets any host go on from any instant.

Messages first, then history rows, then the Instances row; only then is anything acted upon or shown
(`AzureStorageOrchestrationService.CompleteTaskOrchestrationWorkItemAsync`). A crash after the messages repeats them, a
crash before loses nothing, because what triggered the episode is still stored.
"""

import asyncio
import math
from dataclasses import dataclass
from datetime import timedelta

from durable_devhost.clock import Clock
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.holds import HOLD
from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.failures import LostRace
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


async def commit(hub: TaskHub, clock: Clock, episode: Episode, *, work_items_to_hold: int) -> Committed:
    """Store `episode`; raises LostRace, with nothing left behind, when another worker committed meanwhile.

    Of its work items the first `work_items_to_hold` are hidden for this host, the others are visible at once: holding
    more than can be run soon would cost a renewal each every two seconds.
    """
    held = 0
    plan: list[tuple[Posting, bool]] = []
    for posting in episode.postings:
        is_held = posting.due is not None or not posting.is_work_item or held < work_items_to_hold
        held += posting.is_work_item
        plan.append((posting, is_held))
    sent = tuple(await asyncio.gather(*(_send(hub, clock, posting, is_held) for posting, is_held in plan)))
    try:
        appended = await hub.history.append(
            episode.instance_id,
            episode.execution_id,
            first_row=episode.first_row,
            events=episode.events,
            etag=episode.etag,
            tail=episode.tail,
        )
    except LostRace:
        await asyncio.gather(*(hub.queues.delete(each.receipt) for each in sent))
        raise
    if episode.record is not None:
        if episode.is_new_record:
            await hub.instances.delete(episode.instance_id) if episode.etag else None
        await hub.instances.merge(episode.record, appended.urls)
    return Committed(appended=appended, sent=sent)


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
