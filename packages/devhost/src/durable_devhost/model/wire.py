"""The wire names of history events, one table for all three encodings.

JSON for the SDK's executor, JSON with `$type` inside queue messages (`model.messages`) and the columns of the
History table (`taskhub.history`) are all read off `SPECS`. Names, numbers and order are those that the durable
extension 3.15 wrote when it was recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from durable_devhost.model.history import (
    ContinueAsNew,
    EventRaised,
    EventSent,
    ExecutionCompleted,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    GenericEvent,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    ParentRef,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)
from durable_devhost.model.timestamps import format_time, parse_time


class Kind(Enum):
    """How a field travels: each kind has one JSON form and one column type."""

    TEXT = "text"
    INT = "int"
    BOOL = "bool"
    TIME = "time"
    STATUS = "status"
    OBJECT = "object"


_AS_IT_IS = (Kind.TEXT, Kind.INT, Kind.BOOL)
_STATUS_NUMBERS = {status: number for number, status in enumerate(RuntimeStatus)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an event: its attribute here, its name on the wire, and how it travels."""

    attribute: str
    wire: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """All that the codecs need of one event class; `fields` are in wire order."""

    event: type[HistoryEvent]
    number: int
    name: str
    fields: tuple[Field, ...]
    type_position: int = 0

    @property
    def type_name(self) -> str:
        """The .NET class, as `$type` has it."""
        suffix = "" if self.name.endswith("Event") else "Event"
        return f"DurableTask.Core.History.{self.name}{suffix}"


def _fields(*rows: tuple[str, str, Kind]) -> tuple[Field, ...]:
    return tuple(Field(attribute=a, wire=w, kind=k) for a, w, k in rows)


_NAME = ("name", "Name", Kind.TEXT)
_VERSION = ("version", "Version", Kind.TEXT)
_INPUT = ("input", "Input", Kind.TEXT)
_RESULT = ("result", "Result", Kind.TEXT)
_REASON = ("reason", "Reason", Kind.TEXT)
_TAGS = ("tags", "Tags", Kind.OBJECT)
_TRACE = ("parent_trace_context", "ParentTraceContext", Kind.OBJECT)
_FAILURE = ("failure_details", "FailureDetails", Kind.OBJECT)
_TASK = ("task_id", "TaskScheduledId", Kind.INT)
_FIRE_AT = ("fire_at", "FireAt", Kind.TIME)
_TARGET = ("instance_id", "InstanceId", Kind.TEXT)
_STATUS = ("status", "OrchestrationStatus", Kind.STATUS)
_DETAILS = ("details", "Details", Kind.TEXT)

_STARTED_FIELDS = _fields(
    ("instance", "OrchestrationInstance", Kind.OBJECT),
    ("parent", "ParentInstance", Kind.OBJECT),
    _NAME,
    _VERSION,
    _INPUT,
    _TAGS,
    ("correlation", "Correlation", Kind.TEXT),
    _TRACE,
    ("scheduled_start_time", "ScheduledStartTime", Kind.TIME),
    ("generation", "Generation", Kind.INT),
    ("generate_new_trace", "GenerateNewTrace", Kind.BOOL),
)

SPECS: tuple[EventSpec, ...] = (
    EventSpec(event=ExecutionStarted, number=0, name="ExecutionStarted", fields=_STARTED_FIELDS, type_position=1),
    EventSpec(
        event=ExecutionCompleted, number=1, name="ExecutionCompleted", fields=_fields(_STATUS, _RESULT, _FAILURE)
    ),
    EventSpec(
        event=ExecutionTerminated,
        number=3,
        name="ExecutionTerminated",
        fields=_fields(("reason", "Input", Kind.TEXT)),
    ),
    EventSpec(
        event=TaskScheduled, number=4, name="TaskScheduled", fields=_fields(_NAME, _VERSION, _INPUT, _TRACE, _TAGS)
    ),
    EventSpec(event=TaskCompleted, number=5, name="TaskCompleted", fields=_fields(_TASK, _RESULT)),
    EventSpec(event=TaskFailed, number=6, name="TaskFailed", fields=_fields(_TASK, _REASON, _DETAILS, _FAILURE)),
    EventSpec(
        event=SubOrchestrationCreated,
        number=7,
        name="SubOrchestrationInstanceCreated",
        fields=_fields(_NAME, _VERSION, _TARGET, _INPUT, ("client_span_id", "ClientSpanId", Kind.TEXT), _TAGS),
    ),
    EventSpec(
        event=SubOrchestrationCompleted,
        number=8,
        name="SubOrchestrationInstanceCompleted",
        fields=_fields(_TASK, _RESULT),
    ),
    EventSpec(
        event=SubOrchestrationFailed,
        number=9,
        name="SubOrchestrationInstanceFailed",
        fields=_fields(_TASK, _REASON, _DETAILS, _FAILURE),
    ),
    EventSpec(event=TimerCreated, number=10, name="TimerCreated", fields=_fields(_FIRE_AT)),
    EventSpec(
        event=TimerFired, number=11, name="TimerFired", fields=_fields(("timer_id", "TimerId", Kind.INT), _FIRE_AT)
    ),
    EventSpec(event=OrchestratorStarted, number=12, name="OrchestratorStarted", fields=()),
    EventSpec(event=OrchestratorCompleted, number=13, name="OrchestratorCompleted", fields=()),
    EventSpec(event=EventSent, number=14, name="EventSent", fields=_fields(_TARGET, _NAME, _INPUT)),
    EventSpec(event=EventRaised, number=15, name="EventRaised", fields=_fields(_NAME, _INPUT, _TRACE)),
    EventSpec(event=ContinueAsNew, number=16, name="ContinueAsNew", fields=_fields(_STATUS, _RESULT, _FAILURE)),
    EventSpec(
        event=GenericEvent,
        number=17,
        name="GenericEvent",
        fields=_fields(("data", "Data", Kind.TEXT)),
        type_position=1,
    ),
    EventSpec(event=ExecutionSuspended, number=19, name="ExecutionSuspended", fields=_fields(_REASON)),
    EventSpec(event=ExecutionResumed, number=20, name="ExecutionResumed", fields=_fields(_REASON)),
)
SPEC_OF: Mapping[type[HistoryEvent], EventSpec] = {spec.event: spec for spec in SPECS}
SPEC_NAMED: Mapping[str, EventSpec] = {spec.name: spec for spec in SPECS}
SPEC_NUMBERED: Mapping[int, EventSpec] = {spec.number: spec for spec in SPECS}


def to_json(event: HistoryEvent) -> dict[str, Any]:
    """One event as the JSON object that Newtonsoft makes of it, without `$type`; nulls are written."""
    spec = SPEC_OF[type(event)]
    pairs = [(field.wire, _to_wire(field.kind, getattr(event, field.attribute))) for field in spec.fields]
    pairs.insert(spec.type_position, ("EventType", spec.number))
    pairs += [
        ("EventId", event.event_id),
        ("IsPlayed", event.is_played),
        ("Timestamp", format_time(event.timestamp)),
    ]
    return dict(pairs)


def from_json(value: Mapping[str, Any]) -> HistoryEvent:
    """Read one event; unknown keys are ignored.

    Raises KeyError, TypeError or ValueError when the object is no history event: the caller knows where it came from
    and says so.
    """
    spec = SPEC_NUMBERED[value["EventType"]]
    fields = {
        field.attribute: read_object(field.attribute, found)
        if field.kind is Kind.OBJECT
        else _from_wire(field.kind, found)
        for field in spec.fields
        if (found := value.get(field.wire)) is not None
    }
    return spec.event(
        event_id=value.get("EventId", -1),
        is_played=value.get("IsPlayed", False),
        timestamp=parse_time(value["Timestamp"]),
        **fields,
    )


def object_to_json(value: Any) -> Any:
    """The JSON form of an object field: a reference, or a dictionary as it is."""
    return value.to_json() if isinstance(value, InstanceRef | ParentRef) else value


def read_object(attribute: str, value: Mapping[str, Any]) -> Any:
    """Read the JSON form of an object field; dictionaries lose the `$type` that .NET puts into them."""
    match attribute:
        case "instance":
            return InstanceRef.from_json(value)
        case "parent":
            return ParentRef.from_json(value)
        case _:
            return {key: item for key, item in value.items() if key != "$type"}


def _to_wire(kind: Kind, value: Any) -> Any:
    if value is None or kind in _AS_IT_IS:
        return value
    if kind is Kind.TIME:
        return format_time(value)
    return _STATUS_NUMBERS[value] if kind is Kind.STATUS else object_to_json(value)


def _from_wire(kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.TIME:
            return parse_time(value)
        case Kind.STATUS:
            return list(RuntimeStatus)[value] if isinstance(value, int) else RuntimeStatus(value)
        case _:
            return value
