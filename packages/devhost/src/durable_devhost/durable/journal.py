"""The outbox of journal mode: messages in rows beside the history, stored and deleted in its own transactions.

A commit is one call: events, messages that go out, and the deletion of what had its effect. Three things need no row:
the input of an activity is in a column of its TaskScheduled event, a timer is told by its TimerCreated event, and what
came through a queue stays there until its effect is stored. `durable.recall` brings all of it back after a crash.
"""

import asyncio
from collections.abc import Iterable, Sequence

from durable_devhost.clock import Clock
from durable_devhost.durable.delivery import Delivery, StoredMessage, Token
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.durable.holds import Hold, Holds
from durable_devhost.durable.outbox import Committed, Sent
from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.durable.starts import announce
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.history import TaskScheduled, TimerFired
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import StorageFailure
from durable_devhost.storage.queues import Receipt
from durable_devhost.storage.tables import Operation
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import Entry, Pending, deletion

CLEAN_UP_AFTER_S = 1.0
"""How long a message whose effect is stored lies there at least, for the next commit of its instance to delete it."""


class JournalOutbox:
    """The messages that this host has in hand. Fits `outbox.Outbox`; one event loop touches all, so no lock.

    `_open` are in hand. `_settled`, by their instance, have had their effect and go with its next commit, or with the
    next cleaning. A commit fails where a row that it deletes is gone. So `_loose` are left to the cleaning, which does
    not mind, once they are settled.
    """

    def __init__(self, hub: TaskHub, clock: Clock, holds: Holds, observer: Observer) -> None:
        self._hub = hub
        self._clock = clock
        self._holds = holds
        self._open: set[Entry] = set()
        self._loose: set[Entry] = set()
        self._settled: dict[str, set[Entry]] = {}
        self._garbage: dict[str, set[Entry]] = {}
        self._some = asyncio.Event()
        self._patience = Patience(observer, "The messages of the task hub", longest_s=2.0)

    async def commit(self, episode: Episode, deliveries: Sequence[Delivery]) -> Committed:
        """As `outbox.Outbox` says: all in one call, unless it is too much for one batch."""
        instance_id = episode.instance_id
        sent = tuple(self._place(instance_id, posting) for posting in episode.postings)
        made = [each.token for each in sent if isinstance(each.token, Entry)]
        own = self._own(instance_id, deliveries)
        settled = self._settled.pop(instance_id, set())
        try:
            appended = await self._hub.history.append(
                instance_id,
                episode.execution_id,
                first_row=episode.first_row,
                events=episode.events,
                etag=episode.etag,
                tail=episode.tail,
                beside=[*map(deletion, settled), *[await self._insertion(each) for each in sent if each.token]],
                if_whole=[*map(deletion, own)],
                inputs=_inputs(episode),
            )
        except Exception:
            self._loose.update(own)
            self._throw_away(settled.union(made))
            raise
        self._open.update(made)
        if appended.is_whole:
            self._open.difference_update(own)
        for delivery in deliveries:  # at once, so that the answer that is now handed over takes the question with it
            self._settle(delivery.hold)
        return Committed(appended=appended, sent=sent)

    async def store(self, delivery: Delivery) -> None:
        """Put what is only in memory beside the history of its target, whose next commit deletes it."""
        if delivery.hold is not None:
            return
        target = delivery.message.target.instance_id
        pending = Pending(entry=self._hub.journal.entry(target, self._clock.now()), message=delivery.message, due=None)
        try:
            await self._hub.journal.add(pending)
        except BaseException:
            self._throw_away({pending.entry})  # it may be there all the same, and would come again after a restart
            raise
        self._open.add(pending.entry)
        delivery.hold = pending.entry
        await announce(self._hub, delivery.message)

    def take(self, token: Token | None, message: Message) -> StoredMessage | None:
        """As `outbox.Outbox` says."""
        return self._holds.take(token, message) if isinstance(token, Receipt) else token

    async def finish(self, kept: StoredMessage | None) -> None:
        """As `outbox.Outbox` says: a row is deleted with the next commit of its instance, or a little later."""
        if isinstance(kept, Hold):
            await self._holds.finish(kept)
        else:
            self._settle(kept)

    def adopt(self, entry: Entry) -> bool:
        """As `outbox.Outbox` says."""
        done = (self._settled, self._garbage)
        if entry in self._open or any(entry in each.get(entry.instance_id, ()) for each in done):
            return False
        self._open.add(entry)
        return True

    def forget(self, instance_id: str) -> None:
        """As `outbox.Outbox` says: its rows may be gone."""
        self._throw_away(self._settled.pop(instance_id, set()))
        self._loose.update(entry for entry in self._open if entry.instance_id == instance_id)

    async def run(self) -> None:
        """Delete what no commit has deleted, until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(CLEAN_UP_AFTER_S)
            async with self._patience.attempt():
                await self._clean_up()
            if not self._settled and not self._garbage:
                self._some.clear()

    async def _clean_up(self) -> None:
        for doomed in (self._settled, self._garbage):
            for instance_id in list(doomed):
                entries = doomed.pop(instance_id, set())
                try:
                    await self._hub.journal.remove(entries)
                except (StorageFailure, StorageUnavailable):
                    self._throw_away(entries)
                    raise

    def _settle(self, kept: StoredMessage | None) -> None:
        """Note that a message has had its effect, if it is one of a row, and not noted yet."""
        if not isinstance(kept, Entry) or kept not in self._open:
            return
        self._open.discard(kept)
        if kept in self._loose:
            self._loose.discard(kept)
            self._throw_away({kept})
        else:
            self._settled.setdefault(kept.instance_id, set()).add(kept)
            self._some.set()

    def _throw_away(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._garbage.setdefault(entry.instance_id, set()).add(entry)
            self._some.set()

    def _own(self, instance_id: str, deliveries: Sequence[Delivery]) -> list[Entry]:
        """The rows of the messages that an episode is made of, where they lie beside its own history."""
        held = [each.hold for each in deliveries if isinstance(each.hold, Entry)]
        return [
            each for each in held if each.instance_id == instance_id and each in self._open and each not in self._loose
        ]

    def _place(self, instance_id: str, posting: Posting) -> Sent:
        """Where a posting is to be; the history alone tells of activities and timers."""
        is_told = posting.is_work_item or isinstance(posting.message.event, TimerFired)
        token = None if is_told else self._hub.journal.entry(instance_id, self._clock.now())
        return Sent(posting=posting, token=token, is_held=True)

    async def _insertion(self, sent: Sent) -> Operation:
        assert isinstance(sent.token, Entry)  # `_place` makes no other
        return await self._hub.journal.insertion(
            Pending(entry=sent.token, message=sent.posting.message, due=sent.posting.due)
        )


def _inputs(episode: Episode) -> dict[int, str]:
    """The inputs of the activities that an episode schedules, by their task ids."""
    events = [posting.message.event for posting in episode.postings if posting.is_work_item]
    return {event.event_id: event.input for event in events if isinstance(event, TaskScheduled) and event.input}
