"""The webhook of blob functions with `source="EventGrid"`: each event becomes a message in the host's blob queue.

The rules are those of `BlobsExtensionConfigProvider.cs`: the function is named by its id, `Host.Functions.NAME`, and is
only looked up when the message is processed.
"""

from typing import Any

from aiohttp import web

from durable_devhost.model.blob_urls import blob_place
from durable_devhost.triggers.blobs.listener import BlobQueue
from durable_devhost.triggers.blobs.messages import BlobMessage
from durable_devhost.triggers.responses import empty
from durable_devhost.triggers.webhooks import answer

PATH = "/runtime/webhooks/blobs"
KEY_NAME = "blobs_extension"


class BlobWebhook:
    """Answers the webhook of blob functions; their listener takes the messages from the queue."""

    def __init__(self, queue: BlobQueue) -> None:
        self._queue = queue

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request: 202 when each event is in the queue, 500 for one that names no blob."""
        return await answer(request, self._put)

    async def _put(self, function_id: str, events: list[Any]) -> web.Response:
        for event in events:
            message = _message(event, function_id)
            if message is None:
                return empty(500)
            await self._queue.put(message)
        return empty(202)


def _message(event: Any, function_id: str) -> BlobMessage | None:
    """The message of one event; None if it is not about a blob."""
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("url"), str) or not isinstance(data.get("blobType"), str):
        return None
    place = blob_place(data["url"])
    if place is None:
        return None
    return BlobMessage(
        function_id=function_id,
        container=place[0],
        name=place[1],
        etag=f'"{data.get("eTag") or ""}"',
        blob_type=data["blobType"],
    )
