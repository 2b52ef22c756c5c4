"""Table bindings: the rows of an input, their form for a function, and the rows that an output writes. Pure.

The rules are those of the Tables extension 1.x for a function outside .NET
(`TablesExtensionConfigProvider.cs`, `TableEntityWriter.cs`, `TableFilterFormatter.cs`): an input is always a list, and
its row key is ignored; an output is one object or a list of them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from durable_devhost.dispatch.bindings import Value, looks_like_json
from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize, parse
from durable_devhost.dotnet.json_writer import as_text, compact, indented
from durable_devhost.model.functions import Binding
from durable_devhost.storage.tables import ETAG, Action, Operation, Row, string_literal

_PARAMETER = re.compile(r"\{([^{}.:]+)[^{}]*\}")
_NO_TEXT = re.compile(r"(?i:true|false)|[+-]?[0-9]+|[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?")
_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_HIDDEN = frozenset({ETAG, "timestamp"})
_INT64 = 1 << 63
_INT64_TYPE = "Edm.Int64"
_TYPE = "@odata.type"
_KEYS = {"etag": ETAG, "partitionkey": "PartitionKey", "rowkey": "RowKey"}
_MAX_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TableQuery:
    """The query of a table input; `take` 0 means all rows, an empty filter every one."""

    table: str
    filter: str
    take: int


def table_query(binding: Binding, resolved: Callable[[str], str], data: Callable[[], Mapping[str, Any]]) -> TableQuery:
    """The query of an input; `resolved` fills in expressions from `data`. The row key is ignored, as on Azure."""
    partition = resolved(binding.text("partitionKey") or "")
    template = binding.text("filter") or ""
    parts = [f"PartitionKey eq {string_literal(partition)}"] if partition else []
    if template:
        parts.append(_filled_in(template, resolved, data))
    take = binding.text("take") or "0"
    return TableQuery(
        table=resolved(binding.text("tableName") or ""),
        filter=" and ".join(parts),
        take=int(take) if take.isdecimal() else 0,
    )


def rows_value(rows: Sequence[Row]) -> Value:
    """The rows for the worker: JSON without `Timestamp` and etag."""
    shown = [{name: _json_value(value) for name, value in row.items() if name.lower() not in _HIDDEN} for row in rows]
    return {"type": "json", "value": compact(shown)}


def table_operations(value: Value, *, partition_key: str, row_key: str) -> list[Operation]:
    """The operations of an output, in its order; the two keys are for rows that have none.

    Raises ValueError for an invalid row. A row is added; one with an `ETag` replaces a row, with `*` any.
    """
    return [_operation(item, partition_key, row_key) for item in _items(value)]


def in_batches(operations: Sequence[Operation]) -> list[list[Operation]]:
    """The operations in groups that storage accepts: one partition, each row once, a hundred at most."""
    done: list[list[Operation]] = []
    open_: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        partition, row = str(operation.row["PartitionKey"]), str(operation.row["RowKey"])
        group = open_.setdefault(partition, {})
        if row in group or len(group) == _MAX_BATCH:
            done.append(list(group.values()))
            group = open_[partition] = {}
        group[row] = operation
    return done + [list(group.values()) for group in open_.values()]


def _filled_in(template: str, resolved: Callable[[str], str], data: Callable[[], Mapping[str, Any]]) -> str:
    """A filter with its expressions filled in: inside quotes as text, elsewhere only as a number or boolean."""
    names = _PARAMETER.findall(template)
    if not names or (len(names) == 1 and template == f"{{{names[0]}}}"):
        return resolved(template)
    known = {name.lower(): value for name, value in data().items()}
    for name in dict.fromkeys(names):
        value = known.get(name.lower())
        if value is None:
            continue
        in_quotes = f"'{{{name}}}'"
        if template.count(in_quotes) >= names.count(name):
            template = template.replace(in_quotes, string_literal(as_text(value)))
        elif isinstance(value, (dict, list)) or not _NO_TEXT.fullmatch(as_text(value)):
            raise ValueError(f"An invalid parameter value was specified for filter parameter '{name}'.")
    return resolved(template)


def _json_value(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "+00:00"


def _items(value: Value) -> list[Any]:
    content = value["value"]
    try:
        if value["type"] == "json":
            found = deserialize(content, dates=False)
        elif isinstance(content, str) and looks_like_json(content):
            found = parse(content, dates=True)
        else:
            return [deserialize(content.decode() if isinstance(content, bytes) else as_text(content), dates=False)]
        items = found if isinstance(found, list) else [found]
        return [deserialize(as_text(item), dates=False) for item in items]
    except (JsonReaderError, UnicodeDecodeError) as error:
        raise ValueError(f"a table output takes JSON: one object, or a list of them ({error})") from None


def _operation(item: Any, partition_key: str, row_key: str) -> Operation:
    if not isinstance(item, dict):
        raise ValueError(f"a table output takes JSON objects, and {compact(item)} is none")
    row: dict[str, Any] = {}
    for name, value in item.items():
        _put(row, _KEYS.get(str(name).lower(), str(name)), value)
    for name, default in (("PartitionKey", partition_key), ("RowKey", row_key)):
        row[name] = _key(row, name, default)
    etag = row.pop(ETAG, None)
    action = Action.INSERT if etag is None else Action.UPSERT_REPLACE if etag == "*" else Action.REPLACE
    return Operation(action=action, row=row, etag=str(etag) if action is Action.REPLACE else None)


def _put(row: dict[str, Any], name: str, value: Any) -> None:
    """Set a value with the type that the extension gives it: integers have 64 bits, nested values are text."""
    match value:
        case None:
            return
        case bool() | float() | str():
            row[name] = value
        case int() if -_INT64 <= value < _INT64:
            row[name], row[name + _TYPE] = str(value), _INT64_TYPE
        case int():
            raise ValueError(f"the number in '{name}' is too large for a table")
        case _:
            row[name] = indented(value)


def _key(row: Mapping[str, Any], name: str, default: str) -> str:
    if name + _TYPE in row or not isinstance(row.get(name, ""), str):
        raise ValueError(f"the {name} of a table row must be text")
    text: str | None = row.get(name, default or None)
    if text is None or _FORBIDDEN.search(text):
        raise ValueError(
            f"'{text or ''}' is not a valid value for a partition key or row key. "
            "Ensure that the table entity contains valid 'PartitionKey' and 'RowKey' values."
        )
    return text
