"""Handles the messages of the host's blob queue: one blob for one function (`BlobQueueTriggerExecutor.cs`)."""

import logging
from collections.abc import Callable, Mapping

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome, Raised, Returned
from durable_devhost.dispatch.store import AccountServices
from durable_devhost.model.functions import Function
from durable_devhost.storage.queues import QueueItem
from durable_devhost.triggers.blobs.contents import TriggerBlobs
from durable_devhost.triggers.blobs.messages import POISON_QUEUE, BlobMessage, function_name
from durable_devhost.triggers.queue_processor import PoisonPlace

_log = logging.getLogger(__name__)


def is_scanned(function: Function) -> bool:
    """Whether a blob function's container is scanned; one with `source="EventGrid"` waits for the webhook."""
    return (function.trigger.text("source") or "").lower() != "eventgrid"


class BlobWork:
    """Runs the functions that the messages name. `changed` is called for a blob that has changed since it was found."""

    name = "blob functions"
    is_binary = False

    def __init__(
        self,
        functions: Mapping[str, Function],
        *,
        services: Callable[[str | None], AccountServices],
        invoker: Invoker,
        changed: Callable[[], None],
    ) -> None:
        self._functions = functions
        self._services = services
        self._blobs = TriggerBlobs(services)
        self._invoker = invoker
        self._changed = changed

    async def run(self, body: str | bytes, _item: QueueItem, /) -> Outcome:
        """Run the function with its blob. A blob that is gone or has changed since is skipped."""
        message = BlobMessage.from_text(body if isinstance(body, str) else body.decode(errors="replace"))
        if message is None:
            return Raised(type_name="ValueError", message="ValueError: the message names no blob and no function")
        function = self._function(message)
        if function is None:
            _log.warning(
                "The blob '%s/%s' was meant for %s, which is no blob function of this app; its message is deleted.",
                message.container, message.name, message.function_id,
            )  # fmt: skip
            return Returned()
        found = await self._blobs.read(function, message.container, message.name)
        if found is None:
            return Returned()
        if is_scanned(function) and found.etag != message.etag:
            self._changed()
            return Returned()
        return await self._invoker.invoke(function, trigger_value=found.content, trigger_metadata=found.metadata)

    def poison_place(self, item: QueueItem, /) -> PoisonPlace | None:
        """`webjobs-blobtrigger-poison` in the account of the blob, or in the default one."""
        message = BlobMessage.from_queue(item.text)
        function = self._function(message) if message else None
        connection = function.trigger.text("connection") if function else None
        return PoisonPlace(queues=self._services(connection).queues, queue=POISON_QUEUE)

    def _function(self, message: BlobMessage) -> Function | None:
        return self._functions.get(function_name(message.function_id).lower())
