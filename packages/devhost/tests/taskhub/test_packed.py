"""Events in columns of the sentinel: what is packed is unpacked as it was, and the sentinel stays small."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.storage.tables import Row
from durable_devhost.taskhub.packed import (
    MOST_CHARACTERS,
    MOST_IN_ALL,
    MOST_ROWS,
    NOTHING_PACKED,
    fits,
    pack,
    packed_in,
    unpack,
)
from durable_devhost.taskhub.rows import row_key

TIMES = st.integers(0, 2**42).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
VALUES = st.text() | st.integers(-(2**31), 2**31 - 1) | st.booleans() | st.floats(allow_nan=False) | TIMES
COLUMNS = st.dictionaries(st.sampled_from(["EventType", "EventId", "_Timestamp", "Result", "FireAt"]), VALUES)


def rows(columns: list[Row], first_row: int) -> list[Row]:
    """Rows of instance `i`, execution `e`."""
    return [
        {"PartitionKey": "i", "RowKey": row_key(number), **each, "ExecutionId": "e"}
        for number, each in enumerate(columns, first_row)
    ]


@given(commits=st.lists(st.lists(COLUMNS, max_size=3), max_size=4), start=st.integers(0, 70_000))
def test_what_was_packed_is_unpacked_as_it_was(commits: list[list[Row]], start: int) -> None:
    """Of several commits, in the order of their keys and with each column's type."""
    expected, packed, end = list[Row](), dict(NOTHING_PACKED), start
    for columns in commits:
        expected += rows(columns, end)
        packed |= pack(end, rows(columns, end))
        end += len(columns)
    sentinel: Row = {"PartitionKey": "i", "RowKey": "sentinel", "ExecutionId": "e", "IsCheckpointComplete": True}
    assert packed_in({**sentinel, **packed}) == packed
    assert unpack(packed, partition_key="i", execution_id="e") == expected


def test_a_sentinel_without_columns_has_nothing_packed() -> None:
    """Nor has one that is not there."""
    assert packed_in({"RowKey": "sentinel", "ExecutionId": "e"}) == packed_in(None) == NOTHING_PACKED


def test_few_events_fit_and_many_do_not() -> None:
    """They are counted from the first packed one on, so that all of them can be written out in one batch."""
    earlier = pack(10, rows([{}], 10))
    more = pack(11, rows([{}], 11))
    assert fits(earlier, more, 10 + MOST_ROWS)
    assert not fits(earlier, more, 11 + MOST_ROWS)


def test_a_long_text_does_not_fit() -> None:
    """Neither in one column nor in all together. A character beyond ASCII takes as many as its escape has."""
    assert fits({}, {"Events00000000": "x" * MOST_CHARACTERS}, 1)
    assert not fits({}, {"Events00000000": "x" * (MOST_CHARACTERS + 1)}, 1)
    assert not fits({}, pack(0, rows([{"Result": "é" * (MOST_CHARACTERS // 6)}], 0)), 1)
    full = {f"Events{number:08X}": "x" * MOST_CHARACTERS for number in range(MOST_IN_ALL // MOST_CHARACTERS)}
    assert not fits(full, {"Events00000010": "x"}, 17)


@pytest.mark.parametrize(
    "text", ["nonsense", "7", "[7]", '[{"_Timestamp": 7, "_Timestamp@odata.type": "Edm.DateTime"}]']
)
def test_a_column_that_cannot_be_read_is_named(text: str) -> None:
    """It may have been changed by hand."""
    with pytest.raises(ValueError, match="column Events00000000: "):
        unpack({"Events00000000": text}, partition_key="i", execution_id="e")
