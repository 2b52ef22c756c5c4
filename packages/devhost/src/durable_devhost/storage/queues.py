"""Azure Queue messages: put, get, update, delete. Texts travel as they are; Base64 is the caller's business.

Azurite takes a message with a character that XML 1.0 does not know (NUL, U+000B, U+FFFF …) and can never show it: each
answer that should hold it is a 500 without a word, after all messages of the answer were hidden. Azure refuses such a
message with 400. So does `put`, and `get` works around those that other programs have sent.
"""

import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from urllib.parse import quote
from xml.etree import ElementTree

from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import Conflict, NotFound, StorageFailure
from durable_devhost.storage.transport import Transport

_log = logging.getLogger(__name__)

MAX_BATCH = 32
"""The most messages that the service hands out at once."""

PARKED_S = 600
"""For how long a message that storage cannot show is hidden; then it is hidden again."""

_MARGIN_S = 5.0
_PASSING = frozenset({500, 503})
_NO_XML = re.compile("[^\t\n\r\x20-\ufffd\U00010000-\U0010ffff]")
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


class Caution:
    """Why a queue is looked at before it is read: messages that storage cannot show. Times are those of `monotonic`."""

    __slots__ = ("_back_at", "_parked", "_until")

    def __init__(self, until: float) -> None:
        self._until = until
        self._parked = 0
        self._back_at: list[float] = []  # the earliest first

    def is_over(self, now: float) -> bool:
        """Whether nothing that cannot be shown is expected any more."""
        return now > self._until and not self._parked and not self._back_at

    def extend(self, until: float) -> None:
        """Expect such messages until then."""
        self._until = until

    def park(self) -> None:
        """Note that a message was hidden for `PARKED_S`."""
        self._parked += 1

    def count_new(self, now: float) -> int:
        """Note that the rest can be shown; tell how many of those that were parked had not been met before.

        As many as are due are taken for those that have come back. One that is overdue has left the queue.
        """
        parked, self._parked = self._parked, 0
        known = sum(moment <= now + _MARGIN_S for moment in self._back_at[:parked])
        later = [moment for moment in self._back_at[known:] if moment > now - _MARGIN_S]
        self._back_at = later + [now + PARKED_S] * parked
        return parked - known


class QueueService:
    """The queues of one account. One event loop uses it, and a queue's caution is only noted, so no lock is needed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._cautions: dict[str, Caution] = {}

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
        with self._transport.reading_answer("queue"):
            return int(answer.headers["x-ms-approximate-messages-count"])

    async def put(
        self, queue: str, text: str, *, visible_after_s: int = 0, ttl_s: int = -1, repeats: bool = True
    ) -> Receipt:
        """Append a message; it stays invisible for `visible_after_s` (at most seven days), `ttl_s` -1 is for ever.

        Raises NotFound without the queue, StorageFailure 400 above 64 KiB and for characters that XML does not know.
        With `repeats` the message is sent again where the answer to it was lost, and may then be there twice: storage
        gives a message its id, so that nothing tells the copies apart.
        """
        query = {"messagettl": str(ttl_s)}
        if visible_after_s > 0:
            query["visibilitytimeout"] = str(visible_after_s)
        path, body = f"/{queue}/messages", _body(text)
        answer = await self._transport.request("queue", "POST", path, query=query, body=body, repeats=repeats)
        with self._transport.reading_answer("queue"):
            [fields] = _messages(answer.body)
            return _receipt(queue, fields)

    async def get(self, queue: str, count: int = 1, *, hidden_for_s: int) -> list[QueueItem]:
        """Take up to `count` (at most 32) visible messages and hide them for `hidden_for_s` (at least 1).

        When the answer is lost, or holds a message that storage cannot show, all that it should have held come back
        after `hidden_for_s`, and their dequeue count has grown. From then on the queue is looked at before it is read:
        its messages come one at a time while such a message is among them, and that one is hidden for `PARKED_S` and
        reported once, in the log. Raises NotFound without the queue, StorageFailure or StorageUnavailable when a
        second request has failed too; the caller's next call is the third.
        """
        caution = self._cautions.get(queue)
        if caution is None or caution.is_over(monotonic()):
            self._cautions.pop(queue, None)
            try:
                return await self._take(queue, count, hidden_for_s)
            except StorageUnavailable:
                pass
            except StorageFailure as error:
                if error.status not in _PASSING:
                    raise
            caution = self._cautions[queue] = Caution(monotonic() + hidden_for_s + _MARGIN_S)
        return await self._take_what_shows(queue, count, hidden_for_s, caution)

    async def peek(self, queue: str, count: int = MAX_BATCH) -> list[QueueItem]:
        """Look at up to `count` visible messages without hiding them. The request is sent once."""
        return await self._read(queue, {"numofmessages": str(count), "peekonly": "true"})

    async def update(self, receipt: Receipt, *, visible_after_s: int, text: str | None = None) -> Receipt:
        """Hide a message for `visible_after_s` from now on, with a new text if given; the old receipt is void.

        Raises NotFound when the message is gone or was handed out again, or when the answer to a first try was lost.
        """
        answer = await self._transport.request(
            "queue",
            "PUT",
            f"/{receipt.queue}/messages/{receipt.message_id}",
            query={"popreceipt": receipt.pop_receipt, "visibilitytimeout": str(visible_after_s)},
            body=_body(text) if text is not None else b"",
        )
        with self._transport.reading_answer("queue"):
            return replace(receipt, pop_receipt=answer.headers["x-ms-popreceipt"])

    async def delete(self, receipt: Receipt) -> None:
        """Delete a message; raises NotFound when it is gone or was handed out again."""
        path = f"/{receipt.queue}/messages/{quote(receipt.message_id, safe='')}"
        await self._transport.request("queue", "DELETE", path, query={"popreceipt": receipt.pop_receipt})

    async def _take(self, queue: str, count: int, hidden_for_s: int) -> list[QueueItem]:
        return await self._read(queue, {"numofmessages": str(count), "visibilitytimeout": str(hidden_for_s)})

    async def _take_what_shows(self, queue: str, count: int, hidden_for_s: int, caution: Caution) -> list[QueueItem]:
        """Look before taking, and park what stands first and cannot be shown.

        Whether storage is well is asked in between: if it answers nothing but 500, no message must be parked.
        """
        for _ in range(MAX_BATCH):
            if shown := await self._showing(queue, count):
                self._report(queue, caution.count_new(monotonic()))
                found = await self._take_or_none(queue, shown, hidden_for_s)
                if found is None:  # such a message came between the look and the hand
                    caution.extend(monotonic() + hidden_for_s + _MARGIN_S)
                    continue
                return found
            await self.length(queue)
            found = await self._take_or_none(queue, 1, PARKED_S)
            if found is not None:
                return await self._held_for(found, hidden_for_s)
            caution.park()
        raise StorageFailure(500, "", "Storage shows no message.")

    async def _showing(self, queue: str, count: int) -> int:
        """How many messages storage can show at once: `count`, 1, or 0 where the first one cannot be shown."""
        for size in (count, 1):
            try:
                await self.peek(queue, size)
            except StorageFailure as error:
                if not _is_speechless(error):
                    raise
            else:
                return size
        return 0

    async def _take_or_none(self, queue: str, count: int, hidden_for_s: int) -> list[QueueItem] | None:
        """Take messages; None where one of them cannot be shown, so that they are hidden and nobody has them."""
        try:
            return await self._take(queue, count, hidden_for_s)
        except StorageFailure as error:
            if _is_speechless(error):
                return None
            raise

    async def _held_for(self, items: list[QueueItem], hidden_for_s: int) -> list[QueueItem]:
        """Correct the hold of messages that were to be parked, but can be read.

        Another process was faster with the one that was meant. If this host dies before the update, such a message
        comes after `PARKED_S`.
        """
        return [replace(item, receipt=await self.update(item.receipt, visible_after_s=hidden_for_s)) for item in items]

    def _report(self, queue: str, count: int) -> None:
        if count:
            _log.warning(
                "%s in queue '%s' cannot be read: the emulator took a character that XML does not know (a control "
                "character, U+FFFE or U+FFFF) and cannot show it; Azure would have refused it with 400. It is hidden "
                "for %d minutes at a time, and everything else is handled. Send such texts in Base64; what is there "
                "already goes when the whole queue is cleared.",
                "A message" if count == 1 else f"{count} messages",
                queue,
                PARKED_S // 60,
            )

    async def _read(self, queue: str, query: dict[str, str]) -> list[QueueItem]:
        answer = await self._transport.request("queue", "GET", f"/{queue}/messages", query=query, repeats=False)
        with self._transport.reading_answer("queue"):
            return [_item(queue, fields) for fields in _messages(answer.body)]


def _is_speechless(error: StorageFailure) -> bool:
    """Whether this is the 500 of an answer that could not be written; a 500 of Azure has a code."""
    return error.status == 500 and not error.code and not error.message


def _body(text: str) -> bytes:
    # XML parsers turn a carriage return into a line feed; half a surrogate pair has no UTF-8, .NET replaces it too.
    if found := _NO_XML.search(text):
        raise StorageFailure(400, "InvalidXmlDocument", f"A message cannot hold the character U+{ord(found[0]):04X}.")
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
