"""The Instances table: one row for each instance, what status queries and lists read."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceFilter, InstancePage, InstanceRecord
from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed
from durable_devhost.storage.tables import ETAG, Row, TableService, string_literal, time_literal
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.large_messages import LargeMessages, is_large
from durable_devhost.taskhub.names import HubNames, escape_key, unescape_key
from durable_devhost.taskhub.rows import BLOB_NAME

MAX_PAGE = 1_000
"""The most rows that the service gives at once."""

_COLUMNS: dict[str, tuple[str, type]] = {
    "execution_id": ("ExecutionId", str),
    "name": ("Name", str),
    "version": ("Version", str),
    "status": ("RuntimeStatus", RuntimeStatus),
    "input": ("Input", str),
    "output": ("Output", str),
    "custom_status": ("CustomStatus", str),
    "created_time": ("CreatedTime", datetime),
    "last_updated_time": ("LastUpdatedTime", datetime),
    "completed_time": ("CompletedTime", datetime),
    "scheduled_start_time": ("ScheduledStartTime", datetime),
    "task_hub_name": ("TaskHubName", str),
    "generation": ("Generation", int),
    "tags": ("Tags", str),
}
_LARGE = ("Input", "Output")
_STATUSES = {str(status): status for status in RuntimeStatus}


def to_row(record: InstanceRecord, hub: str) -> Row:
    """A record as a row: what is None is absent, but a row that tells of a start always has Tags, if only `null`."""
    row: Row = {"PartitionKey": escape_key(record.instance_id), "RowKey": ""}
    for attribute, (column, _) in _COLUMNS.items():
        value = getattr(record, attribute)
        if value is not None:
            row[column] = str(value) if isinstance(value, RuntimeStatus) else value
    row["TaskHubName"] = record.task_hub_name or hub
    if record.name is not None:
        row.setdefault("Tags", "null")
    return row


def from_row(row: Row) -> InstanceRecord:
    """Read a row; unknown columns, and values of another type than the real host writes, are passed over."""
    values: dict[str, Any] = {}
    for attribute, (column, kind) in _COLUMNS.items():
        value: Any = row.get(column)
        if kind is RuntimeStatus:
            value = _STATUSES.get(str(value))
        if isinstance(value, kind):
            values[attribute] = value
    etag = row.get(ETAG)
    return InstanceRecord(
        instance_id=unescape_key(str(row["PartitionKey"])), etag=str(etag) if etag else None, **values
    )


class InstanceStore:
    """The rows of all instances of a hub."""

    def __init__(self, tables: TableService, large: LargeMessages, names: HubNames) -> None:
        self._tables = tables
        self._large = large
        self._table = names.instances
        self._hub = names.hub

    async def get(self, instance_id: str) -> InstanceRecord | None:
        """The record of one instance with its large texts put back, None for an unknown instance."""
        row = await self._tables.get(self._table, escape_key(instance_id), "")
        return from_row(await self._whole(row)) if row is not None else None

    async def insert(self, record: InstanceRecord) -> str:
        """Add the row of a new instance and return its etag; raises LostRace when there is one."""
        try:
            return await self._tables.insert(self._table, await self._row(record, {}))
        except Conflict as error:
            raise LostRace(f"Instance '{record.instance_id}' has a row already.") from error

    async def replace(self, record: InstanceRecord, etag: str) -> str:
        """Put a new instance's row in the place of an old one; raises LostRace when `etag` is not its current one."""
        try:
            return await self._tables.replace(self._table, await self._row(record, {}), etag)
        except (NotFound, PreconditionFailed) as error:
            raise LostRace(f"The row of instance '{record.instance_id}' has changed.") from error

    async def merge(self, record: InstanceRecord, urls: Mapping[str, str] | None = None) -> str:
        """Change the columns that `record` holds, adding the row if need be, and return its etag.

        `urls` is what the history's append returned: texts that lie in a blob already are referred to there.
        """
        return await self._tables.upsert_merge(self._table, await self._row(record, urls or {}))

    async def put(self, record: InstanceRecord, urls: Mapping[str, str] | None = None) -> str:
        """Write a whole row over whatever stands there, and return its etag; `urls` as for `merge`."""
        return await self._tables.upsert_replace(self._table, await self._row(record, urls or {}))

    async def delete(self, instance_id: str) -> bool:
        """Delete the row; False when there was none."""
        try:
            await self._tables.delete(self._table, escape_key(instance_id), "")
        except NotFound:
            return False
        return True

    async def query(
        self, wanted: InstanceFilter, *, page_size: int | None = None, continuation: str | None = None
    ) -> InstancePage:
        """One page of the instances that `wanted` describes, ordered by id.

        `page_size` is at most `MAX_PAGE`. A page may hold fewer rows, even none, and still have a continuation.
        """
        page = await self._tables.query_page(
            self._table,
            filter=odata(wanted),
            select=_columns(wanted),
            top=page_size,
            continuation=continuation,
        )
        records = tuple([from_row(await self._whole(row)) for row in page.rows])
        return InstancePage(records=records, continuation=page.continuation)

    async def every(self, wanted: InstanceFilter) -> AsyncIterator[InstanceRecord]:
        """All instances that `wanted` describes, page by page."""
        continuation: str | None = None
        while True:
            page = await self.query(wanted, page_size=MAX_PAGE, continuation=continuation)
            for record in page.records:
                yield record
            continuation = page.continuation
            if continuation is None:
                return

    async def _row(self, record: InstanceRecord, urls: Mapping[str, str]) -> Row:
        row = to_row(record, self._hub)
        for column in _LARGE:
            text = row.get(column)
            if isinstance(text, str) and is_large(text):
                row[column] = urls.get(text) or self._large.url(
                    await self._large.put_column(record.instance_id, "", column, column, text)
                )
        return row

    async def _whole(self, row: Row) -> Row:
        for column in _LARGE:
            name = row.get(column + BLOB_NAME)
            text = row.get(column)
            if name and not text:
                row[column] = await self._large.read(str(name)) or ""
            elif isinstance(text, str) and text.startswith("http"):
                row[column] = await self._large.resolve(text)
        return row


def _columns(wanted: InstanceFilter) -> tuple[str, ...]:
    """The columns that are wanted, nothing for all."""
    left_out = {"Input": not wanted.with_input, "Output": not wanted.with_output}
    if not any(left_out.values()):
        return ()
    columns = ["PartitionKey", "RowKey", *(column for column, _ in _COLUMNS.values()), *(c + BLOB_NAME for c in _LARGE)]
    return tuple([each for each in columns if not left_out.get(each.removesuffix(BLOB_NAME))])


def odata(wanted: InstanceFilter) -> str:
    """The OData filter for the instances that are wanted."""
    terms = ["RowKey eq ''"]
    if wanted.id_prefix:
        prefix = escape_key(wanted.id_prefix)
        terms.append(f"PartitionKey ge {string_literal(prefix)} and PartitionKey lt {string_literal(_after(prefix))}")
    if wanted.created_from is not None:
        terms.append(f"CreatedTime ge {time_literal(wanted.created_from)}")
    if wanted.created_to is not None:
        terms.append(f"CreatedTime le {time_literal(wanted.created_to)}")
    if wanted.updated_from is not None:
        terms.append(f"LastUpdatedTime ge {time_literal(wanted.updated_from)}")
    if wanted.statuses:
        terms.append(
            "(" + " or ".join(f"RuntimeStatus eq {string_literal(str(s))}" for s in sorted(wanted.statuses)) + ")"
        )
    return " and ".join(terms)


def _after(prefix: str) -> str:
    """The least text that is greater than every text that begins with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
