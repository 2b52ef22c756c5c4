"""The body of a status query, compared with bodies that the real host answered."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.client.entities import entity_body, entity_of, state_of
from durable_devhost.durable.client.errors import BadArgument
from durable_devhost.durable.client.status import StatusFields, history_body, json_or_text, status_body
from durable_devhost.model.history import (
    ExecutionStarted,
    GenericEvent,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.timestamps import parse_time
from durable_devhost.model.wire import from_json

SAMPLES = [
    json.loads(line) for line in (Path(__file__).parent / "recorded_status.jsonl").read_text("utf-8").splitlines()
]
NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
ALL = StatusFields(history=True, history_output=True)


def record_of(sample: dict[str, Any]) -> InstanceRecord:
    """The instance row from which the recorded body was made."""
    row = sample["record"]
    return InstanceRecord(
        instance_id=sample["body"]["instanceId"],
        name=row["name"],
        status=RuntimeStatus(row["status"]),
        input=row["input"],
        output=row["output"],
        custom_status=row["customStatus"],
        created_time=parse_time(row["created"]),
        last_updated_time=parse_time(row["updated"]),
    )


def events_of(sample: dict[str, Any]) -> list[HistoryEvent]:
    """The stored events from which the recorded history was made."""
    return [from_json(event) for event in sample["events"]]


def text_of(body: Any) -> str:
    """JSON with its order of keys, for comparisons that mean the order too."""
    return json.dumps(body, ensure_ascii=False, indent=1)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["sample"])
def test_a_status_body_equals_that_of_the_real_host(sample: dict[str, Any]) -> None:
    """Values, order of keys and time formats agree with the recording."""
    assert text_of(sample["body"]) == text_of(status_body(record_of(sample), ALL, events_of(sample)))


def test_a_body_without_history_has_no_key_for_it() -> None:
    """The property is missing, not null."""
    assert "historyEvents" not in status_body(record_of(SAMPLES[0]))


def test_a_hidden_input_is_null_and_missing_from_the_events() -> None:
    """showInput=false."""
    sample = SAMPLES[0]
    body = status_body(record_of(sample), StatusFields(input=False), events_of(sample))
    assert body["input"] is None
    assert all("Input" not in event for event in body["historyEvents"])


def test_results_are_shown_only_on_request() -> None:
    """showHistoryOutput is off by default."""
    assert all("Result" not in event for event in history_body(events_of(SAMPLES[0]), StatusFields(history=True)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, None),
        ("null", None),
        ("5", 5),
        ('"five"', "five"),
        ('{"a":[1]}', {"a": [1]}),
        ("no JSON", "no JSON"),
        (" no JSON\n", "no JSON"),
        ("{broken", "{broken"),
        ("", ""),
    ],
)
def test_a_stored_text_is_shown_as_json_or_unchanged(text: str | None, shown: Any) -> None:
    """Termination reasons and failure messages are not JSON."""
    assert shown == json_or_text(text)


@given(st.text())
def test_every_stored_text_can_be_shown(text: str) -> None:
    """No stored text of a user breaks a status query."""
    json.dumps(json_or_text(text))


def test_a_row_that_a_rewind_cleared_is_a_generic_event_without_data() -> None:
    """Recorded: Data comes first."""
    (event,) = history_body([GenericEvent(timestamp=NOON)], ALL)
    assert text_of({"Data": None, "EventType": "GenericEvent", "Timestamp": "2026-11-21T12:00:00.25Z"}) == text_of(
        event
    )


def test_a_failed_child_is_joined_with_its_creation() -> None:
    """The failure gets the creation's name and id; its task id is not shown."""
    created = SubOrchestrationCreated(timestamp=NOON, event_id=3, name="Child", instance_id="kid")
    failed = SubOrchestrationFailed(timestamp=NOON + timedelta(seconds=1), task_id=3, reason="r", details="d")
    (event,) = history_body([created, failed], ALL)
    assert [
        "EventType", "Reason", "Details", "FailureDetails", "Timestamp", "ScheduledTime", "FunctionName",
        "InstanceId", "Input",
    ] == list(event)  # fmt: skip
    assert ("Child", "kid", "2026-11-21T12:00:00.25+00:00") == (
        event["FunctionName"],
        event["InstanceId"],
        event["ScheduledTime"],
    )


def test_a_result_without_its_scheduling_is_shown_unjoined() -> None:
    """A rewind can leave such a result."""
    (event,) = history_body([TaskFailed(timestamp=NOON, task_id=9, reason="r")], ALL)
    assert "FunctionName" not in event


def test_the_result_of_an_activity_is_not_joined_with_a_child_of_the_same_id() -> None:
    """Ids are unique; a corrupt history must not look like something else."""
    created = SubOrchestrationCreated(timestamp=NOON, event_id=0, name="Child", instance_id="kid")
    assert 2 == len(history_body([created, TaskCompleted(timestamp=NOON, task_id=0)], ALL))


@given(st.lists(st.booleans(), max_size=8))
def test_each_activity_has_one_entry_in_the_list(done: list[bool]) -> None:
    """Its scheduling, or its result once it has finished."""
    events: list[HistoryEvent] = [TaskScheduled(timestamp=NOON, event_id=n, name="A") for n in range(len(done))]
    events += [TaskCompleted(timestamp=NOON, task_id=n) for n, is_done in enumerate(done) if is_done]
    listed = history_body(events, ALL)
    assert (done.count(False), done.count(True)) == (
        sum(event["EventType"] == "TaskScheduled" for event in listed),
        sum(event["EventType"] == "TaskCompleted" for event in listed),
    )


def test_the_start_shows_its_name_as_the_function() -> None:
    """Instance, parent, version and tags are not shown."""
    started = ExecutionStarted(timestamp=NOON, instance=InstanceRef(instance_id="i", execution_id="e"), name="Flow")
    (event,) = history_body([started], ALL)
    assert ("Flow", "FunctionName") == (event["FunctionName"], list(event)[-1])


def entity(state: str | None, custom_status: str = "{}") -> InstanceRecord:
    """The row of a counter."""
    scheduler = {"state": state, "sorter": {}} if state is not None else {"sorter": {}}
    return InstanceRecord(
        instance_id="@counter@k@1", input=json.dumps(scheduler), custom_status=custom_status, created_time=NOON
    )


def test_the_state_of_an_entity_is_read_from_its_scheduler() -> None:
    """A deleted entity has the text null, a new one has none."""
    assert ("7", "null", None) == (state_of(entity("7")), state_of(entity("null")), state_of(entity(None)))


def test_a_listed_entity_shows_id_time_and_state() -> None:
    """Recorded; the key may hold an @."""
    assert {
        "entityId": {"name": "counter", "key": "k@1"},
        "lastOperationTime": "2026-11-21T12:00:00.25Z",
        "state": 7,
    } == entity_body(entity("7"), with_state=True)


def test_a_list_includes_entities_by_what_was_asked_for() -> None:
    """With states, one with the state null is listed; without, the custom status decides (recorded)."""
    deleted = entity("null")
    existing = entity("7", '{"entityExists":true}')
    assert entity_body(deleted, with_state=True) is not None
    assert entity_body(deleted, with_state=False) is None
    assert entity_body(existing, with_state=False) == entity_body(existing, with_state=False)
    assert (entity_body(existing, with_state=False) or {})["state"] is None


def test_an_orchestration_whose_id_begins_with_an_at_sign_is_not_an_entity() -> None:
    """Recorded: the start accepts such ids."""
    assert entity_body(replace(entity("7"), instance_id="@bad"), with_state=True) is None


@pytest.mark.parametrize(("name", "key"), [("", "k"), ("a@b", "k"), ("counter", "a/b"), ("counter", "a\n")])
def test_a_forbidden_entity_name_or_key_is_refused(name: str, key: str) -> None:
    """ArgumentException on the real host."""
    with pytest.raises(BadArgument):
        entity_of(name, key)
