"""Table bindings ask for rows, show them and write them as the Tables extension does for a Python function."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dispatch.expressions import resolve
from durable_devhost.dispatch.tables import (
    TableQuery,
    in_batches,
    rows_value,
    table_operations,
    table_query,
)
from durable_devhost.model.functions import Binding
from durable_devhost.storage.tables import Action, Operation

DATA = {"day": "it's", "n": "5", "flag": "True", "half": 0.5, "bad": "1 or true", "deep": {"a": "x"}}


def query(**properties: Any) -> TableQuery:
    """What an input of these properties asks for."""
    binding = Binding(type="table", name="rows", direction="in", properties={"tableName": "t1", **properties})

    def resolved(text: str) -> str:
        return resolve(text, DATA, now=datetime(2026, 1, 2, tzinfo=UTC), new_guid=lambda: pytest.fail("no guid"))

    return table_query(binding, resolved, lambda: DATA)


@pytest.mark.parametrize(
    ("properties", "filter_", "take"),
    [
        ({}, "", 0),
        ({"partitionKey": "p"}, "PartitionKey eq 'p'", 0),
        ({"partitionKey": "{day}"}, "PartitionKey eq 'it''s'", 0),
        ({"partitionKey": "p", "rowKey": "r"}, "PartitionKey eq 'p'", 0),
        ({"filter": "a eq 1 or b eq 2"}, "a eq 1 or b eq 2", 0),
        ({"partitionKey": "p", "filter": "a eq 1"}, "PartitionKey eq 'p' and a eq 1", 0),
        ({"filter": "a eq '{day}'", "take": "7"}, "a eq 'it''s'", 7),
        ({"filter": "a eq {n} and b eq {flag}", "take": 3}, "a eq 5 and b eq True", 3),
        ({"filter": "a eq {half}"}, "a eq 0.5", 0),
        ({"filter": "{day}"}, "it's", 0),
        ({"filter": "a eq '{deep.a}' and b eq '{day}'"}, None, 0),
        ({"filter": "a eq '{day}' or b eq {day}"}, None, 0),
        ({"filter": "a eq {bad}"}, None, 0),
    ],
)
def test_a_table_input_queries_a_partition_with_a_filter(
    properties: dict[str, Any], filter_: str | None, take: int
) -> None:
    """The row key is ignored; values that are not text must be numbers or booleans."""
    if filter_ is None:
        with pytest.raises(ValueError, match="An invalid parameter value was specified"):
            query(**properties)
    else:
        assert query(**properties) == TableQuery(table="t1", filter=filter_, take=take)


def test_a_function_gets_rows_as_json() -> None:
    """Without Timestamp and etag; times and numbers as .NET prints them."""
    rows = [
        {
            "odata.etag": "e", "PartitionKey": "p", "RowKey": "r", "Timestamp": datetime(2026, 1, 2, tzinfo=UTC),
            "when": datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC), "day": datetime(2026, 1, 2, tzinfo=UTC),
            "n": 5, "x": 1.0, "yes": True, "text": "ü",
        }
    ]  # fmt: skip
    assert rows_value(rows) == {
        "type": "json",
        "value": '[{"PartitionKey":"p","RowKey":"r","when":"2026-01-02T03:04:05.12+00:00",'
        '"day":"2026-01-02T00:00:00+00:00","n":5,"x":1.0,"yes":true,"text":"ü"}]',
    }
    assert rows_value([]) == {"type": "json", "value": "[]"}


def operations(value: Any, kind: str = "json") -> list[Operation]:
    """What an output with this value means."""
    content = json.dumps(value) if kind == "json" or isinstance(value, (dict, list)) else value
    return table_operations({"type": kind, "value": content}, partition_key="", row_key="default")


@pytest.mark.parametrize("kind", ["json", "string"])
def test_values_get_the_types_of_the_extension(kind: str) -> None:
    """Integers have 64 bits, dates stay text, nested values become text."""
    row = {"PartitionKey": "p", "rowkey": "r", "n": 5, "x": 1.5, "yes": False, "none": None}
    (operation,) = operations({**row, "t": "2026-01-02T03:04:05Z", "deep": {"a": [1]}}, kind)
    assert operation == Operation(
        action=Action.INSERT,
        row={
            "PartitionKey": "p", "RowKey": "r", "n": "5", "n@odata.type": "Edm.Int64", "x": 1.5, "yes": False,
            "t": "2026-01-02T03:04:05Z", "deep": '{\n  "a": [\n    1\n  ]\n}',
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("etag", "action", "wanted"),
    [("*", Action.UPSERT_REPLACE, None), ('W/"x"', Action.REPLACE, 'W/"x"')],
)
def test_a_row_with_an_etag_replaces_the_stored_row(etag: str, action: Action, wanted: str | None) -> None:
    """A star matches any stored row."""
    (operation,) = operations({"PartitionKey": "p", "ETag": etag})
    assert (operation.action, operation.etag, dict(operation.row)) == (
        action, wanted, {"PartitionKey": "p", "RowKey": "default"},
    )  # fmt: skip


@pytest.mark.parametrize(("value", "kind"), [([], "json"), ("[]", "string")])
def test_an_empty_list_writes_no_row(value: Any, kind: str) -> None:
    """It is no error."""
    assert operations(value, kind) == []


def test_bytes_are_read_as_one_json_object() -> None:
    """In UTF-8."""
    (operation,) = operations(b'{"PartitionKey": "p", "RowKey": "r"}', "bytes")
    assert operation.row == {"PartitionKey": "p", "RowKey": "r"}


@pytest.mark.parametrize(
    ("value", "kind", "why"),
    [
        ("hello", "string", "takes JSON"),
        ("{hello}", "string", "takes JSON"),
        ("5", "string", "takes JSON objects, and 5 is none"),
        ("null", "string", "takes JSON objects"),
        (5, "int", "takes JSON objects, and 5 is none"),
        (b"\xff", "bytes", "takes JSON"),
        ([{"PartitionKey": "p"}, 5], "json", "takes JSON objects, and 5 is none"),
        ({"RowKey": "r"}, "json", "is not a valid value for a partition key or row key"),
        ({"PartitionKey": "a/b"}, "json", "'a/b' is not a valid value"),
        ({"PartitionKey": 5}, "json", "must be text"),
        ({"PartitionKey": True}, "json", "must be text"),
        ({"PartitionKey": "p", "n": 1 << 63}, "json", "too large"),
    ],
)
def test_a_value_that_is_not_a_row_is_refused(value: Any, kind: str, why: str) -> None:
    """It fails the invocation."""
    with pytest.raises(ValueError, match=why):
        operations(value, kind)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 120)), max_size=400))
def test_batches_have_one_partition_and_each_row_once(keys: list[tuple[str, int]]) -> None:
    """Nothing is lost, and operations on one row keep their order."""
    asked = [
        Operation(action=Action.UPSERT_REPLACE, row={"PartitionKey": partition, "RowKey": str(row), "place": place})
        for place, (partition, row) in enumerate(keys)
    ]
    batches = in_batches(asked)
    for batch in batches:
        assert 0 < len(batch) <= 100
        assert len({operation.row["PartitionKey"] for operation in batch}) == 1
        assert len({operation.row["RowKey"] for operation in batch}) == len(batch)
    done = [operation for batch in batches for operation in batch]
    assert places(done) == places(asked)


def places(operations: list[Operation]) -> dict[tuple[Any, Any], list[Any]]:
    """For each row, which operations are done to it, in their order."""
    found: dict[tuple[Any, Any], list[Any]] = {}
    for operation in operations:
        row = operation.row
        found.setdefault((row["PartitionKey"], row["RowKey"]), []).append(row["place"])
    return found
