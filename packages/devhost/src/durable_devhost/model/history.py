"""History events: what happened to an orchestration, one frozen class for each kind.

Names follow DurableTask.Core (`History/*.cs`); `durable_devhost.model.wire` has their encodings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class RuntimeStatus(StrEnum):
    """The status of an instance; the value is the name in the tables and in the HTTP API."""

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
        """Whether the instance can no longer change."""
        return self in TERMINAL


TERMINAL = frozenset({RuntimeStatus.COMPLETED, RuntimeStatus.FAILED, RuntimeStatus.CANCELED, RuntimeStatus.TERMINATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRef:
    """One execution of one instance; `execution_id` None means the current one."""

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
    """The orchestration that waits for a sub-orchestration, and its task id there."""

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
        """Read a .NET `ParentInstance` object; raises KeyError if a part is missing."""
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
    """A client terminated the instance; `reason` is its text."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSuspended(HistoryEvent):
    """A client suspended the instance."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResumed(HistoryEvent):
    """A client resumed the instance."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheduled(HistoryEvent):
    """An activity was scheduled; only the work-item message keeps its input, unless host.json says otherwise."""

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
