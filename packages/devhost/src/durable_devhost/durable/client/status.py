"""What a status query shows: an instance row and its history as the JSON body of the durable HTTP API.

Pure. Keys, their order and every time format were recorded from extension 3.15; the history is joined as
`DurableClient.cs: GetDurableOrchestrationStatusAsync` does it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from durable_devhost.model.history import (
    ContinueAsNew,
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.timestamps import format_time
from durable_devhost.model.wire import SPEC_OF, to_json

Maker = TaskScheduled | SubOrchestrationCreated
"""The events whose result comes later as a separate event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFields:
    """What a caller wants to see of an instance: the query flags of the HTTP API, with its defaults."""

    input: bool = True
    history: bool = False
    history_output: bool = False


def status_body(
    record: InstanceRecord, shown: StatusFields = StatusFields(), history: Sequence[HistoryEvent] | None = None
) -> dict[str, Any]:
    """One instance as in the HTTP API; `historyEvents` is there only if a history is given."""
    body: dict[str, Any] = {
        "name": record.name,
        "instanceId": record.instance_id,
        "runtimeStatus": record.status.value if record.status is not None else "Unknown",
        "input": json_or_text(record.input) if shown.input else None,
        "customStatus": json_or_text(record.custom_status),
        "output": json_or_text(record.output),
        "createdTime": _in_seconds(record.created_time),
        "lastUpdatedTime": _in_seconds(record.last_updated_time),
    }
    if history is not None:
        body["historyEvents"] = history_body(history, shown)
    return body


def json_or_text(text: str | None) -> Any:
    """A stored text as JSON, or the text itself if it is invalid, as most termination reasons are."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text.strip()


def is_open(status: RuntimeStatus | None) -> bool:
    """Whether a status query answers 202: the instance can still change."""
    return status is not None and not status.is_terminal


def history_body(events: Sequence[HistoryEvent], shown: StatusFields) -> list[dict[str, Any]]:
    """The history as `historyEvents`.

    The frame of each episode is left out, and so is a scheduling whose result is in the list: the result then says
    when and under which name it was scheduled.
    """
    scheduled = {event.event_id: event for event in events if isinstance(event, Maker)}
    finished = {id(made) for event in events if (made := _maker(event, scheduled)) is not None}
    return [
        _event_body(event, _maker(event, scheduled), shown)
        for event in events
        if not isinstance(event, OrchestratorStarted | OrchestratorCompleted) and id(event) not in finished
    ]


_RESULTS = (TaskCompleted, SubOrchestrationCompleted, ExecutionCompleted, ContinueAsNew)
_NEVER_SHOWN = ("EventId", "IsPlayed", "Version", "TaskScheduledId", "TimerId")
_HIDDEN_OF_START = ("OrchestrationInstance", "ParentInstance", "Name", "Tags")


def _maker(event: HistoryEvent, scheduled: Mapping[int, Maker]) -> Maker | None:
    match event:
        case TaskCompleted() | TaskFailed():
            found = scheduled.get(event.task_id)
            return found if isinstance(found, TaskScheduled) else None
        case SubOrchestrationCompleted() | SubOrchestrationFailed():
            found = scheduled.get(event.task_id)
            return found if isinstance(found, SubOrchestrationCreated) else None
        case _:
            return None


def _event_body(event: HistoryEvent, maker: Maker | None, shown: StatusFields) -> dict[str, Any]:
    body = _without(to_json(event), _NEVER_SHOWN)
    body["EventType"] = SPEC_OF[type(event)].name
    if isinstance(event, ExecutionStarted):
        body = {**_without(body, _HIDDEN_OF_START), "FunctionName": event.name}
    if isinstance(event, ExecutionCompleted | ContinueAsNew):
        body["OrchestrationStatus"] = event.status.value
    if isinstance(event, _RESULTS):
        body = _with_result(body, shown)
    if maker is not None:
        body |= _scheduling(maker)
    return body if shown.input else _without(body, ("Input",))


def _with_result(body: dict[str, Any], shown: StatusFields) -> dict[str, Any]:
    if not shown.history_output:
        return _without(body, ("Result",))
    return {**body, "Result": json_or_text(body["Result"])}


def _scheduling(maker: Maker) -> dict[str, Any]:
    joined: dict[str, Any] = {
        "ScheduledTime": format_time(maker.timestamp).removesuffix("Z") + "+00:00",
        "FunctionName": maker.name,
    }
    if isinstance(maker, SubOrchestrationCreated):
        joined["InstanceId"] = maker.instance_id
    return {**joined, "Input": maker.input}


def _without(body: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def _in_seconds(when: datetime | None) -> str | None:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when is not None else None
