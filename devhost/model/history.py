"""History events: what happened to an orchestration, one frozen class a kind, and the one table of their wire names.

Three encodings share that table: JSON for the SDK's executor, JSON with `$type` inside queue messages, and the columns
of the History table (`devhost.taskhub.history`). Names, numbers and order are those that the durable extension 3.15
wrote when it was recorded (DurableTask.Core `History/*.cs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any

from devhost.model.timestamps import format_time, parse_time


class Kind(Enum):
    """How a field travels: each kind has one JSON form and one column type."""

    TEXT = "text"
    INT = "int"
    BOOL = "bool"
    TIME = "time"
    STATUS = "status"
    OBJECT = "object"


class RuntimeStatus(StrEnum):
    """Where an instance stands; the value is the name in the tables and in the HTTP API."""

    RUNNING = "Running"
    COMPLETED = "Completed"
    CONTINUED_AS_NEW = "ContinuedAsNew"
    FAILED = "Failed"
    CANCELED = "Canceled"
    TERMINATED = "Terminated"
    PENDING = "Pending"
    SUSPENDED = "Suspended"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can happen to the instance any more."""
        return self in TERMINAL


TERMINAL = frozenset({RuntimeStatus.COMPLETED, RuntimeStatus.FAILED, RuntimeStatus.CANCELED, RuntimeStatus.TERMINATED})
_STATUS_NUMBERS = {status: number for number, status in enumerate(RuntimeStatus)}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRef:
    """One execution of one instance; `execution_id` None addresses whichever execution is current."""

    instance_id: str
    execution_id: str | None

    def to_json(self) -> dict[str, Any]:
        """The .NET `OrchestrationInstance` object."""
        return {"InstanceId": self.instance_id, "ExecutionId": self.execution_id}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "InstanceRef":
        """Read a .NET `OrchestrationInstance` object; raises KeyError without an InstanceId."""
        return cls(instance_id=value["InstanceId"], execution_id=value.get("ExecutionId"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRef:
    """The orchestration that waits for a sub-orchestration, and under which of its task ids."""

    name: str
    instance: InstanceRef
    task_id: int
    version: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The .NET `ParentInstance` object."""
        return {
            "Name": self.name,
            "OrchestrationInstance": self.instance.to_json(),
            "TaskScheduleId": self.task_id,
            "Version": self.version,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ParentRef":
        """Read a .NET `ParentInstance` object; raises KeyError when a part is missing."""
        return cls(
            name=value["Name"],
            instance=InstanceRef.from_json(value["OrchestrationInstance"]),
            task_id=value["TaskScheduleId"],
            version=value.get("Version"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """What all events share. `event_id` is the task id of events that decisions made, -1 for all others."""

    timestamp: datetime
    event_id: int = -1
    is_played: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarted(HistoryEvent):
    """An execution begins; `input` is the raw JSON text."""

    instance: InstanceRef
    name: str
    input: str | None = None
    version: str | None = None
    parent: ParentRef | None = None
    tags: Mapping[str, str] | None = None
    correlation: str | None = None
    parent_trace_context: Mapping[str, Any] | None = None
    scheduled_start_time: datetime | None = None
    generation: int | None = None
    generate_new_trace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCompleted(HistoryEvent):
    """The execution ended as `status`; `result` is JSON text, or a plain message when it failed."""

    status: RuntimeStatus
    result: str | None = None
    failure_details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTerminated(HistoryEvent):
    """Somebody ended the instance; `reason` is their text."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSuspended(HistoryEvent):
    """Somebody paused the instance."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResumed(HistoryEvent):
    """Somebody let the instance go on."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheduled(HistoryEvent):
    """An activity was scheduled; its input is kept in the work-item message only, unless host.json says otherwise."""

    name: str
    version: str | None = ""
    input: str | None = None
    parent_trace_context: Mapping[str, Any] | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(HistoryEvent):
    """An activity returned `result` (JSON text)."""

    task_id: int
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed(HistoryEvent):
    """An activity raised; `details` is the JSON of a .NET exception that holds Python's traceback."""

    task_id: int
    reason: str | None = None
    details: str | None = None
    failure_details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubOrchestrationCreated(HistoryEvent):
    """A sub-orchestration was started as `instance_id`."""

    name: str
    instance_id: str
    version: str | None = None
    input: str | None = None
    client_span_id: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubOrchestrationCompleted(HistoryEvent):
    """A sub-orchestration returned `result` (JSON text)."""

    task_id: int
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubOrchestrationFailed(HistoryEvent):
    """A sub-orchestration failed or was terminated."""

    task_id: int
    reason: str | None = None
    details: str | None = None
    failure_details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCreated(HistoryEvent):
    """A durable timer was set."""

    fire_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(HistoryEvent):
    """A durable timer became due."""

    timer_id: int
    fire_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorStarted(HistoryEvent):
    """An episode began; its timestamp is what the orchestrator sees as the current time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorCompleted(HistoryEvent):
    """An episode ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSent(HistoryEvent):
    """The orchestration sent `input` (JSON text) to another instance, in practice an entity request."""

    instance_id: str
    name: str
    input: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRaised(HistoryEvent):
    """An external event or an entity message arrived; `input` is JSON text."""

    name: str
    input: str | None = None
    parent_trace_context: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueAsNew(HistoryEvent):
    """The marker of a generation that ended by continue-as-new; only ever read, never written."""

    status: RuntimeStatus = RuntimeStatus.CONTINUED_AS_NEW
    result: str | None = None
    failure_details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericEvent(HistoryEvent):
    """A row that a rewind neutralised, or the message that asked for the rewind."""

    data: str | None = None


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
    if value is None:
        return None
    match kind:
        case Kind.TIME:
            return format_time(value)
        case Kind.STATUS:
            return _STATUS_NUMBERS[value]
        case Kind.OBJECT:
            return object_to_json(value)
        case _:
            return value


def _from_wire(kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.TIME:
            return parse_time(value)
        case Kind.STATUS:
            return list(RuntimeStatus)[value] if isinstance(value, int) else RuntimeStatus(value)
        case _:
            return value
