"""History events as rows of the History table and back. Pure.

Columns follow `TableEntityConverter.cs` of DurableTask.AzureStorage: null texts, numbers and dates are absent, objects
are JSON text, `null` when there is none. The event's own time is `_Timestamp`, for `Timestamp` is the service's.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from durable_devhost.json_text import compact
from durable_devhost.model.history import HistoryEvent, RuntimeStatus, SubOrchestrationCreated, TaskScheduled
from durable_devhost.model.wire import SPEC_NAMED, SPEC_OF, Field, Kind, object_to_json, read_object
from durable_devhost.storage.tables import Row, Value

SENTINEL = "sentinel"
"""The RowKey of the row whose etag guards the whole history; it sorts after all hexadecimal digits."""

BLOB_NAME = "BlobName"
"""What is appended to a column's name when its text lies in a blob."""

PENDING_INPUT = "PendingInput"
"""The column of a TaskScheduled row with the input that the real provider keeps in the work item alone."""

LARGE_COLUMNS = frozenset(
    {"Name", "Input", "Result", "Output", "Reason", "Details", "Correlation", "FailureDetails", "Tags", PENDING_INPUT}
)
"""The columns whose text may go to a blob."""

_NEVER_STORED = frozenset({"ClientSpanId"})
_INPUT = "Input"


def row_key(index: int) -> str:
    """The RowKey of the event with this index, from 0."""
    return f"{index:016X}"


def to_row(event: HistoryEvent, *, partition_key: str, index: int, execution_id: str, store_inputs: bool) -> Row:
    """One event as a row. The inputs of activities and sub-orchestrations are left out unless `store_inputs`."""
    spec = SPEC_OF[type(event)]
    row: Row = {"PartitionKey": partition_key, "RowKey": row_key(index)}
    drop_input = not store_inputs and isinstance(event, TaskScheduled | SubOrchestrationCreated)
    for field in spec.fields:
        if field.wire in _NEVER_STORED or (drop_input and field.wire == _INPUT):
            continue
        value = _to_column(field.kind, getattr(event, field.attribute))
        if value is not None:
            row[field.wire] = value
    row["EventId"] = event.event_id
    row["IsPlayed"] = event.is_played
    row["_Timestamp"] = event.timestamp
    row["EventType"] = spec.name
    row["ExecutionId"] = execution_id
    return row


def from_row(row: Row) -> HistoryEvent:
    """Read one row, whose large texts must have been put back; unknown columns are ignored.

    Raises ValueError with what is wrong with it.
    """
    name = row.get("EventType")
    if name is None:
        raise ValueError("it has no EventType")
    spec = SPEC_NAMED.get(str(name))
    if spec is None:
        raise ValueError(f"EventType '{name}' is unknown")
    when = row.get("_Timestamp")
    if not isinstance(when, datetime):
        raise ValueError("its _Timestamp is no point in time")
    values = {field.attribute: value for field in spec.fields if (value := _from_column(field, row)) is not None}
    event_id = row.get("EventId", -1)
    if not isinstance(event_id, int):
        raise ValueError("its EventId is no number")
    try:
        return spec.event(timestamp=when, event_id=event_id, is_played=row.get("IsPlayed") is True, **values)
    except TypeError as error:
        raise ValueError(f"a column of {name} is missing ({error})") from error


def estimated_size(row: Mapping[str, Value]) -> int:
    """Roughly what a row adds to a batch, in bytes: 1 KiB and its texts in UTF-16, as the real provider reckons."""
    return 1024 + 2 * sum([len(value) for value in row.values() if isinstance(value, str)])


def _to_column(kind: Kind, value: Any) -> Value | None:
    if kind is Kind.OBJECT:
        return "null" if value is None else compact(object_to_json(value))
    if kind is Kind.STATUS:
        return str(value)
    return value  # type: ignore[no-any-return]  # the kind says that it is a column's value


def _from_column(field: Field, row: Row) -> Any:
    value = row.get(field.wire)
    if value is None:
        return None
    try:
        match field.kind:
            case Kind.OBJECT:
                found = json.loads(str(value))
                return None if found is None else read_object(field.attribute, found)
            case Kind.STATUS:
                return RuntimeStatus(str(value))
            case kind:
                return _checked(kind, value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"column {field.wire} holds {str(value)[:80]!r} ({error})") from error


_TYPES: dict[Kind, type] = {Kind.TEXT: str, Kind.INT: int, Kind.BOOL: bool, Kind.TIME: datetime}


def _checked(kind: Kind, value: Value) -> Value:
    wanted = _TYPES[kind]
    if not isinstance(value, wanted):
        raise ValueError(f"expected {wanted.__name__}")
    return value
