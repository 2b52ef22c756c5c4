"""Rewind, pure and on a hub in memory."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable.client.errors import NotFound
from durable_devhost.durable.client.rewind import plan_rewind, rewind
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    GenericEvent,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.durable.memory import NOW, ClientBench


def first_rows(instance_id: str) -> list[HistoryEvent]:
    """The first two rows of any history."""
    instance = InstanceRef(instance_id=instance_id, execution_id="e")
    return [OrchestratorStarted(timestamp=NOW), ExecutionStarted(timestamp=NOW, instance=instance, name="Flow")]


def history_with_failed_activity(instance_id: str) -> list[HistoryEvent]:
    """A history with one success, one failure and its end, as recorded of a rewindable orchestration."""
    return [
        *first_rows(instance_id),
        TaskScheduled(timestamp=NOW, event_id=0, name="say_hello"),
        TaskCompleted(timestamp=NOW, task_id=0, result='"Hello"'),
        TaskScheduled(timestamp=NOW, event_id=1, name="flaky"),
        TaskFailed(timestamp=NOW, task_id=1, reason="no"),
        ExecutionCompleted(timestamp=NOW, event_id=2, status=RuntimeStatus.FAILED, result="no"),
        OrchestratorCompleted(timestamp=NOW),
    ]


def history_with_failed_child(instance_id: str, child: str) -> list[HistoryEvent]:
    """A history that ended because a child failed."""
    return [
        *first_rows(instance_id),
        SubOrchestrationCreated(timestamp=NOW, event_id=0, name="Child", instance_id=child),
        SubOrchestrationFailed(timestamp=NOW, task_id=0, reason="no"),
        ExecutionCompleted(timestamp=NOW, event_id=1, status=RuntimeStatus.FAILED, result="no"),
    ]


def test_a_rewind_clears_the_failure_its_scheduling_and_the_end() -> None:
    """Successful events stay."""
    plan = plan_rewind(history_with_failed_activity("i"))
    assert {4: "TaskScheduled", 5: "TaskFailed", 6: "ExecutionCompleted"} == plan.cleared_rows
    assert ({}, ()) == (plan.noted_rows, plan.children)


def test_the_creation_of_a_failed_child_is_marked_and_kept() -> None:
    """The second end of the child needs it."""
    plan = plan_rewind(history_with_failed_child("i", "kid"))
    assert {3: "SubOrchestrationInstanceFailed", 4: "ExecutionCompleted"} == plan.cleared_rows
    assert ({2: "SubOrchestrationInstanceCreated"}, ("kid",)) == (plan.noted_rows, plan.children)


def test_a_failure_without_its_scheduling_is_cleared_too() -> None:
    """An earlier rewind may have stopped half-way."""
    plan = plan_rewind([TaskFailed(timestamp=NOW, task_id=7), SubOrchestrationFailed(timestamp=NOW, task_id=8)])
    assert ({0: "TaskFailed", 1: "SubOrchestrationInstanceFailed"}, ()) == (plan.cleared_rows, plan.children)


def test_a_termination_is_not_cleared() -> None:
    """Only failures can be rewound."""
    ended = ExecutionCompleted(timestamp=NOW, status=RuntimeStatus.TERMINATED)
    assert {} == plan_rewind([ended]).cleared_rows


@given(st.lists(st.booleans(), max_size=12))
def test_a_rewind_clears_every_failure_and_keeps_every_success(outcomes: list[bool]) -> None:
    """A second rewind finds nothing."""
    events: list[HistoryEvent] = []
    for task, good in enumerate(outcomes):
        events.append(TaskScheduled(timestamp=NOW, event_id=task, name="A"))
        events.append((TaskCompleted if good else TaskFailed)(timestamp=NOW, task_id=task))
    plan = plan_rewind(events)
    left = [event for index, event in enumerate(events) if index not in plan.cleared_rows]
    assert {} == plan_rewind(left).cleared_rows
    assert outcomes.count(True) == sum(isinstance(event, TaskCompleted) for event in left)


async def test_a_rewound_instance_is_pending_and_gets_a_message() -> None:
    """The message has the reason; the engine forgets its session first."""
    bench = ClientBench()
    bench.put("i", RuntimeStatus.FAILED, output="no")
    bench.hub.history.events["i"] = history_with_failed_activity("i")
    await rewind(bench.engine, bench.hub, "i", "try again", NOW + timedelta(seconds=1))
    (message,) = bench.engine.posted
    assert (GenericEvent(timestamp=NOW + timedelta(seconds=1), data="try again"), "i", None) == (
        message.event,
        message.target.instance_id,
        message.target.execution_id,
    )
    assert RuntimeStatus.PENDING is bench.hub.instances.rows["i"].status
    assert "i" in bench.engine.forgotten


async def test_only_the_deepest_failed_instance_gets_a_message() -> None:
    """Its parents go on when it has completed."""
    bench = ClientBench()
    for instance_id in ("top", "middle", "leaf"):
        bench.put(instance_id, RuntimeStatus.FAILED)
    bench.hub.history.events |= {
        "top": history_with_failed_child("top", "middle"),
        "middle": history_with_failed_child("middle", "leaf"),
        "leaf": history_with_failed_activity("leaf"),
    }
    await rewind(bench.engine, bench.hub, "top", "r", NOW)
    assert ["leaf"] == [message.target.instance_id for message in bench.engine.posted]
    assert {RuntimeStatus.PENDING} == {row.status for row in bench.hub.instances.rows.values()}
    assert {2: "SubOrchestrationInstanceCreated"} == bench.hub.history.noted["top"]


async def test_a_purged_child_stops_the_rewind_before_any_change() -> None:
    """Its parent could never go on."""
    bench = ClientBench()
    bench.put("top", RuntimeStatus.FAILED)
    bench.hub.history.events["top"] = history_with_failed_child("top", "gone")
    with pytest.raises(NotFound, match="gone"):
        await rewind(bench.engine, bench.hub, "top", "r", NOW)
    assert history_with_failed_child("top", "gone") == bench.hub.history.events["top"]
    assert RuntimeStatus.FAILED is bench.hub.instances.rows["top"].status


async def test_rows_are_rewound_in_place_and_keep_their_other_columns(azurite: Azurite) -> None:
    """As the real provider does it: another type and a reason; the sentinel is untouched."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        hub = await TaskHub.open(transport, f"h{uuid4().hex[:20]}", partition_count=1, clock=SystemClock())
        await hub.history.append("i/1", "e", first_row=0, events=history_with_failed_activity("i/1"), etag=None)
        await hub.instances.insert(InstanceRecord(instance_id="i/1", name="Flow", status=RuntimeStatus.FAILED))
        before = await hub.history.read("i/1")
        await rewind(ClientBench().engine, hub, "i/1", "r", NOW)
        after = await hub.history.read("i/1")
        record = await hub.instances.get("i/1")
        row = await TableService(transport).get(hub.names.history, "i^01", f"{5:016X}")
    assert before.etag == after.etag
    assert [
        "OrchestratorStarted", "ExecutionStarted", "TaskScheduled", "TaskCompleted", "GenericEvent", "GenericEvent",
        "GenericEvent", "OrchestratorCompleted",
    ] == [type(event).__name__ for event in after.events]  # fmt: skip
    assert row is not None
    assert ("GenericEvent", "Rewound: TaskFailed", 1) == (row["EventType"], row["Reason"], row["TaskScheduledId"])
    assert record is not None
    assert (RuntimeStatus.PENDING, "Flow") == (record.status, record.name)
