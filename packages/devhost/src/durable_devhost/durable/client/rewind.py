"""Rewind: lets a failed orchestration go on from before its failure.

The rows of the failure are neutralised in place, and the deepest failed instances get a message that wakes them; their
parents go on when those complete. It follows `AzureTableTrackingStore.cs: RewindHistoryAsync`: the execution id
stays, freed task ids are used again, and every failed activity of the execution is run again, also a retried one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from durable_devhost.durable.client.errors import NotFound
from durable_devhost.durable.client.ports import Hub
from durable_devhost.durable.ports import Engine
from durable_devhost.model.history import (
    ExecutionCompleted,
    GenericEvent,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.model.wire import SPEC_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class RewindPlan:
    """What a rewind does to one instance.

    `cleared_rows` and `noted_rows` map row indexes to the names of the events there: cleared rows become GenericEvents,
    noted ones (the creation of a child that is rewound too) stay. `children` are the failed sub-orchestrations.
    """

    cleared_rows: Mapping[int, str]
    noted_rows: Mapping[int, str]
    children: tuple[str, ...]


def plan_rewind(events: Sequence[HistoryEvent]) -> RewindPlan:
    """Find the failures in one execution's history, and the tasks that failed."""
    made = {
        event.event_id: index
        for index, event in enumerate(events)
        if isinstance(event, TaskScheduled | SubOrchestrationCreated)
    }
    cleared: list[int] = []
    noted: list[int] = []
    children: list[str] = []
    for index, event in enumerate(events):
        match event:
            case TaskFailed():
                cleared += [index, *_at(made, event.task_id)]
            case SubOrchestrationFailed():
                cleared.append(index)
                for created in _at(made, event.task_id):
                    noted.append(created)
                    children += _child(events[created])
            case ExecutionCompleted(status=RuntimeStatus.FAILED):
                cleared.append(index)
            case _:
                continue
    return RewindPlan(
        cleared_rows=_names_of_events(events, cleared),
        noted_rows=_names_of_events(events, noted),
        children=tuple(children),
    )


async def rewind(engine: Engine, hub: Hub, instance_id: str, reason: str | None, now: datetime) -> None:
    """Rewind a failed instance and its failed descendants, whose histories must all exist.

    Raises NotFound for a purged descendant, before anything has been changed.
    """
    plans: dict[str, RewindPlan] = {}
    await _collect(hub, instance_id, plans)
    for each, plan in reversed(plans.items()):
        await engine.forget(each)
        await hub.history.mark_rewound(each, cleared=plan.cleared_rows, noted=plan.noted_rows)
        await hub.instances.merge(InstanceRecord(instance_id=each, status=RuntimeStatus.PENDING, last_updated_time=now))
        # A query between the two may have put the old rows back into memory.
        await engine.forget(each)
    for each in [each for each, plan in plans.items() if not plan.children]:
        target = InstanceRef(instance_id=each, execution_id=None)
        await engine.post(Message(event=GenericEvent(timestamp=now, data=reason), target=target))


async def _collect(hub: Hub, instance_id: str, plans: dict[str, RewindPlan]) -> None:
    """Plan for an instance and its descendants, parents first."""
    stored = await hub.history.read(instance_id)
    if not stored.events:
        raise NotFound(instance_id)
    plans[instance_id] = plan_rewind(stored.events)
    for child in plans[instance_id].children:
        if child not in plans:
            await _collect(hub, child, plans)


def _at(made: Mapping[int, int], task_id: int) -> list[int]:
    return [made[task_id]] if task_id in made else []


def _child(event: HistoryEvent) -> list[str]:
    return [event.instance_id] if isinstance(event, SubOrchestrationCreated) else []


def _names_of_events(events: Sequence[HistoryEvent], indexes: Sequence[int]) -> dict[int, str]:
    return {index: SPEC_OF[type(events[index])].name for index in sorted(indexes)}
