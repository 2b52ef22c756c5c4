"""A task hub on the emulator, with small ways to store an instance as a host would have left it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from durable_devhost.model.history import (
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    ParentRef,
    RuntimeStatus,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.hub import TaskHub

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class HubSeeder:
    """A hub with instances in every state."""

    def __init__(self, hub: TaskHub) -> None:
        self.hub = hub

    def start_event(self, instance_id: str, parent: ParentRef | None = None) -> ExecutionStarted:
        """The start of an instance."""
        return ExecutionStarted(timestamp=NOW, instance=self.ref(instance_id), name="play", input="5", parent=parent)

    def ref(self, instance_id: str) -> InstanceRef:
        """The one execution of an instance."""
        return InstanceRef(instance_id=instance_id, execution_id=f"e-{instance_id}")

    async def store(
        self,
        instance_id: str,
        *events: HistoryEvent,
        status: RuntimeStatus | None = RuntimeStatus.RUNNING,
        parent: ParentRef | None = None,
    ) -> None:
        """Store a history of one episode, and a row unless `status` is None."""
        rows = (OrchestratorStarted(timestamp=NOW), self.start_event(instance_id, parent), *events)
        await self.hub.history.append(
            instance_id,
            f"e-{instance_id}",
            first_row=0,
            events=(*rows, OrchestratorCompleted(timestamp=NOW)),
            etag=None,
        )
        if status is not None:
            await self.store_row(instance_id, status)

    async def store_row(self, instance_id: str, status: RuntimeStatus) -> None:
        """Store a row alone."""
        await self.hub.instances.merge(
            InstanceRecord(
                instance_id=instance_id,
                execution_id=f"e-{instance_id}",
                name="play",
                input="5",
                status=status,
                created_time=NOW,
            )
        )

    async def send(self, instance_id: str, events: Sequence[HistoryEvent], *, hidden_s: int = 0) -> None:
        """Put messages on the instance's control queue."""
        for event in events:
            message = Message(event=event, target=self.ref(instance_id))
            await self.hub.queues.send_control(message, visible_after=timedelta(seconds=hidden_s))
