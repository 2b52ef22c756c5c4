"""The spans of an orchestration, kept in its history: one trace from its start to its last grandchild."""

from dataclasses import replace
from typing import Any

from durable_devhost.durable.orchestrations.spans import trace_context_for, with_span
from durable_devhost.model.history import ExecutionStarted, HistoryEvent, TaskScheduled
from durable_devhost.model.traces import Trace
from packages.devhost.tests.durable.stage import Stage, completed

CLIENT = Trace(trace_id="7c8fbc335811e5e72a19ab235141039f", span_id="55d8db75842db810", state="a=b")


def work_twice(context: Any) -> Any:
    """An activity, an HTTP call and a child, then the same once more."""
    yield context.call_activity("a", 1)
    if context.get_input() is None:
        context.continue_as_new(2)
        return
    yield context.task_all([context.call_http("GET", "http://x"), context.call_sub_orchestrator("child", 1)])


def stage_with_trace(trace: Trace | None) -> Stage:
    """A stage whose start is of this trace."""
    stage = Stage(work_twice)
    context = trace.to_history() if trace is not None else None
    stage.started = replace(stage.started, parent_trace_context=context)
    stage.session = stage.session_of([])
    return stage


def _trace(event: HistoryEvent) -> Trace:
    assert isinstance(event, ExecutionStarted | TaskScheduled)
    return Trace.of_history(event.parent_trace_context) or Trace(trace_id="", span_id="")


def test_the_history_keeps_the_spans_of_the_client_and_of_the_execution() -> None:
    """Recorded: only what the client began is marked as sampled."""
    stage = stage_with_trace(CLIENT)
    started = next(row for row in stage.begin().events if isinstance(row, ExecutionStarted))
    context = dict(started.parent_trace_context or {})
    assert (context["TraceParent"], context["TraceState"]) == (CLIENT.parent, "a=b")
    assert context["Id"] == f"00-{CLIENT.trace_id}-{context['SpanId']}-00"
    assert context["SpanId"] != CLIENT.span_id
    assert context["ActivityStartTime"] == f"{stage.now:%Y-%m-%dT%H:%M:%S.%f}+00:00"
    assert with_span(started, stage.now) is started


def test_scheduled_tasks_share_the_trace_and_have_their_own_spans() -> None:
    """In messages and rows, also in the next generation, which keeps the span of the execution."""
    stage = stage_with_trace(CLIENT)
    first = stage.begin()
    again = stage.step(completed(0))
    last = stage.step(completed(0))
    starts = [row for episode in (first, again) for row in episode.events if isinstance(row, ExecutionStarted)]
    assert starts[0].parent_trace_context == starts[1].parent_trace_context
    sent = [posting.message.event for episode in (first, again, last) for posting in episode.postings]
    spans = [_trace(event) for event in sent]
    assert len({span.span_id for span in spans} | {CLIENT.span_id}) == 5
    assert {(span.trace_id, span.flags, span.state) for span in spans} == {(CLIENT.trace_id, "00", "a=b")}
    rows = [_trace(row) for episode in (first, again, last) for row in episode.events if isinstance(row, TaskScheduled)]
    assert rows == spans[:3]


def test_without_a_trace_the_history_has_none() -> None:
    """As in a hub of a host without telemetry."""
    stage = stage_with_trace(None)
    (posting,) = stage.begin().postings
    assert isinstance(posting.message.event, TaskScheduled)
    assert posting.message.event.parent_trace_context is None
    assert stage.session.started.parent_trace_context is None
    assert trace_context_for(None, 1) is None
