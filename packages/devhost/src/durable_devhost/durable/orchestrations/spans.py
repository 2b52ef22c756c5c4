"""The spans of an orchestration: its own, and those of its tasks, in the trace of its start. Pure.

A start has the span of its scheduling, and gets that of its execution in the first episode; the history keeps both, and
the next generation has them too. An activity and a child get a span of the parent's trace (DurableTask.Core
`TaskOrchestrationDispatcher`, `TraceHelper`). Ids are derived from the execution's id, so that a repeated decision has
the same ones. Only a client's span is marked as sampled (recorded).
"""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from durable_devhost.model.history import ExecutionStarted
from durable_devhost.model.traces import UNSAMPLED, Trace


def with_span(started: ExecutionStarted, now: datetime) -> ExecutionStarted:
    """The start with the span of the execution; the same object if it has one, or no trace."""
    context, trace = started.parent_trace_context, Trace.of_history(started.parent_trace_context)
    if context is None or trace is None or context.get("Id"):
        return started
    own = trace.span(_span_id(started, "execution"), UNSAMPLED)
    more = {"Id": own.parent, "SpanId": own.span_id, "ActivityStartTime": f"{now:%Y-%m-%dT%H:%M:%S.%f}+00:00"}
    return replace(started, parent_trace_context={**context, **more})


def trace_context_for(started: ExecutionStarted | None, task_id: int) -> dict[str, Any] | None:
    """The ParentTraceContext of an activity or a child that the execution schedules; None without a trace."""
    trace = Trace.of_history(started.parent_trace_context) if started is not None else None
    if started is None or trace is None:
        return None
    return trace.span(_span_id(started, str(task_id)), UNSAMPLED).to_history()


def _span_id(started: ExecutionStarted, purpose: str) -> str:
    return sha256(f"{started.instance.execution_id}/{purpose}".encode()).hexdigest()[:16]
