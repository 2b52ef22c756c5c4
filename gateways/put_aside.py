"""Messages that were put aside, in the table `PutAside`: their text, why they could not be used, and what was done."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient

from approvals.operations import MessageState, PutAsideMessage
from approvals.poison import PoisonMessage
from gateways.tables import hash_key, insert_first, merge, open_table, replace

LONGEST_BODY = 60 * 1024
"""Bytes in UTF-8 that are stored of a message; a queue message has up to 64 KiB, and so has a table cell."""

MOST_SHOWN = 200
"""Messages that are listed at once."""

_PARTITION = "messages"
_KEY = 16
_LONGEST_REASON = 2_000
_GIVEN_UP_AFTER = timedelta(minutes=5)
"""If the result of sending a message again is unknown after this time, another operator may send it."""

_MOVED_ON = 412


class PutAside(Protocol):
    """What the app needs from the table."""

    def keep(self, message: PoisonMessage, *, message_id: str, now: datetime) -> str:
        """Store a message and return its id here; the same message again changes nothing."""
        ...

    def find(self, message: str) -> PutAsideMessage | None:
        """Return a message; None if there is none with that id."""
        ...

    def list_waiting(self) -> Iterator[PutAsideMessage]:
        """Yield the messages on which nobody has acted, at most `MOST_SHOWN`."""
        ...

    def claim(self, message: str, state: MessageState, *, by: str, now: datetime) -> PutAsideMessage | None:
        """Reserve a message for sending or discarding. None if somebody was faster, or it is finished."""
        ...

    def settle(self, message: str, state: MessageState, *, result: str) -> None:
        """Record the result; `WAITING` gives the message back."""
        ...

    def forget(self, *, before: datetime) -> None:
        """Delete the texts of messages that were sent or discarded before that time; their rows stay."""
        ...


class TablePutAside:
    """The messages in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def keep(self, message: PoisonMessage, *, message_id: str, now: datetime) -> str:
        """Insert a row under a hash of the message's own id, which the queue keeps when it delivers it again."""
        content = message.body.encode("utf-8", "backslashreplace")
        key = hash_key(message_id)[:_KEY]
        insert_first(
            self._table,
            {
                "PartitionKey": _PARTITION,
                "RowKey": key,
                "MessageId": message_id,
                "Reason": message.reason[:_LONGEST_REASON],
                "Body": content[:LONGEST_BODY],
                "Whole": len(content) <= LONGEST_BODY,
                "At": now.isoformat(),
                "State": MessageState.WAITING.value,
                "Kept": True,
            },
        )
        return key

    def find(self, message: str) -> PutAsideMessage | None:
        """Get the row."""
        row = self._get(message)
        return _read(row) if row else None

    def list_waiting(self) -> Iterator[PutAsideMessage]:
        """Query the rows in that state, in one page; those whose sending began long ago are among them."""
        terms = "PartitionKey eq @partition and ( State eq @waiting or State eq @sending )"
        values = {
            "partition": _PARTITION,
            "waiting": MessageState.WAITING.value,
            "sending": MessageState.SENDING.value,
        }
        pages = self._table.query_entities(terms, parameters=values, results_per_page=MOST_SHOWN).by_page()
        return map(_read, next(pages, ()))

    def claim(self, message: str, state: MessageState, *, by: str, now: datetime) -> PutAsideMessage | None:
        """Write the row if it is unchanged; by `Claim` a writer who lost the answer recognises its own."""
        row = self._get(message)
        if row is None or not _is_free(_read(row), now):
            return None
        changed = {**row, "State": state.value, "By": by, "DoneAt": now.isoformat(), "Claim": uuid.uuid4().hex}
        try:
            replace(self._table, changed, row.metadata["etag"])
        except HttpResponseError as error:
            if error.status_code != _MOVED_ON:
                raise
            if (self._get(message) or {}).get("Claim") != changed["Claim"]:
                return None
        return _read(changed)

    def settle(self, message: str, state: MessageState, *, result: str) -> None:
        """Merge into the row, which belongs to this caller since the claim."""
        change = {"PartitionKey": _PARTITION, "RowKey": message, "State": state.value, "Result": result[:2_000]}
        merge(self._table, change)

    def forget(self, *, before: datetime) -> None:
        """Query the rows that still have a text, and empty it."""
        terms = "PartitionKey eq @partition and Kept eq true and ( State eq @sent or State eq @discarded )"
        values = {
            "partition": _PARTITION,
            "sent": MessageState.SENT.value,
            "discarded": MessageState.DISCARDED.value,
        }
        for row in self._table.query_entities(terms, parameters=values, select=["RowKey", "DoneAt"]):
            if datetime.fromisoformat(row["DoneAt"]) < before:
                emptied = {"PartitionKey": _PARTITION, "RowKey": row["RowKey"], "Body": b"", "Whole": False}
                merge(self._table, {**emptied, "Kept": False})

    def _get(self, message: str) -> Any:
        try:
            return self._table.get_entity(_PARTITION, message) if message.isalnum() and message.isascii() else None
        except ResourceNotFoundError:
            return None


def open_put_aside() -> PutAside:
    """Return the messages of the account that `ApprovalsStorage` names."""
    return TablePutAside(open_table("PutAside"))


def _is_free(message: PutAsideMessage, now: datetime) -> bool:
    if message.state is MessageState.SENDING and message.done_at is not None:
        return now - message.done_at >= _GIVEN_UP_AFTER
    return message.state is MessageState.WAITING


def _read(row: Any) -> PutAsideMessage:
    return PutAsideMessage(
        id=row["RowKey"],
        message_id=row["MessageId"],
        reason=row["Reason"],
        body=bytes(row["Body"]).decode("utf-8", "replace"),
        whole=row["Whole"],
        at=datetime.fromisoformat(row["At"]),
        state=MessageState(row["State"]),
        by=row.get("By", ""),
        done_at=datetime.fromisoformat(row["DoneAt"]) if row.get("DoneAt") else None,
        result=row.get("Result", ""),
    )
