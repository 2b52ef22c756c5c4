"""Where the messages of this host are, from the moment that they are stored until their effect is.

This is the one seam between the storage modes: `durable.commit` keeps them on queues, as the real extension does,
`durable.journal` in rows beside the history. `docs/storage-modes.md` has the argument for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from durable_devhost.durable.delivery import Delivery, StoredMessage, Token
from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import Appended
from durable_devhost.taskhub.journal import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A posting that is stored, and where, None for what is told by the history alone.

    `is_held` says that it is ours to hand over, else it is visible to all.
    """

    posting: Posting
    token: Token | None
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A stored episode: what the next one must know of the rows, and what is to be acted upon."""

    appended: Appended
    sent: tuple[Sent, ...]


class Outbox(Protocol):
    """Stores messages, with an episode or alone, and forgets them when they have had their effect."""

    async def commit(self, episode: Episode, deliveries: Sequence[Delivery]) -> Committed:
        """Store what an episode decided, its messages too; the deliveries are those that it is made of.

        Raises LostRace when another worker committed meanwhile. Whatever is raised, nothing is stored.
        """
        ...

    async def store(self, delivery: Delivery) -> None:
        """Store a message that is only in memory, so that a crash brings it back; raises what storage raises."""
        ...

    def take(self, token: Token | None, message: Message) -> StoredMessage | None:
        """Have a stored message in hand from now on; None where there is nothing to do for it, or it is not stored."""
        ...

    async def finish(self, kept: StoredMessage | None) -> None:
        """The effect of a message is stored: delete it, now or later."""
        ...

    def adopt(self, entry: Entry) -> bool:
        """Have a message in hand that was found in its row; False where it was in hand already."""
        ...

    def forget(self, instance_id: str) -> None:
        """The rows of an instance were changed or purged behind our back."""
        ...

    async def run(self) -> None:
        """Delete later what was not deleted at once, until cancelled."""
        ...
