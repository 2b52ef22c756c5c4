"""A message in the hands of this host: what it says, what storage still holds of it, and who waits for its effect."""

import asyncio
from dataclasses import dataclass

from durable_devhost.durable.holds import Hold
from durable_devhost.model.messages import Message
from durable_devhost.storage.queues import Receipt
from durable_devhost.taskhub.journal import Entry

Token = Receipt | Entry
"""Where a message was stored: on a queue, or in a row beside a history."""

StoredMessage = Hold | Entry
"""What is stored of a message that is in hand."""


@dataclass(slots=True, kw_only=True, eq=False)
class Delivery:
    """One message on its way through a mailbox.

    `hold` is what must be deleted once the effect is stored: the queue message, or the row of journal mode. It is None
    for what was never stored.
    `stored` is resolved at that moment. `is_new` marks the start of an instance whose id was made for it.
    `token` is its entry in the in-flight register. `dequeue_count` is how often a queue has handed it out.
    """

    message: Message
    token: int
    hold: StoredMessage | None = None
    stored: "asyncio.Future[None] | None" = None
    is_new: bool = False
    dequeue_count: int = 0

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for the effect, and has no answer yet."""
        return self.stored is not None and not self.stored.done()

    def succeed(self) -> None:
        """Tell whoever waits that the effect is stored, or that there is none."""
        if self.stored is not None and self.is_awaited:
            self.stored.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Tell whoever waits that nothing was stored."""
        if self.stored is not None and self.is_awaited:
            self.stored.set_exception(error)
