"""The rows that journal mode adds to the History table: messages on their way, in the partition of one instance.

A row is written in the same transaction as the history of the instance that sends the message, and deleted when the
message has had its effect: a transactional outbox. Its key sorts behind all events and before the sentinel, so a reader
of the history passes over it by its key alone.

The input of an activity needs no row: it is in a column of its TaskScheduled event, for only that instance waits for
it.
"""

import itertools
import secrets
from collections.abc import AsyncIterator, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from durable_devhost.model.messages import CorruptMessage, Message, decode, encode
from durable_devhost.storage.account import Conflict, NotFound
from durable_devhost.storage.tables import MAX_BATCH, Action, Operation, Row, TableService, Value, string_literal
from durable_devhost.taskhub.large_messages import LargeMessages, is_large
from durable_devhost.taskhub.names import HubNames, escape_key, unescape_key
from durable_devhost.taskhub.packed import events_in
from durable_devhost.taskhub.rows import BLOB_NAME, PENDING_INPUT, SENTINEL

OUTBOX = "outbox-"
"""What the RowKey of a message begins with: behind the hexadecimal digits, before `sentinel`."""

COMMIT = "Commit"
"""The column with the name of a commit of several batches, on its messages; the sentinel names the last one begun."""

BATCH = "Batch"
"""The sentinel's column with the number of the last batch of such a commit that is stored."""

MESSAGE_BLOB = "Message" + BLOB_NAME
"""The column that names the blob with a large message."""

_MESSAGE = "Message"
_DUE = "Due"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Where a message lies: the instance in whose partition it is, and its RowKey."""

    instance_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A message that is stored; `due` is when it is to be delivered, None for at once."""

    entry: Entry
    message: Message
    due: datetime | None


class JournalRows:
    """The messages of one hub that lie in its History table."""

    def __init__(self, tables: TableService, large: LargeMessages, names: HubNames) -> None:
        self._tables = tables
        self._large = large
        self._table = names.history
        self._process = secrets.token_hex(4)
        self._numbers = itertools.count()

    def entry(self, instance_id: str, now: datetime) -> Entry:
        """Where the next message of an instance is to lie; keys are in the order in which they are made."""
        return Entry(instance_id, f"{OUTBOX}{now:%Y%m%d%H%M%S%f}-{next(self._numbers):08d}-{self._process}")

    async def insertion(self, pending: Pending) -> Operation:
        """What stores a message, for a batch of the instance in whose partition it is to lie."""
        text = encode(pending.message)
        row: Row = {"PartitionKey": escape_key(pending.entry.instance_id), "RowKey": pending.entry.key}
        if is_large(text):
            row[MESSAGE_BLOB] = await self._large.put_column(
                pending.entry.instance_id, pending.entry.key, pending.message.event_name, _MESSAGE, text
            )
        else:
            row[_MESSAGE] = text
        if pending.due is not None:
            row[_DUE] = pending.due
        return Operation(action=Action.INSERT, row=row)

    async def add(self, pending: Pending) -> None:
        """Store a message by itself."""
        row = (await self.insertion(pending)).row
        try:
            await self._tables.insert(self._table, row)
        except Conflict:
            return  # a repeated request has met its first one: no two messages have one key

    async def remove(self, entries: Collection[Entry]) -> None:
        """Delete messages of one instance; those that are gone do not matter."""
        await delete_all(self._tables, self._table, [deletion(each) for each in sorted(entries)])

    async def pending(self, *, tidies: bool = False) -> AsyncIterator[Pending | CorruptMessage]:
        """All messages of the hub, those of one instance in the order of their keys; it looks at each row of the table.

        What a commit has left that broke off between two batches was never sent, so it is left out. A host `tidies` it
        away before it works, for the next commit of the instance ends the difference.
        """
        messages = f"(RowKey ge {string_literal(OUTBOX)} and RowKey lt {string_literal(SENTINEL)})"
        wanted = f"{messages} or (RowKey eq {string_literal(SENTINEL)} and IsCheckpointComplete eq false)"
        found: dict[str, list[Row]] = {}
        unfinished: dict[str, object] = {}
        async for page in self._tables.query(self._table, filter=wanted):
            for row in page.rows:
                if row["RowKey"] != SENTINEL:
                    found.setdefault(str(row["PartitionKey"]), []).append(row)
                else:
                    unfinished[str(row["PartitionKey"])] = row.get(COMMIT)
        for partition, rows in found.items():
            broken = unfinished.get(partition)  # a message of a commit that was one batch has no name: it was sent
            sent: list[Row] = []
            unsent: list[Row] = []
            for row in rows:
                (unsent if broken is not None and row.get(COMMIT) == broken else sent).append(row)
            if tidies:
                await self.remove([_entry(row) for row in unsent])
            for row in sent:
                yield await self._read(row)

    async def inputs(self, instance_id: str, execution_id: str, task_ids: Container[int]) -> Mapping[int, str]:
        """The inputs of these activities of one execution by their task ids."""
        is_wanted = f"EventType eq 'TaskScheduled' or RowKey eq {string_literal(SENTINEL)}"
        wanted = f"PartitionKey eq {string_literal(escape_key(instance_id))} and ({is_wanted})"
        found: dict[int, str] = {}
        async for page in self._tables.query(self._table, filter=wanted):
            for row in _with_packed(page.rows):
                task_id = row.get("EventId")
                if not isinstance(task_id, int) or task_id not in task_ids or row.get("ExecutionId") != execution_id:
                    continue  # it has ended, or is of a generation before, which was longer
                text = await self._text(row, PENDING_INPUT)
                if text is not None:
                    found[task_id] = text
        return found

    async def _read(self, row: Row) -> Pending | CorruptMessage:
        entry = _entry(row)
        due = row.get(_DUE)
        try:
            message = decode(await self._text(row, _MESSAGE) or "")
        except CorruptMessage as error:
            return CorruptMessage(f"Row {entry.key} of instance '{entry.instance_id}' in {self._table}: {error}")
        if not isinstance(message, Message):
            return CorruptMessage(f"Row {entry.key} of instance '{entry.instance_id}' in {self._table} names a blob.")
        return Pending(entry=entry, message=message, due=due if isinstance(due, datetime) else None)

    async def _text(self, row: Row, column: str) -> str | None:
        name = row.get(column + BLOB_NAME)
        if name:
            return await self._large.read(str(name))
        text = row.get(column)
        return None if text is None else str(text)


def _with_packed(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield these rows, and in the place of a sentinel the scheduled activities that are packed into it."""
    for row in rows:
        found = events_in(row) if row["RowKey"] == SENTINEL else [row]
        yield from (event for event in found if event.get("EventType") == "TaskScheduled")


def _entry(row: Row) -> Entry:
    return Entry(unescape_key(str(row["PartitionKey"])), str(row["RowKey"]))


def is_message(row: Mapping[str, Value]) -> bool:
    """Whether a row of the History table is a message and no event."""
    return str(row["RowKey"]).startswith(OUTBOX)


def deletion(entry: Entry) -> Operation:
    """What deletes a message, for a batch of its instance; the batch fails where it is gone."""
    return Operation(action=Action.DELETE, row={"PartitionKey": escape_key(entry.instance_id), "RowKey": entry.key})


async def delete_all(tables: TableService, table: str, deletions: Sequence[Operation]) -> None:
    """Delete rows of one partition, those that are gone passed over."""
    for start in range(0, len(deletions), MAX_BATCH):
        some = deletions[start : start + MAX_BATCH]
        try:
            await tables.batch(table, some)
        except NotFound:
            for each in some:  # somebody deletes the same rows: what is left of them goes one by one
                try:
                    await tables.delete(table, str(each.row["PartitionKey"]), str(each.row["RowKey"]))
                except NotFound:
                    continue
