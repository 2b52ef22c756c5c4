"""History rows: the recorded ones to the letter, and every event there and back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.model.history import (
    HistoryEvent,
    InstanceRef,
    OrchestratorStarted,
    ParentRef,
    RuntimeStatus,
    SubOrchestrationCreated,
    TaskScheduled,
)
from durable_devhost.model.wire import SPECS, Kind
from durable_devhost.storage.tables import Row, read_row, write_row
from durable_devhost.taskhub.rows import from_row, row_key, to_row

TEXTS = st.none() | st.text(max_size=20)
EARLIEST, LATEST = datetime(1970, 1, 1), datetime(9000, 1, 1)  # noqa: DTZ001  # hypothesis wants naive bounds
TIMES = st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.just(UTC))
REFERENCES = st.builds(InstanceRef, instance_id=st.text(), execution_id=TEXTS)
PARENTS = st.builds(ParentRef, name=st.text(), instance=REFERENCES, task_id=st.integers(0, 99), version=TEXTS)
OBJECTS = st.none() | st.dictionaries(st.text(max_size=5).filter(lambda key: key != "$type"), st.text(max_size=5))
NEVER_NULL = {"name", "instance_id", "status", "fire_at", "task_id", "timer_id", "generate_new_trace"}
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: TEXTS,
    Kind.INT: st.integers(-(2**31), 2**31 - 1),
    Kind.BOOL: st.booleans(),
    Kind.TIME: TIMES,
    Kind.STATUS: st.sampled_from(RuntimeStatus),
    Kind.OBJECT: OBJECTS,
}


def value_of(event: type[HistoryEvent], attribute: str, kind: Kind) -> st.SearchStrategy[Any]:
    """Any value that the attribute of an event may have."""
    match attribute:
        case "instance":
            return REFERENCES
        case "parent":
            return st.none() | PARENTS
        case "client_span_id":
            return st.none()
        case _ if attribute in NEVER_NULL or (event, attribute) == (TaskScheduled, "version"):
            return VALUES[kind].filter(lambda value: value is not None)
        case _:
            return st.none() | VALUES[kind]


EVENTS: st.SearchStrategy[HistoryEvent] = st.one_of(
    st.builds(
        spec.event,
        timestamp=TIMES,
        event_id=VALUES[Kind.INT],
        is_played=st.booleans(),
        **{field.attribute: value_of(spec.event, field.attribute, field.kind) for field in spec.fields},
    )
    for spec in SPECS
)


def after_storage(event: HistoryEvent, *, store_inputs: bool = True) -> Row:
    """The event's row after it went through the service's JSON."""
    row = to_row(event, partition_key="p", index=10, execution_id="e", store_inputs=store_inputs)
    return read_row(json.loads(write_row(row)))


def to_microseconds(plain: dict[str, Any]) -> dict[str, Any]:
    """A recorded row with the seventh digit of its times, which Python does not keep, as zero."""
    return {name: value[:26] + "0Z" if f"{name}@odata.type" in plain else value for name, value in plain.items()}


def test_every_recorded_row_is_written_as_the_real_host_wrote_it(recorded_rows: dict[str, Any]) -> None:
    """Columns, types and nulls of all kinds of events; the history stores large texts."""
    for plain in recorded_rows["history"]:
        if plain["RowKey"] == "sentinel" or "ResultBlobName" in plain:
            continue

        event = from_row(read_row(plain))
        row = to_row(
            event,
            partition_key=plain["PartitionKey"],
            index=int(plain["RowKey"], 16),
            execution_id=plain["ExecutionId"],
            store_inputs=False,
        )

        assert json.loads(write_row(row)) == to_microseconds(plain)


@given(EVENTS)
def test_every_event_reads_back_from_its_row(event: HistoryEvent) -> None:
    """All kinds, with any values."""
    assert from_row(after_storage(event)) == event


def test_inputs_are_left_out_unless_host_json_wants_them() -> None:
    """Of activities and sub-orchestrations, as the real host does by default."""
    scheduled = TaskScheduled(timestamp=datetime(2026, 1, 1, tzinfo=UTC), name="a", input="[1]")
    created = SubOrchestrationCreated(timestamp=scheduled.timestamp, name="b", instance_id="i", input="[1]")

    for event in (scheduled, created):
        assert from_row(after_storage(event, store_inputs=False)) == replace(event, input=None)
        assert from_row(after_storage(event)) == event


def test_row_keys_sort_like_their_numbers() -> None:
    """Sixteen hexadecimal digits in capitals."""
    assert [row_key(0), row_key(10), row_key(256)] == ["0000000000000000", "000000000000000A", "0000000000000100"]


def test_times_are_stored_in_utc() -> None:
    """Whatever their zone."""
    event = OrchestratorStarted(timestamp=datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))

    assert b'"_Timestamp":"2026-01-01T10:00:00.0000000Z"' in write_row(
        to_row(event, partition_key="p", index=0, execution_id="e", store_inputs=False)
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"EventType": None}, "it has no EventType"),
        ({"EventType": "Nonsense"}, "EventType 'Nonsense' is unknown"),
        ({"_Timestamp": "yesterday"}, "its _Timestamp is no point in time"),
        ({"_Timestamp": None}, "its _Timestamp is no point in time"),
        ({"EventId": "x"}, "its EventId is no number"),
        ({"Name": None}, "a column of TaskScheduled is missing"),
        ({"Name": 1}, "column Name holds '1'"),
        ({"Tags": "{"}, "column Tags holds '{'"),
        ({"Tags": "[1]"}, r"column Tags holds '\[1\]'"),
    ],
)
def test_an_unreadable_row_says_why(change: dict[str, Any], reason: str) -> None:
    """The user gets the reason in a sentence."""
    row = after_storage(TaskScheduled(timestamp=datetime(2026, 1, 1, tzinfo=UTC), name="a"))
    damaged = {name: value for name, value in {**row, **change}.items() if value is not None}

    with pytest.raises(ValueError, match=reason):
        from_row(damaged)


def test_columns_of_a_rewound_row_are_ignored() -> None:
    """A rewind turns rows into GenericEvent and keeps their columns."""
    row = after_storage(TaskScheduled(timestamp=datetime(2026, 1, 1, tzinfo=UTC), name="a", event_id=3))

    event = from_row({**row, "EventType": "GenericEvent", "Reason": "Rewound: TaskScheduled", "Unknown": 1})

    assert type(event).__name__ == "GenericEvent"
    assert event.event_id == 3
