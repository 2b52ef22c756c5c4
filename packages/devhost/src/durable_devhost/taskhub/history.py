"""The History table: read an execution's events, append new ones under the protection of the sentinel's etag.

A commit is one or more batches, each of up to 99 rows and the sentinel. Rows that cannot exist are inserted, which is
far cheaper than an upsert on Azurite; all others are upserted. That stays safe after a crash between two batches:
`read` then drops the events of the unfinished commit, for their messages come again, and its `Tail` makes the next
commit write over their rows and blank those that are left, before they could be taken for events.

In journal mode messages are stored and deleted in the same batches (`taskhub.journal`), and the sentinel says what is
open (`taskhub.open_work`).
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from durable_devhost.clock import Clock
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.history import HistoryEvent, OrchestratorCompleted, TaskScheduled
from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed, StorageFailure
from durable_devhost.storage.tables import ETAG, MAX_BATCH, Action, Operation, Row, TableService, string_literal
from durable_devhost.taskhub.batches import split_into_batches, with_commit_name
from durable_devhost.taskhub.failures import CorruptHistory, LostRace
from durable_devhost.taskhub.journal import BATCH, COMMIT, MESSAGE_BLOB, delete_all, is_message
from durable_devhost.taskhub.large_messages import LargeMessages, is_large
from durable_devhost.taskhub.names import HubNames, escape_key
from durable_devhost.taskhub.open_work import NOTHING, OPEN, OpenWork, to_column
from durable_devhost.taskhub.rows import BLOB_NAME, LARGE_COLUMNS, PENDING_INPUT, SENTINEL, from_row, row_key, to_row

_MARKS = frozenset({"ExecutionId", "IsCheckpointComplete", "CheckpointCompletedTimestamp", COMMIT, BATCH})
_ROW_MARKS = ("ExecutionId", "EventType", "_Timestamp")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_NO_INPUTS: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What is known of the rows behind the last event: pass it on from each read or append to the next append.

    Rows from `fresh_from` on do not exist; None says that nobody knows. Rows before `unfinished_to` may be left from a
    commit of the same execution that did not finish. `work` is what the execution has open, which is kept in journal
    mode alone; None says that nobody knows.
    """

    fresh_from: int | None = None
    unfinished_to: int = 0
    work: OpenWork | None = None


UNKNOWN = Tail()
"""The tail of a history that was not read: every row is upserted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHistory:
    """What is stored of one instance; `row_count` is where the next event goes.

    An instance that was never committed has no events, no execution id and no etag.
    """

    events: tuple[HistoryEvent, ...] = ()
    execution_id: str | None = None
    etag: str | None = None
    row_count: int = 0
    tail: Tail = Tail(fresh_from=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A commit that is stored. `urls` maps each text that went to a blob to that blob's URL.

    `is_whole` says that it was one batch.
    """

    etag: str
    row_count: int
    tail: Tail
    urls: Mapping[str, str]
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many rows a purge has deleted, and the names of the blobs of the messages that stay."""

    rows: int
    blobs: frozenset[str]


class HistoryStore:
    """The history of all instances of a hub. No locks: the etag makes the second of two writers fail."""

    def __init__(
        self,
        tables: TableService,
        large: LargeMessages,
        names: HubNames,
        clock: Clock,
        *,
        store_inputs: bool,
        is_journal: bool,
    ) -> None:
        self._tables = tables
        self._large = large
        self._table = names.history
        self._clock = clock
        self._store_inputs = store_inputs
        self._is_journal = is_journal

    async def read(self, instance_id: str, execution_id: str | None = None) -> StoredHistory:
        """The current execution's events; none, but the etag, when `execution_id` is given and is not the current one.

        Events of a commit that did not finish are left out, rows of an older and longer generation are passed over.
        Raises CorruptHistory for a row that cannot be understood.
        """
        rows, sentinel = await self._rows(instance_id)
        fresh_from = _index(instance_id, rows[-1]) + 1 if rows else 0
        etag = str(sentinel[ETAG]) if sentinel else None
        current = sentinel.get("ExecutionId") if sentinel else rows[0].get("ExecutionId") if rows else None
        if current is None or (execution_id is not None and current != execution_id):
            return StoredHistory(etag=etag, tail=Tail(fresh_from=fresh_from))
        events = [await self._event(instance_id, row) for row in _generation(rows, str(current))]
        unfinished_to = 0
        if sentinel is not None and sentinel.get("IsCheckpointComplete") is False:
            unfinished_to = fresh_from
            events = _finished(events)
        return StoredHistory(
            events=tuple(events),
            execution_id=str(current),
            etag=etag,
            row_count=len(events),
            tail=Tail(fresh_from=fresh_from, unfinished_to=unfinished_to, work=self._work_after(NOTHING, events)),
        )

    async def append(
        self,
        instance_id: str,
        execution_id: str,
        *,
        first_row: int,
        events: Sequence[HistoryEvent],
        etag: str | None,
        tail: Tail = UNKNOWN,
        beside: Sequence[Operation] = (),
        if_whole: Sequence[Operation] = (),
        inputs: Mapping[int, str] = _NO_INPUTS,
    ) -> Appended:
        """Store `events` from row `first_row` on; a new generation begins again at 0.

        `etag` and `tail` are those of the last read or append; without history there is no etag. Raises LostRace when
        another worker committed meanwhile: the batch is not stored then, and what the caller knows is void. Any other
        failure says the same; where storage does not answer, this call waits until it is known what is stored.

        Journal mode gives operations on messages, which are carried out `beside`, others that are carried out
        `if_whole`, where all is one batch, and the `inputs` of the activities that are scheduled, by their task ids.
        Messages are stored before the events that end the commit, so that one which breaks off has sent nothing:
        `JournalRows.pending` knows its messages by the commit's name. Each commit of several batches has one there,
        also without messages: the sentinel must not show it as unfinished under the name of one before it.
        """
        urls: dict[str, str] = {}
        rows = [
            await self._row(instance_id, execution_id, first_row + n, event, urls, inputs)
            for n, event in enumerate(events)
        ]
        end = first_row + len(rows)
        blanks = [_blank(instance_id, index) for index in range(end, tail.unfinished_to)]
        known = row_key(tail.fresh_from) if tail.fresh_from is not None else None
        batches = split_into_batches(beside, [_write(row, known) for row in (*blanks, *rows)], if_whole)
        name = secrets.token_hex(8) if self._is_journal and len(batches) > 1 else ""
        work = self._work_after(tail.work if first_row else NOTHING, events)
        for number, batch in enumerate(batches, start=1):
            sentinel = self._sentinel(instance_id, execution_id, etag, work, complete=number == len(batches))
            operations = [*batch, sentinel]
            if name:
                operations = with_commit_name(operations, name, number)
            etag = await self._store(instance_id, operations)
        fresh_from = None if tail.fresh_from is None else max(end, tail.fresh_from)
        tail = Tail(fresh_from=fresh_from, work=work)
        return Appended(etag=etag or "", row_count=end, tail=tail, urls=urls, is_whole=len(batches) == 1)

    async def _store(self, instance_id: str, operations: Sequence[Operation]) -> str:
        """Store one batch and return the sentinel's etag; an answer that did not come is read back."""
        try:
            return (await self._tables.batch(self._table, operations))[-1]
        except (Conflict, PreconditionFailed, NotFound) as error:
            etag = await self._once_known(operations)
            if etag is None:
                raise LostRace(f"Another worker has committed instance '{instance_id}' ({error.code}).") from error
            return etag
        except StorageUnavailable:
            etag = await self._once_known(operations)
            if etag is None:
                raise
            return etag

    async def _once_known(self, operations: Sequence[Operation]) -> str | None:
        """As `_etag_of_own`, when storage answers again: to go on without knowing would lose or double something."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return await self._etag_of_own(operations)
            except NotFound:
                return None
            except (StorageUnavailable, StorageFailure):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _etag_of_own(self, operations: Sequence[Operation]) -> str | None:
        """The sentinel's etag where the refused batch is stored after all; None where it is another worker's.

        A batch whose answer was lost is sent again, and meets itself. Its mark is the time in the sentinel, or in a
        batch that more will follow the time of its last row.
        """
        sentinel = operations[-1].row
        stored = await self._tables.get(self._table, str(sentinel["PartitionKey"]), SENTINEL)
        if stored is None or any(stored.get(name) != sentinel[name] for name in _MARKS & sentinel.keys()):
            return None
        if not sentinel["IsCheckpointComplete"] and COMMIT not in sentinel:
            last = operations[-2].row
            found = await self._tables.get(self._table, str(last["PartitionKey"]), str(last["RowKey"]))
            if found is None or any(found.get(name) != last.get(name) for name in _ROW_MARKS):
                return None
        return str(stored[ETAG])

    async def purge(self, instance_id: str, *, with_messages: bool = False) -> Purged:
        """Delete all rows of an instance, of every generation.

        Messages that lie beside them are deleted by the host that has them in hand, as soon as they have had their
        effect; where no host runs, they are to go too.
        """
        key = escape_key(instance_id)
        deleted = 0
        blobs: set[str] = set()
        async for page in self._tables.query(
            self._table,
            filter=f"PartitionKey eq {string_literal(key)}",
            select=("PartitionKey", "RowKey", MESSAGE_BLOB),
        ):
            doomed: list[Operation] = []
            for row in page.rows:
                if with_messages or not is_message(row):
                    doomed.append(Operation(action=Action.DELETE, row=row))
                elif blob := row.get(MESSAGE_BLOB):
                    blobs.add(str(blob))
            await delete_all(self._tables, self._table, doomed)
            deleted += len(doomed)
        return Purged(rows=deleted, blobs=frozenset(blobs))

    async def mark_rewound(self, instance_id: str, *, cleared: Mapping[int, str], noted: Mapping[int, str]) -> None:
        """Take rows out of the replay, in place; both map a row's index to the name of its event type.

        `cleared` rows become GenericEvents, `noted` ones stay what they are; both get a Reason and keep their other
        columns, and the sentinel stays as it is (`AzureTableTrackingStore.cs: RewindHistoryAsync`). Raises LostRace
        when a row is not there any more.
        """
        marks = [
            Operation(action=Action.MERGE, row=_mark(escape_key(instance_id), index, name, clear=index in cleared))
            for index, name in sorted({**cleared, **noted}.items())
        ]
        for start in range(0, len(marks), MAX_BATCH):
            try:
                await self._tables.batch(self._table, marks[start : start + MAX_BATCH])
            except NotFound as error:
                raise LostRace(f"Instance '{instance_id}' was purged while it was rewound.") from error

    async def _rows(self, instance_id: str) -> tuple[list[Row], Row | None]:
        rows: list[Row] = []
        async for page in self._tables.query(
            self._table, filter=f"PartitionKey eq {string_literal(escape_key(instance_id))}"
        ):
            rows += page.rows
        sentinel = rows.pop() if rows and rows[-1]["RowKey"] == SENTINEL else None
        while rows and is_message(rows[-1]):
            rows.pop()
        return rows, sentinel

    async def _event(self, instance_id: str, row: Row) -> HistoryEvent:
        for column in [name for name in row if name.endswith(BLOB_NAME) and name != PENDING_INPUT + BLOB_NAME]:
            text = await self._large.read(str(row[column]))
            if text is None:
                reason = f"its {column} names the blob '{row[column]}', which is not there or not readable"
                raise CorruptHistory(instance_id, str(row["RowKey"]), reason)
            row[column.removesuffix(BLOB_NAME)] = text
        try:
            return from_row(row)
        except ValueError as error:
            raise CorruptHistory(instance_id, str(row["RowKey"]), str(error)) from error

    async def _row(
        self,
        instance_id: str,
        execution_id: str,
        index: int,
        event: HistoryEvent,
        urls: dict[str, str],
        inputs: Mapping[int, str],
    ) -> Row:
        row = to_row(
            event,
            partition_key=escape_key(instance_id),
            index=index,
            execution_id=execution_id,
            store_inputs=self._store_inputs,
        )
        if isinstance(event, TaskScheduled) and "Input" not in row and event.event_id in inputs:
            row[PENDING_INPUT] = inputs[event.event_id]
        for column in LARGE_COLUMNS & row.keys():
            text = str(row[column])
            if is_large(text):
                name = await self._large.put_column(instance_id, row_key(index), str(row["EventType"]), column, text)
                row[column] = ""
                row[column + BLOB_NAME] = name
                urls[text] = self._large.url(name)
        return row

    def _work_after(self, before: OpenWork | None, events: Sequence[HistoryEvent]) -> OpenWork | None:
        return before.after(events) if self._is_journal and before is not None else None

    def _sentinel(
        self, instance_id: str, execution_id: str, etag: str | None, work: OpenWork | None, *, complete: bool
    ) -> Operation:
        row: Row = {
            "PartitionKey": escape_key(instance_id),
            "RowKey": SENTINEL,
            "ExecutionId": execution_id,
            "IsCheckpointComplete": complete,
        }
        if complete:
            row["CheckpointCompletedTimestamp"] = self._clock.now()
            if self._is_journal:
                row[OPEN] = to_column(work)
        return Operation(action=Action.INSERT if etag is None else Action.MERGE, row=row, etag=etag)


def _mark(key: str, index: int, name: str, *, clear: bool) -> Row:
    row: Row = {"PartitionKey": key, "RowKey": row_key(index), "Reason": f"Rewound: {name}"}
    if clear:
        row["EventType"] = "GenericEvent"
    return row


def _index(instance_id: str, row: Row) -> int:
    try:
        return int(str(row["RowKey"]), 16)
    except ValueError as error:
        raise CorruptHistory(instance_id, str(row["RowKey"]), "its RowKey is no hexadecimal number") from error


def _generation(rows: Sequence[Row], execution_id: str) -> Iterator[Row]:
    for row in rows:
        if row.get("ExecutionId") != execution_id:
            return
        yield row


def _blank(instance_id: str, index: int) -> Row:
    """A row that belongs to no execution, where deleting would fail if it was done already."""
    return {"PartitionKey": escape_key(instance_id), "RowKey": row_key(index), "ExecutionId": ""}


def _finished(events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
    """What was committed for sure: every commit ends with OrchestratorCompleted."""
    ends = [index for index, event in enumerate(events) if isinstance(event, OrchestratorCompleted)]
    return list(events[: ends[-1] + 1]) if ends else []


def _write(row: Row, fresh_from: str | None) -> Operation:
    is_fresh = fresh_from is not None and str(row["RowKey"]) >= fresh_from
    return Operation(action=Action.INSERT if is_fresh else Action.UPSERT_REPLACE, row=row)
