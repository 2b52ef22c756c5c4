"""The History table: read an execution's events, append new ones under the protection of the sentinel's etag.

A commit is one or more batches, each of up to 99 rows and the sentinel. Rows that cannot exist are inserted, which is
far cheaper than an upsert on Azurite; all others are upserted. That stays safe after a crash between two batches:
`read` then drops the events of the unfinished commit, for their messages come again, and its `Tail` makes the next
commit write over their rows and blank those that are left, before they could be taken for events.

In journal mode messages are stored and deleted in the same batches (`taskhub.journal`), the sentinel says what is open
(`taskhub.open_work`), and events are packed into it as long as they fit (`taskhub.packed`).
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from durable_devhost.clock import Clock
from durable_devhost.model.history import HistoryEvent, OrchestratorCompleted, TaskScheduled
from durable_devhost.storage.account import NotFound, PreconditionFailed
from durable_devhost.storage.tables import ETAG, MAX_BATCH, Action, Operation, Row, TableService, string_literal
from durable_devhost.taskhub.batches import with_commit_name
from durable_devhost.taskhub.failures import CorruptHistory, LostRace
from durable_devhost.taskhub.journal import MESSAGE_BLOB, delete_all, is_message
from durable_devhost.taskhub.large_messages import LargeMessages, is_large
from durable_devhost.taskhub.layout import Layout, in_rows, in_the_sentinel
from durable_devhost.taskhub.names import HubNames, escape_key
from durable_devhost.taskhub.open_work import LAST_EPISODE, NOTHING, OPEN, OpenWork, to_column
from durable_devhost.taskhub.packed import NOTHING_PACKED, Packed, events_in, packed_in
from durable_devhost.taskhub.read_back import store
from durable_devhost.taskhub.rows import BLOB_NAME, LARGE_COLUMNS, PENDING_INPUT, SENTINEL, from_row, row_key, to_row

_NO_INPUTS: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What is known of the rows behind the last event: pass it on from each read or append to the next append.

    Rows from `fresh_from` on do not exist; None says that nobody knows. Rows before `unfinished_to` may be left from a
    commit of the same execution that did not finish. Journal mode alone keeps the others: `work` is what the execution
    has open, None says that nobody knows; `packed` are the columns of the sentinel with events that have no rows.
    """

    fresh_from: int | None = None
    unfinished_to: int = 0
    work: OpenWork | None = None
    packed: Packed = field(default_factory=lambda: NOTHING_PACKED)


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
        packed = packed_in(sentinel)
        if sentinel and packed:
            rows = _with_packed(instance_id, rows, sentinel)
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
            tail=Tail(
                fresh_from=fresh_from,
                unfinished_to=unfinished_to,
                work=self._work_after(NOTHING, events),
                packed=packed,
            ),
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
        layout = self._layout(instance_id, rows, first_row, tail, beside, if_whole)
        name = secrets.token_hex(8) if self._is_journal and not layout.is_whole else ""
        work = self._work_after(tail.work if first_row else NOTHING, events)
        for number, batch in enumerate(layout.batches):
            is_last = number == len(layout.batches) - 1
            row = self._sentinel(instance_id, execution_id, events, work, complete=is_last)
            sentinel = Operation(
                action=Action.INSERT if etag is None else self._change(layout, number),
                row={**row, **layout.columns} if is_last else row,
                etag=etag,
            )
            operations = [*batch, sentinel]
            if name:
                operations = with_commit_name(operations, name, number + 1)
            etag = await store(self._tables, self._table, instance_id, operations)
        end, fresh_from = first_row + len(rows), tail.fresh_from
        if fresh_from is not None and not layout.columns:
            fresh_from = max(end, fresh_from)
        tail = Tail(fresh_from=fresh_from, work=work, packed=layout.packed)
        return Appended(etag=etag or "", row_count=end, tail=tail, urls=urls, is_whole=layout.is_whole)

    def _layout(
        self,
        instance_id: str,
        rows: Sequence[Row],
        first_row: int,
        tail: Tail,
        beside: Sequence[Operation],
        if_whole: Sequence[Operation],
    ) -> Layout:
        """Where the events go. Rows that a commit has left are written over, so nothing is packed before that."""
        earlier = tail.packed if first_row else NOTHING_PACKED
        if self._is_journal and tail.fresh_from is not None and tail.unfinished_to <= first_row:
            layout = in_the_sentinel(rows, first_row=first_row, earlier=earlier, beside=beside, if_whole=if_whole)
            if layout is not None:
                return layout
        blanks = [_blank(instance_id, index) for index in range(first_row + len(rows), tail.unfinished_to)]
        return in_rows(
            [*blanks, *rows],
            first_row=first_row,
            fresh_from=tail.fresh_from,
            earlier=earlier,
            beside=beside,
            if_whole=if_whole,
        )

    def _change(self, layout: Layout, number: int) -> Action:
        """What a batch does to the sentinel that is stored; in standard mode it keeps what others have put there."""
        return Action.REPLACE if self._is_journal and layout.replaces(number) else Action.MERGE

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
        columns, and the sentinel stays as it is (`AzureTableTrackingStore.cs: RewindHistoryAsync`). In journal mode
        packed events get rows first. Raises LostRace when a row is not there any more.
        """
        if self._is_journal:
            await self._write_out(instance_id)
        marks = [
            Operation(action=Action.MERGE, row=_mark(escape_key(instance_id), index, name, clear=index in cleared))
            for index, name in sorted({**cleared, **noted}.items())
        ]
        for start in range(0, len(marks), MAX_BATCH):
            try:
                await self._tables.batch(self._table, marks[start : start + MAX_BATCH])
            except NotFound as error:
                raise LostRace(f"Instance '{instance_id}' was purged while it was rewound.") from error

    async def _write_out(self, instance_id: str) -> None:
        """Give packed events rows of their own, so that these can be changed in place."""
        key = escape_key(instance_id)
        sentinel = await self._tables.get(self._table, key, SENTINEL)
        packed = packed_in(sentinel)
        if sentinel is None or not packed:
            return
        rows = _with_packed(instance_id, [], sentinel)
        kept = {name: value for name, value in sentinel.items() if name not in (*packed, ETAG, "Timestamp")}
        last = Operation(action=Action.REPLACE, row=kept, etag=str(sentinel[ETAG]))
        writes = [Operation(action=Action.UPSERT_REPLACE, row=row) for row in rows]
        try:
            await self._tables.batch(self._table, [*writes, last])
        except (NotFound, PreconditionFailed) as error:
            raise LostRace(f"Instance '{instance_id}' has gone on while it was rewound.") from error

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
        self,
        instance_id: str,
        execution_id: str,
        events: Sequence[HistoryEvent],
        work: OpenWork | None,
        *,
        complete: bool,
    ) -> Row:
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
                if events and isinstance(events[-1], OrchestratorCompleted):
                    row[LAST_EPISODE] = events[-1].timestamp
        return row


def _with_packed(instance_id: str, rows: list[Row], sentinel: Row) -> list[Row]:
    """All events in the order of their keys; a packed one takes the place of a row, which is of a generation before."""
    try:
        more = events_in(sentinel)
    except ValueError as error:
        raise CorruptHistory(instance_id, SENTINEL, f"its packed events cannot be read: {error}") from error
    found = {str(row["RowKey"]): row for row in (*rows, *more)}
    return [found[key] for key in sorted(found)]


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
