"""The body of a status query, compared with bodies that the real host answered."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.client.entities import addressed, entity_body, state_of
from durable_devhost.durable.client.errors import BadArgument
from durable_devhost.durable.client.status import Shown, history_body, shown_text, status_body
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
ALL = Shown(history=True, history_output=True)


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
def test_a_body_is_what_the_real_host_answered_key_for_key(sample: dict[str, Any]) -> None:
    """Values, order of keys and formats of times agree with the recording."""
    assert text_of(sample["body"]) == text_of(status_body(record_of(sample), ALL, events_of(sample)))


def test_a_body_without_history_has_no_key_for_it() -> None:
    """The property is left out, not null."""
    assert "historyEvents" not in status_body(record_of(SAMPLES[0]))


def test_a_hidden_input_is_null_and_goes_from_the_events() -> None:
    """showInput=false."""
    sample = SAMPLES[0]
    body = status_body(record_of(sample), Shown(input=False), events_of(sample))
    assert body["input"] is None
    assert all("Input" not in event for event in body["historyEvents"])


def test_results_are_shown_on_request_only() -> None:
    """showHistoryOutput is off by default."""
    assert all("Result" not in event for event in history_body(events_of(SAMPLES[0]), Shown(history=True)))


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
def test_a_stored_text_is_shown_as_json_or_as_it_is(text: str | None, shown: Any) -> None:
    """Terminate reasons and failure messages are no JSON."""
    assert shown == shown_text(text)


@given(st.text())
def test_every_stored_text_can_be_shown(text: str) -> None:
    """Nothing that users store breaks a status query."""
    json.dumps(shown_text(text))


def test_a_row_that_a_rewind_cleared_is_a_generic_event_without_data() -> None:
    """Recorded: Data comes first."""
    (event,) = history_body([GenericEvent(timestamp=NOON)], ALL)
    assert text_of({"Data": None, "EventType": "GenericEvent", "Timestamp": "2026-11-21T12:00:00.25Z"}) == text_of(
        event
    )


def test_a_failed_child_is_joined_with_its_creation() -> None:
    """The creation's name and id move into the failure, whose task id is not shown."""
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
    """A history that a rewind changed may hold such a result."""
    (event,) = history_body([TaskFailed(timestamp=NOON, task_id=9, reason="r")], ALL)
    assert "FunctionName" not in event


def test_an_activity_s_result_is_not_joined_with_a_child_of_the_same_id() -> None:
    """Ids are unique, but a corrupt history must not be shown as something else."""
    created = SubOrchestrationCreated(timestamp=NOON, event_id=0, name="Child", instance_id="kid")
    assert 2 == len(history_body([created, TaskCompleted(timestamp=NOON, task_id=0)], ALL))


@given(st.lists(st.booleans(), max_size=8))
def test_of_each_activity_either_the_scheduling_or_the_result_is_listed(done: list[bool]) -> None:
    """The list has one entry an activity, whatever has finished."""
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


def test_an_entity_s_state_is_read_out_of_its_scheduler() -> None:
    """A deleted entity has the text null, one that was never set has none."""
    assert ("7", "null", None) == (state_of(entity("7")), state_of(entity("null")), state_of(entity(None)))


def test_a_listed_entity_shows_id_time_and_state() -> None:
    """Recorded; the key may hold an @."""
    assert {
        "entityId": {"name": "counter", "key": "k@1"},
        "lastOperationTime": "2026-11-21T12:00:00.25Z",
        "state": 7,
    } == entity_body(entity("7"), with_state=True)


def test_whether_an_entity_is_listed_depends_on_what_was_asked() -> None:
    """With states one with the state null is listed, without them the custom status decides (recorded)."""
    deleted = entity("null")
    existing = entity("7", '{"entityExists":true}')
    assert entity_body(deleted, with_state=True) is not None
    assert entity_body(deleted, with_state=False) is None
    assert entity_body(existing, with_state=False) == entity_body(existing, with_state=False)
    assert (entity_body(existing, with_state=False) or {})["state"] is None


def test_an_orchestration_whose_id_begins_with_an_at_is_no_entity() -> None:
    """Recorded: such ids are accepted at the start."""
    assert entity_body(replace(entity("7"), instance_id="@bad"), with_state=True) is None


@pytest.mark.parametrize(("name", "key"), [("", "k"), ("a@b", "k"), ("counter", "a/b"), ("counter", "a\n")])
def test_a_name_or_key_that_no_client_may_use_is_refused(name: str, key: str) -> None:
    """ArgumentException on the real host."""
    with pytest.raises(BadArgument):
        addressed(name, key)
