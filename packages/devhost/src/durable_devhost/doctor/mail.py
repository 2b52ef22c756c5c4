"""What lies on the queues of a hub at rest: read without taking anything away."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from durable_devhost.durable.holds import HOLD
from durable_devhost.model.history import (
    ExecutionStarted,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.model.messages import CorruptMessage, Message, decode
from durable_devhost.storage.queues import MAX_BATCH, QueueItem
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Pending

_LOOK_AGAIN_S = 0.25
_TAKEN_FOR_S = 60
_SETTLING = HOLD + timedelta(seconds=1)

Task = tuple[str, int]
"""An instance's id and the id of one of its tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The messages of a hub by what they are for.

    `hidden` counts those that cannot be seen, because a host hid them or they are due later, such as timers;
    `unreadable` those that are no messages.
    """

    work_items: frozenset[Task] = frozenset()
    starts: frozenset[str] = frozenset()
    answers: frozenset[Task] = frozenset()
    hidden: int = 0
    unreadable: int = 0

    @classmethod
    def of(cls, messages: Iterable[Message], *, hidden: int = 0, unreadable: int = 0) -> "Mail":
        """Sort messages."""
        work_items, starts, answers = set[Task](), set[str](), set[Task]()
        for message in messages:
            instance_id = message.target.instance_id
            match message.event:
                case TaskScheduled(event_id=task_id):
                    work_items.add((instance_id, task_id))
                case ExecutionStarted():
                    starts.add(instance_id)
                case (
                    TaskCompleted(task_id=task_id)
                    | TaskFailed(task_id=task_id)
                    | SubOrchestrationCompleted(task_id=task_id)
                    | SubOrchestrationFailed(task_id=task_id)
                ):
                    answers.add((instance_id, task_id))
                case _:
                    continue
        return cls(
            work_items=frozenset(work_items),
            starts=frozenset(starts),
            answers=frozenset(answers),
            hidden=hidden,
            unreadable=unreadable,
        )


async def read_mail(hub: TaskHub) -> Mail:
    """All messages of the hub that can be seen, on its queues and in rows.

    A host that was killed holds messages for a few seconds more: while there are hidden ones, it is waited for so long.
    """
    give_up = asyncio.get_running_loop().time() + _SETTLING.total_seconds()
    while True:
        mail = await _read_once(hub)
        if not mail.hidden or asyncio.get_running_loop().time() > give_up:
            return mail
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _read_once(hub: TaskHub) -> Mail:
    messages: list[Message] = []
    hidden = unreadable = 0
    async for pending in hub.journal.pending():  # of a hub in journal mode
        if isinstance(pending, Pending):
            messages.append(pending.message)
        else:
            unreadable += 1
    queues = [hub.names.work_items, *(hub.names.control(each) for each in range(hub.partition_count))]
    for queue in queues:
        length = await hub.queue_service.length(queue)
        items = await _visible(hub, queue, length)
        hidden += max(0, length - len(items))
        for item in items:
            message = await _read(hub, item.text)
            if message is None:
                unreadable += 1
            else:
                messages.append(message)
    return Mail.of(messages, hidden=hidden, unreadable=unreadable)


async def _visible(hub: TaskHub, queue: str, length: int) -> Sequence[QueueItem]:
    """The visible messages of a queue. Only the first 32 can be looked at: of more, all are taken and given back."""
    items = await hub.queue_service.peek(queue)
    if len(items) < MAX_BATCH or len(items) == length:
        return items
    taken: list[QueueItem] = []
    try:
        while batch := await hub.queue_service.get(queue, MAX_BATCH, hidden_for_s=_TAKEN_FOR_S):
            taken += batch
    finally:
        for item in taken:
            await hub.queue_service.update(item.receipt, visible_after_s=0)
    return taken


async def _read(hub: TaskHub, text: str) -> Message | None:
    try:
        message = decode(text)
        if isinstance(message, str):
            whole = await hub.large_messages.read(message)
            message = decode(whole) if whole is not None else message
    except CorruptMessage:
        return None
    return message if isinstance(message, Message) else None
