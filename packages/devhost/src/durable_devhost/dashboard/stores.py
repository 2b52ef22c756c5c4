"""The pages of what is stored: entities with their state, queues with their messages."""

from collections.abc import Sequence

from durable_devhost.dashboard.markup import table, tag
from durable_devhost.dashboard.page import code, link, message, moment, page
from durable_devhost.dashboard.sources import ShownQueue
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.client.entities import state_of
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.instances import InstanceFilter
from durable_devhost.settings import MessageEncoding
from durable_devhost.storage.account import NotFound, StorageFailure
from durable_devhost.triggers.queue_processor import body_of

_ENTITIES = 100
_MESSAGES = 20


async def entities_page(client: DurableClient, prefix: str, after: str | None) -> str:
    """Entities whose id `@name@key` begins with `@` and the prefix, with the state of each."""
    wanted = InstanceFilter(id_prefix=f"@{prefix.removeprefix('@')}")
    found = await client.instances(wanted, page_size=_ENTITIES, continuation=after)
    rows = [
        (record.instance_id, code(state_of(record) or "none"), moment(record.last_updated_time))
        for record in found.records
        if EntityId.is_one(record.instance_id)
    ]
    more = link("entities", "Next page", prefix=prefix, after=found.continuation) if found.continuation else None
    listed = table("Entities, ordered by id", ("entity", "state", "updated (UTC)"), rows)
    return page("Entities", tag("div", listed, more, id="live"), place="entities")


async def queues_page(queues: Sequence[ShownQueue]) -> str:
    """Each queue with the number of its messages and a look at the first of those that can be seen.

    Looking hides nothing and counts no delivery.
    """
    parts = [await _queue(queue) for queue in queues]
    note = "A number counts hidden messages too: those in work, those that wait, and timers of workflows."
    return page("Queues", tag("p", note, class_="soft"), tag("div", *parts, id="live"), place="queues")


async def _queue(queue: ShownQueue) -> object:
    title = tag("h2", queue.name, " ", tag("span", queue.purpose, class_="soft"))
    try:
        length = await queue.queues.length(queue.name)
        items = await queue.queues.peek(queue.name, _MESSAGES) if length else []
    except NotFound:
        return (title, tag("p", "There is no such queue yet.", class_="none"))
    except (StorageFailure, StorageUnavailable) as error:
        return (title, message(f"It cannot be looked at: {error}", is_bad=True))
    texts = [code(_readable(item.text, queue.encoding)) for item in items]
    rows = [(moment(each.inserted_on), each.dequeue_count, text) for each, text in zip(items, texts, strict=True)]
    count = "1 message" if length == 1 else f"{length} messages"
    return (
        title,
        tag("p", count),
        table("Messages to be seen", ("sent (UTC)", "tries", "text"), rows) if rows else None,
    )


def _readable(text: str, encoding: MessageEncoding) -> str:
    """What a message says, as its function gets it; as it is stored where that is no text."""
    body = body_of(text, encoding)
    return body if isinstance(body, str) else text
