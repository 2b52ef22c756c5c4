"""Events packed into columns of the sentinel, in journal mode. Pure.

A commit is one row then, which Azurite stores in half the time of a batch. Each commit adds the column `Events` and the
index of its first event, with its rows as a JSON list. Where the columns become many or long, a later commit writes
their events out as rows of their own.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from durable_devhost.json_text import compact_ascii
from durable_devhost.storage.tables import Row, Value, plain_row, read_row
from durable_devhost.taskhub.rows import row_key

PREFIX = "Events"
"""What the name of such a column begins with."""

MOST_ROWS = 80
"""Events that are packed at most. Written out they fit into one batch, with those of another commit as a rule."""

MOST_CHARACTERS = 30_000
"""The longest text of a column, all of it ASCII. Storage takes 32,768 characters."""

MOST_IN_ALL = 120_000
"""Characters of all columns together, two bytes each. Storage takes 1 MiB a row."""

_DIGITS = 8
_SAME_IN_ALL = ("PartitionKey", "RowKey", "ExecutionId")

Packed = Mapping[str, str]
"""The columns by their names."""

NOTHING_PACKED: Packed = MappingProxyType({})
"""A sentinel without such columns."""


def packed_in(sentinel: Mapping[str, Value] | None) -> Packed:
    """The columns of a sentinel that hold events; none where there is no sentinel."""
    found = {name: str(text) for name, text in (sentinel or {}).items() if name.startswith(PREFIX)}
    return found or NOTHING_PACKED


def pack(first_row: int, rows: Sequence[Row]) -> Packed:
    """The column of one commit, whose first event has the index `first_row`; none for a commit without events."""
    if not rows:
        return NOTHING_PACKED
    plain = [plain_row({name: value for name, value in row.items() if name not in _SAME_IN_ALL}) for row in rows]
    return {f"{PREFIX}{first_row:0{_DIGITS}X}": compact_ascii(plain)}


def fits(earlier: Packed, more: Packed, end: int) -> bool:
    """Whether the columns of a commit may be put beside `earlier` ones; `end` is the index behind its last event."""
    first = min(map(_first_row, (*earlier, *more)), default=end)
    return (
        end - first <= MOST_ROWS
        and all(len(text) <= MOST_CHARACTERS for text in more.values())
        and sum(map(len, (*earlier.values(), *more.values()))) <= MOST_IN_ALL
    )


def unpack(packed: Packed, *, partition_key: str, execution_id: str) -> list[Row]:
    """The rows in the order of their keys; raises ValueError where a column cannot be read."""
    rows: list[Row] = []
    for name in sorted(packed):
        try:
            texts = json.loads(packed[name])
            for number, plain in enumerate(texts, start=_first_row(name)):
                keys: Row = {"PartitionKey": partition_key, "RowKey": row_key(number)}
                rows.append({**keys, **read_row(plain), "ExecutionId": execution_id})
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"column {name}: {error}") from error
    return rows


def events_in(sentinel: Row) -> list[Row]:
    """The rows of the events that are packed into a sentinel; raises ValueError where a column cannot be read."""
    key, execution_id = str(sentinel["PartitionKey"]), str(sentinel.get("ExecutionId"))
    return unpack(packed_in(sentinel), partition_key=key, execution_id=execution_id)


def _first_row(name: str) -> int:
    return int(name.removeprefix(PREFIX), 16)
