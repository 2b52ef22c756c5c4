"""Builds sessions from stored data and new messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from durable_devhost.durable.entities.session import EntitySession
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.orchestrations.records import record_of
from durable_devhost.durable.orchestrations.session import NEW, OrchestrationSession
from durable_devhost.durable.ports import App
from durable_devhost.model.history import ExecutionCompleted, ExecutionStarted, HistoryEvent
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import StoredHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBuilder:
    """The common parts of all sessions of a hub."""

    app: App
    hub_name: str
    scheduler: Callable[[], Scheduler]
    batch_limit: int
    reorder_window: timedelta

    def orchestration(
        self, stored: StoredHistory | None, messages: Sequence[Message]
    ) -> tuple[OrchestrationSession, bool] | None:
        """The session of the stored execution, or of the one that a start among `messages` begins (then True).

        None if there is neither: the execution has ended, or was never started. `stored` None means: nothing is stored.
        A parent's start replaces a running execution.
        """
        start = next((each.event for each in messages if isinstance(each.event, ExecutionStarted)), None)
        old = start_of(stored.events) if stored else None
        if stored is not None and old is not None and not is_over(stored.events):
            start = replacement(old, messages)
            if start is None:
                return self._session(old, stored), False
        if start is None or (old is not None and _is_same(old, start)):
            return None
        empty = StoredHistory(etag=stored.etag, tail=stored.tail) if stored is not None else StoredHistory(tail=NEW)
        return self._session(start, empty), True

    def entity(self, instance_id: str, stored: StoredHistory) -> EntitySession:
        """The session of an entity, which begins with its first message."""
        return EntitySession(
            instance_id,
            stored,
            hub_name=self.hub_name,
            batch_limit=self.batch_limit,
            reorder_window=self.reorder_window,
        )

    def _session(self, started: ExecutionStarted, stored: StoredHistory) -> OrchestrationSession:
        return OrchestrationSession(
            started,
            app=self.app,
            known=self.app.known_orchestrators(),
            scheduler=self.scheduler,
            hub_name=self.hub_name,
            history=stored.events,
            etag=stored.etag,
            tail=stored.tail,
        )


def start_of(events: Sequence[HistoryEvent]) -> ExecutionStarted | None:
    """The event that began the execution."""
    return next((event for event in events if isinstance(event, ExecutionStarted)), None)


def replacement(old: ExecutionStarted, messages: Sequence[Message]) -> ExecutionStarted | None:
    """The start by a parent that takes a running instance's id: the newest one wins, as on the real host (recorded)."""
    newer = [
        each.event
        for each in messages
        if isinstance(each.event, ExecutionStarted)
        and each.event.parent is not None
        and each.event.timestamp > old.timestamp
        and not _is_same(old, each.event)
    ]
    return max(newer, key=lambda event: event.timestamp, default=None)


def _is_same(old: ExecutionStarted, start: ExecutionStarted) -> bool:
    """Whether a start was already executed: an interrupted parent sends its child's start twice."""
    return old.instance.execution_id == start.instance.execution_id or (
        old.parent is not None and old.parent == start.parent
    )


def is_over(events: Sequence[HistoryEvent]) -> bool:
    """Whether the execution has ended."""
    return any(isinstance(event, ExecutionCompleted) for event in events)


def record_after(events: Sequence[HistoryEvent], hub_name: str) -> InstanceRecord | None:
    """The Instances row after this history, for a row that a crash kept from being written."""
    started = start_of(events)
    return None if started is None else record_of(started, events, hub_name)
