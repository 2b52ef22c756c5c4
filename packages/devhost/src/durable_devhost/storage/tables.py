"""Azure Tables: single rows, queries by page, and batches of up to 100 rows of one partition.

Rows are plain dicts. An int is an Edm.Int32, a datetime an Edm.DateTime, a float an Edm.Double; None is not stored at
all, as with every Azure client. Rows that were read also hold `odata.etag` and `Timestamp`.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from durable_devhost.json_text import compact_ascii
from durable_devhost.model.timestamps import parse_time, utc_text
from durable_devhost.storage.account import Conflict, NotFound, failure
from durable_devhost.storage.transport import Answer, Transport, error_in_json

Value = str | bool | int | float | datetime
Row = dict[str, Value]

ETAG = "odata.etag"
"""The key under which a row that was read holds its etag."""

MAX_BATCH = 100
"""The most operations of one batch."""

_TYPE = "@odata.type"
_JSON = "application/json;odata=nometadata"
_READ = {"accept": "application/json;odata=minimalmetadata", "dataserviceversion": "3.0"}
_WRITE = {
    "accept": _JSON,
    "content-type": "application/json",
    "prefer": "return-no-content",
    "dataserviceversion": "3.0",
}
_BATCH = {"accept": _JSON, "content-type": "multipart/mixed; boundary=batch_devhost", "dataserviceversion": "3.0"}
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3})[^\r\n]*\r?\n((?:[^\r\n]+\r?\n)*)(?:\r?\n)?([^\r\n]*)")
_ANSWER_ETAG = re.compile(rb"^etag: *([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


class Action(Enum):
    """What an operation does with a row. REPLACE, MERGE and DELETE need it to be there; the upserts do not care."""

    INSERT = "insert"
    REPLACE = "replace"
    MERGE = "merge"
    UPSERT_REPLACE = "upsert-replace"
    UPSERT_MERGE = "upsert-merge"
    DELETE = "delete"


_VERBS = {
    Action.INSERT: "POST",
    Action.REPLACE: "PUT",
    Action.MERGE: "PATCH",
    Action.UPSERT_REPLACE: "PUT",
    Action.UPSERT_MERGE: "PATCH",
    Action.DELETE: "DELETE",
}
_CONDITIONAL = frozenset({Action.REPLACE, Action.MERGE, Action.DELETE})


class Operation(NamedTuple):
    """One operation of a batch; `row` holds PartitionKey and RowKey, `etag` None means whichever version is there."""

    action: Action
    row: Mapping[str, Value]
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of a query in key order; `continuation` asks for the next page, None on the last."""

    rows: list[Row]
    continuation: str | None


class TableService:
    """The tables of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._endpoint = transport.account.table_endpoint

    async def create_table(self, table: str) -> bool:
        """Create the table; False when it exists already."""
        body = json.dumps({"TableName": table}).encode()
        try:
            await self._transport.request("table", "POST", "/Tables", headers=_WRITE, body=body)
        except Conflict as error:
            if error.code != "TableAlreadyExists":
                raise
            return False
        return True

    async def drop_table(self, table: str) -> None:
        """Delete the table with all rows, if it exists."""
        try:
            await self._transport.request("table", "DELETE", f"/Tables('{table}')", headers=_READ)
        except NotFound:
            return

    async def insert(self, table: str, row: Mapping[str, Value]) -> str:
        """Add a row and return its etag; raises Conflict when the keys are taken."""
        return await self._write(table, Operation(action=Action.INSERT, row=row))

    async def replace(self, table: str, row: Mapping[str, Value], etag: str | None = None) -> str:
        """Put a row in the place of an existing one; raises NotFound, or PreconditionFailed when `etag` is old."""
        return await self._write(table, Operation(action=Action.REPLACE, row=row, etag=etag))

    async def merge(self, table: str, row: Mapping[str, Value], etag: str | None = None) -> str:
        """Change some columns of an existing row; raises NotFound, or PreconditionFailed when `etag` is old."""
        return await self._write(table, Operation(action=Action.MERGE, row=row, etag=etag))

    async def upsert_replace(self, table: str, row: Mapping[str, Value]) -> str:
        """Store a row whether or not its keys are taken."""
        return await self._write(table, Operation(action=Action.UPSERT_REPLACE, row=row))

    async def upsert_merge(self, table: str, row: Mapping[str, Value]) -> str:
        """Change some columns of a row, or add it."""
        return await self._write(table, Operation(action=Action.UPSERT_MERGE, row=row))

    async def delete(self, table: str, partition_key: str, row_key: str, etag: str | None = None) -> None:
        """Delete a row; raises NotFound, or PreconditionFailed when `etag` is old."""
        row = {"PartitionKey": partition_key, "RowKey": row_key}
        await self._write(table, Operation(action=Action.DELETE, row=row, etag=etag))

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        """One row, None when there is none; raises NotFound when there is no such table."""
        path = f"/{table}({_keys(partition_key, row_key)})"
        try:
            answer = await self._transport.request("table", "GET", path, headers=_READ)
        except NotFound as error:
            if error.code == "TableNotFound":
                raise
            return None
        with self._transport.reading_answer("table"):
            return read_row(json.loads(answer.body))

    async def query_page(
        self,
        table: str,
        *,
        filter: str | None = None,
        select: Sequence[str] = (),
        top: int | None = None,
        continuation: str | None = None,
    ) -> Page:
        """One page of a query, at most `top` rows (the service gives at most 1,000); raises NotFound without the table.

        `filter` is OData, with its literals made by `string_literal` and `time_literal`.
        """
        query = {"$filter": filter, "$select": ",".join(select), "$top": str(top) if top else None}
        sent = {name: value for name, value in query.items() if value} | dict(parse_qsl(continuation or "", True))
        answer = await self._transport.request("table", "GET", f"/{table}()", query=sent, headers=_READ)
        with self._transport.reading_answer("table"):
            return Page(rows=[read_row(row) for row in json.loads(answer.body)["value"]], continuation=_next(answer))

    async def query(
        self, table: str, *, filter: str | None = None, select: Sequence[str] = (), top: int | None = None
    ) -> AsyncIterator[Page]:
        """All pages of a query, one after the other; `top` is the size of a page."""
        continuation: str | None = None
        while True:
            page = await self.query_page(table, filter=filter, select=select, top=top, continuation=continuation)
            yield page
            continuation = page.continuation
            if continuation is None:
                return

    async def batch(self, table: str, operations: Sequence[Operation]) -> list[str]:
        """Carry out up to 100 operations on one partition, all or none, and return their etags in order.

        The etag of a delete is empty. Raises the StorageFailure of the first operation that failed, and
        StorageUnavailable where nobody can tell whether the batch is stored. One operation needs no batch, which takes
        Azurite twice as long.
        """
        if len(operations) == 1:
            return [await self._write(table, operations[0])]
        body = b"".join([_BATCH_HEAD, *(self._part(table, operation) for operation in operations), _BATCH_TAIL])
        answer = await self._transport.request("table", "POST", "/$batch", headers=_BATCH, body=body)
        etags: list[str] = []
        for status, head, content in _ANSWER.findall(answer.body):
            if int(status) >= 400:
                raise failure(int(status), *error_in_json(content))
            found = _ANSWER_ETAG.search(head)
            etags.append(found[1].decode() if found else "")
        if len(etags) != len(operations):
            why = f"{len(operations)} operations were answered by {len(etags)} results: {answer.body[:200]!r}"
            raise self._transport.unavailable("table", why)
        return etags

    async def _write(self, table: str, operation: Operation) -> str:
        action, row = operation.action, operation.row
        headers = dict(_WRITE)
        if action in _CONDITIONAL:
            headers["if-match"] = operation.etag or "*"
        answer = await self._transport.request(
            "table",
            _VERBS[action],
            f"/{_target(table, operation)}",
            headers=headers,
            body=b"" if action is Action.DELETE else write_row(row),
        )
        if action is Action.DELETE:
            return ""
        with self._transport.reading_answer("table"):
            return answer.headers["etag"]

    def _part(self, table: str, operation: Operation) -> bytes:
        action = operation.action
        content = b"" if action is Action.DELETE else write_row(operation.row)
        extra = _PREFER if action is Action.INSERT else ""
        if action in _CONDITIONAL:
            extra = f"If-Match: {operation.etag or '*'}\r\n"
        if action is not Action.DELETE:
            extra += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        head = (
            f"{_PART_HEAD}{_VERBS[action]} {self._endpoint}/{_target(table, operation)} HTTP/1.1\r\n{_PART_READ}{extra}"
        )
        return b"%b\r\n%b\r\n" % (head.encode(), content)


_PART_HEAD = "--changeset_devhost\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_PART_READ = "DataServiceVersion: 3.0\r\nAccept: application/json;odata=minimalmetadata\r\n"
_PREFER = "Prefer: return-no-content\r\n"
_BATCH_HEAD = b"--batch_devhost\r\nContent-Type: multipart/mixed; boundary=changeset_devhost\r\n\r\n"
_BATCH_TAIL = b"--changeset_devhost--\r\n\r\n--batch_devhost--\r\n"


def string_literal(text: str) -> str:
    """A string literal of an OData filter."""
    return "'" + text.replace("'", "''") + "'"


def time_literal(when: datetime) -> str:
    """A point in time as a literal of an OData filter."""
    return f"datetime'{write_time(when)}'"


@lru_cache(maxsize=512)  # all rows of an episode have the same
def write_time(when: datetime) -> str:
    """A point in time as tables hold it: UTC, always seven fraction digits (.NET ticks)."""
    return f"{utc_text(when)}0Z"


def write_row(row: Mapping[str, Value]) -> bytes:
    """A row as JSON with type annotations where JSON alone does not tell the type."""
    return compact_ascii(plain_row(row)).encode()


def plain_row(row: Mapping[str, Value]) -> dict[str, Any]:
    """A row as plain JSON data, with those annotations."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, (str, int)):  # the most frequent first
            if name != ETAG:
                plain[name] = value
        elif isinstance(value, datetime):
            plain[name] = write_time(value)
            plain[name + _TYPE] = "Edm.DateTime"
        elif isinstance(value, float):
            plain[name] = value
            plain[name + _TYPE] = "Edm.Double"
        elif value is not None:
            plain[name] = value  # the encoder refuses what it does not know
    return plain


def read_row(plain: Mapping[str, Any]) -> Row:
    """A row from JSON with minimal metadata; binaries and GUIDs stay text."""
    row: Row = {}
    for name, value in plain.items():
        if value is None or name.endswith(_TYPE) or name == "odata.metadata":
            continue
        # The service's own column comes without its type.
        match "Edm.DateTime" if name == "Timestamp" else plain.get(name + _TYPE):
            case "Edm.DateTime":
                row[name] = parse_time(value)
            case "Edm.Int64":
                row[name] = int(value)
            case "Edm.Double":
                row[name] = float(value)
            case _:
                row[name] = value
    return row


def _target(table: str, operation: Operation) -> str:
    if operation.action is Action.INSERT:
        return table
    return f"{table}({_keys(str(operation.row['PartitionKey']), str(operation.row['RowKey']))})"


def _keys(partition_key: str, row_key: str) -> str:
    return f"PartitionKey={_key(partition_key)},RowKey={_key(row_key)}"


@lru_cache(maxsize=1024)  # an instance has one partition, and all instances have the same row keys
def _key(text: str) -> str:
    return quote(string_literal(text), safe=_SAFE)


_SAFE = "'"


def _next(answer: Answer) -> str | None:
    keys = {
        name: value
        for name in ("NextPartitionKey", "NextRowKey")
        if (value := answer.headers.get(f"x-ms-continuation-{name.lower()}")) is not None
    }
    return urlencode(keys) if keys else None
