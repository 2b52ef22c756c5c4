"""Azure Queue messages: put, get, update, delete. Texts travel as they are; Base64 is the caller's business."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote
from xml.etree import ElementTree

from durable_devhost.storage.account import Conflict, NotFound
from durable_devhost.storage.transport import Transport

MAX_BATCH = 32
"""The most messages that the service hands out at once."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The right to update or delete one message, until it is handed out again."""

    queue: str
    message_id: str
    pop_receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """One message as the service handed it out; a peeked one has an empty pop receipt and no `next_visible_on`."""

    receipt: Receipt
    text: str
    dequeue_count: int
    inserted_on: datetime
    expires_on: datetime
    next_visible_on: datetime | None


class QueueService:
    """The queues of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, queue: str) -> None:
        """Create the queue unless it exists."""
        try:
            await self._transport.request("queue", "PUT", f"/{queue}")
        except Conflict as error:
            if error.code != "QueueAlreadyExists":
                raise

    async def drop(self, queue: str) -> None:
        """Delete the queue with everything in it, if it exists."""
        try:
            await self._transport.request("queue", "DELETE", f"/{queue}")
        except NotFound:
            return

    async def exists(self, queue: str) -> bool:
        """Whether there is such a queue."""
        try:
            await self._transport.request("queue", "GET", f"/{queue}", query={"comp": "metadata"})
        except NotFound:
            return False
        return True

    async def length(self, queue: str) -> int:
        """How many messages the queue holds, the invisible ones included; real Azure calls it approximate."""
        answer = await self._transport.request("queue", "GET", f"/{queue}", query={"comp": "metadata"})
        return int(answer.headers["x-ms-approximate-messages-count"])

    async def put(self, queue: str, text: str, *, visible_after_s: int = 0, ttl_s: int = -1) -> Receipt:
        """Append a message; it stays invisible for `visible_after_s` (at most seven days), `ttl_s` -1 is for ever.

        Raises NotFound without the queue, StorageFailure 400 above 64 KiB.
        """
        query = {"messagettl": str(ttl_s)}
        if visible_after_s > 0:
            query["visibilitytimeout"] = str(visible_after_s)
        answer = await self._transport.request("queue", "POST", f"/{queue}/messages", query=query, body=_body(text))
        with self._transport.understanding("queue"):
            (message,) = _messages(answer.body)
            return _receipt(queue, message)

    async def get(self, queue: str, count: int = 1, *, hidden_for_s: int) -> list[QueueItem]:
        """Take up to `count` (at most 32) visible messages and hide them for `hidden_for_s` (at least 1)."""
        query = {"numofmessages": str(count), "visibilitytimeout": str(hidden_for_s)}
        answer = await self._transport.request("queue", "GET", f"/{queue}/messages", query=query)
        with self._transport.understanding("queue"):
            return [_item(queue, element) for element in _messages(answer.body)]

    async def peek(self, queue: str, count: int = MAX_BATCH) -> list[QueueItem]:
        """Look at up to `count` visible messages without hiding them."""
        query = {"numofmessages": str(count), "peekonly": "true"}
        answer = await self._transport.request("queue", "GET", f"/{queue}/messages", query=query)
        with self._transport.understanding("queue"):
            return [_item(queue, element) for element in _messages(answer.body)]

    async def update(self, receipt: Receipt, *, visible_after_s: int, text: str | None = None) -> Receipt:
        """Hide a message for `visible_after_s` from now on, with a new text if given; the old receipt is void.

        Raises NotFound when the message is gone or was handed out again.
        """
        answer = await self._transport.request(
            "queue",
            "PUT",
            f"/{receipt.queue}/messages/{receipt.message_id}",
            query={"popreceipt": receipt.pop_receipt, "visibilitytimeout": str(visible_after_s)},
            body=_body(text) if text is not None else b"",
        )
        with self._transport.understanding("queue"):
            return Receipt(
                queue=receipt.queue, message_id=receipt.message_id, pop_receipt=answer.headers["x-ms-popreceipt"]
            )

    async def delete(self, receipt: Receipt) -> None:
        """Delete a message; raises NotFound when it is gone or was handed out again."""
        path = f"/{receipt.queue}/messages/{quote(receipt.message_id, safe='')}"
        await self._transport.request("queue", "DELETE", path, query={"popreceipt": receipt.pop_receipt})


def _body(text: str) -> bytes:
    # XML parsers turn a carriage return into a line feed; half a surrogate pair has no UTF-8, .NET replaces it too.
    escaped = text.translate(_ESCAPES)
    return f"<QueueMessage><MessageText>{escaped}</MessageText></QueueMessage>".encode(errors="replace")


def _messages(body: bytes) -> list[dict[str, str]]:
    return [{field.tag: field.text or "" for field in message} for message in ElementTree.fromstring(body)]


def _receipt(queue: str, fields: dict[str, str]) -> Receipt:
    return Receipt(queue=queue, message_id=fields["MessageId"], pop_receipt=fields.get("PopReceipt", ""))


def _item(queue: str, fields: dict[str, str]) -> QueueItem:
    visible = fields.get("TimeNextVisible")
    return QueueItem(
        receipt=_receipt(queue, fields),
        text=fields.get("MessageText", ""),
        dequeue_count=int(fields["DequeueCount"]),
        inserted_on=parsedate_to_datetime(fields["InsertionTime"]),
        expires_on=parsedate_to_datetime(fields["ExpirationTime"]),
        next_visible_on=parsedate_to_datetime(visible) if visible else None,
    )
