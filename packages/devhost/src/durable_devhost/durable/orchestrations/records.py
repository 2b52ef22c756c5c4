"""The Instances row of an orchestration, computed from its history. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from durable_devhost.durable.decisions import Completed, ContinuedAsNew
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    HistoryEvent,
    RuntimeStatus,
)
from durable_devhost.model.instances import InstanceRecord


def record_with(
    record: InstanceRecord, rows: Sequence[HistoryEvent], end: Completed | ContinuedAsNew | None = None
) -> InstanceRecord:
    """The status and output after these rows, and after the end if they led to one."""
    if isinstance(end, Completed):
        return replace(record, status=end.status, output=end.result, completed_time=rows[-1].timestamp)
    changed = replace(record, status=record.status or RuntimeStatus.RUNNING)
    for event in rows:
        match event:
            case ExecutionSuspended(reason=reason):
                changed = replace(changed, status=RuntimeStatus.SUSPENDED, output=reason)
            case ExecutionResumed(reason=reason):
                changed = replace(changed, status=RuntimeStatus.RUNNING, output=reason)
    return changed


def record_of(started: ExecutionStarted, history: Sequence[HistoryEvent], hub_name: str) -> InstanceRecord:
    """The Instances row after `history`, as far as the history alone has it."""
    record = InstanceRecord(
        instance_id=started.instance.instance_id,
        execution_id=started.instance.execution_id,
        name=started.name,
        version=started.version,
        input=started.input,
        created_time=started.timestamp,
        last_updated_time=history[-1].timestamp if history else started.timestamp,
        scheduled_start_time=started.scheduled_start_time,
        task_hub_name=hub_name,
        generation=started.generation,
        tags="null",
    )
    completed = next((event for event in history if isinstance(event, ExecutionCompleted)), None)
    if completed is not None:
        return replace(record, status=completed.status, output=completed.result, completed_time=completed.timestamp)
    return record_with(record, history) if history else record
