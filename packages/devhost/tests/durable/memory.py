"""A task hub and an engine in memory, as small as the durable client's seams: real behaviour, no storage, no app."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.ports import InstanceExists
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    GenericEvent,
    HistoryEvent,
    RuntimeStatus,
)
from durable_devhost.model.instances import InstanceFilter, InstancePage, InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory

NOW = datetime(2026, 11, 21, 5, 3, 18, 307_513, tzinfo=UTC)


class MemoryInstances:
    """The rows, ordered by id."""

    def __init__(self) -> None:
        self.rows: dict[str, InstanceRecord] = {}

    async def merge(self, record: InstanceRecord, urls: Mapping[str, str] | None = None) -> str:
        """Change what is not None."""
        changes = {name: value for name in record.__slots__ if (value := getattr(record, name)) is not None}
        self.rows[record.instance_id] = replace(self.rows.get(record.instance_id, record), **changes)
        return f"etag of {urls or record.instance_id}"

    async def query(
        self, wanted: InstanceFilter, *, page_size: int | None = None, continuation: str | None = None
    ) -> InstancePage:
        """A page that begins after the id `continuation`."""
        rows = [self.rows[each] for each in sorted(self.rows) if each > (continuation or "")]
        found = [self._without_unwanted(row, wanted) for row in rows if _fits(row, wanted)]
        page = found[: page_size or len(found)]
        return InstancePage(records=tuple(page), continuation=page[-1].instance_id if len(page) < len(found) else None)

    async def every(self, wanted: InstanceFilter) -> AsyncIterator[InstanceRecord]:
        """All of them, as they are when it begins."""
        for record in (await self.query(wanted)).records:
            yield record

    @staticmethod
    def _without_unwanted(row: InstanceRecord, wanted: InstanceFilter) -> InstanceRecord:
        return row if wanted.with_input else replace(row, input=None)


def _fits(row: InstanceRecord, wanted: InstanceFilter) -> bool:
    created = row.created_time or NOW
    return (
        row.instance_id.startswith(wanted.id_prefix or "")
        and (not wanted.statuses or row.status in wanted.statuses)
        and (wanted.created_from is None or created >= wanted.created_from)
        and (wanted.created_to is None or created <= wanted.created_to)
    )


class MemoryHistories:
    """The events of each instance."""

    def __init__(self) -> None:
        self.events: dict[str, list[HistoryEvent]] = {}
        self.noted: dict[str, dict[int, str]] = {}
        self.corrupt: set[str] = set()
        """The instances with a row that cannot be read."""

    async def read(self, instance_id: str, execution_id: str | None = None) -> StoredHistory:
        """All events, whatever the execution."""
        if instance_id in self.corrupt:
            raise CorruptHistory(instance_id, "0000000000000001", "it is odd")
        events = self.events.get(instance_id, [])
        return StoredHistory(events=tuple(events), execution_id=execution_id, row_count=len(events))

    async def mark_rewound(self, instance_id: str, *, cleared: Mapping[int, str], noted: Mapping[int, str]) -> None:
        """Put generic events in the places of cleared ones."""
        events = self.events[instance_id]
        for index in cleared:
            events[index] = GenericEvent(timestamp=events[index].timestamp, event_id=events[index].event_id)
        self.noted[instance_id] = dict(noted)


class MemoryHub:
    """Rows and histories."""

    def __init__(self) -> None:
        self.history = MemoryHistories()
        self.instances = MemoryInstances()

    async def purge(self, instance_id: str) -> int:
        """Forget everything about an instance."""
        self.instances.rows.pop(instance_id, None)
        self.history.corrupt.discard(instance_id)
        return len(self.history.events.pop(instance_id, []))


class MemoryEngine:
    """Stores what it is given and changes states as the real engine does when no user code has anything to say."""

    def __init__(self, hub: MemoryHub) -> None:
        self._hub = hub
        self.posted: list[Message] = []
        self.started: list[ExecutionStarted] = []
        self.forgotten: list[str] = []
        self.is_listening = True
        """Whether posted events have an effect before `post` returns."""
        self.ends_as: tuple[RuntimeStatus, str] | None = None
        """How each instance ends as soon as it is started, with its output; None leaves it pending."""

    async def start(self, started: ExecutionStarted, *, is_new: bool = False) -> None:
        """Insert the row of a pending instance."""
        instance_id = started.instance.instance_id
        assert not (is_new and instance_id in self._hub.instances.rows)
        old = self._hub.instances.rows.get(instance_id)
        if old is not None and old.status is not None and not old.status.is_terminal:
            raise InstanceExists(instance_id, old.status)
        self.started.append(started)
        self._hub.instances.rows[instance_id] = InstanceRecord(
            instance_id=instance_id,
            execution_id=started.instance.execution_id,
            name=started.name,
            version=started.version,
            status=RuntimeStatus.PENDING,
            input=started.input,
            created_time=started.timestamp,
            last_updated_time=started.timestamp,
        )
        self._hub.history.events[instance_id] = [started]
        if self.ends_as is not None:
            await self.finish(instance_id, *self.ends_as)

    async def post(self, message: Message) -> None:
        """Append the event and carry out terminate, suspend and resume."""
        self.posted.append(message)
        instance_id = message.target.instance_id
        if instance_id in self._hub.history.corrupt:
            await self._hub.history.read(instance_id)
        if not self.is_listening:
            return
        self._hub.history.events.setdefault(instance_id, []).append(message.event)
        match message.event:
            case ExecutionTerminated(reason=reason):
                await self.finish(instance_id, RuntimeStatus.TERMINATED, reason)
            case ExecutionSuspended(reason=reason):
                await self._change(instance_id, RuntimeStatus.SUSPENDED, reason)
            case ExecutionResumed(reason=reason):
                await self._change(instance_id, RuntimeStatus.RUNNING, reason)
            case _:
                return

    async def record(self, instance_id: str) -> InstanceRecord | None:
        """The row, or what the history tells where there is none."""
        record = self._hub.instances.rows.get(instance_id)
        if record is None:
            await self._hub.history.read(instance_id)
        return record

    async def forget(self, instance_id: str) -> None:
        """Note that it was asked for."""
        self.forgotten.append(instance_id)

    async def finish(self, instance_id: str, status: RuntimeStatus, output: str | None = None) -> None:
        """End an instance."""
        self._hub.history.events.setdefault(instance_id, []).append(
            ExecutionCompleted(timestamp=NOW, status=status, result=output)
        )
        await self._change(instance_id, status, output)

    async def _change(self, instance_id: str, status: RuntimeStatus, output: str | None) -> None:
        await self._hub.instances.merge(
            InstanceRecord(instance_id=instance_id, status=status, output=output, last_updated_time=NOW)
        )


class CounterCatalog:
    """An app with entities and nothing else."""

    def __init__(self, entities: Sequence[str] = ("Counter",)) -> None:
        self._entities = entities

    def has_orchestrator(self, name: str) -> bool:
        """None is known, and none is asked for: a start is not checked."""
        raise AssertionError(name)

    def has_activity(self, name: str) -> bool:
        """Never asked for."""
        raise AssertionError(name)

    def has_entity(self, name: str) -> bool:
        """Without regard to case."""
        return name.lower() in [each.lower() for each in self._entities]

    def is_off(self, orchestrator: str) -> bool:
        """The one whose name says so."""
        return orchestrator == "off"

    def known_orchestrators(self) -> Sequence[str]:
        """None but the one that is off."""
        return ("off",)

    def known_entities(self) -> Sequence[str]:
        """As declared."""
        return self._entities


class FixedClock:
    """A clock that stands at NOW."""

    kind = "virtual"

    def now(self) -> datetime:
        """Always the same."""
        return NOW

    async def sleep_until(self, when: datetime) -> None:
        """Never called."""
        raise AssertionError(when)


@dataclass(frozen=True, kw_only=True)
class ClientBench:
    """A client with everything behind it within reach."""

    hub: MemoryHub = field(default_factory=MemoryHub)
    entities: Sequence[str] = ("Counter",)
    default_version: str | None = None
    is_traced: bool = False
    parts: dict[str, Any] = field(default_factory=dict)

    @property
    def engine(self) -> MemoryEngine:
        """The engine, the same one each time."""
        made: MemoryEngine = self.parts.setdefault("engine", MemoryEngine(self.hub))
        return made

    @property
    def client(self) -> DurableClient:
        """A client over hub and engine."""
        return DurableClient(
            engine=self.engine,
            hub=self.hub,
            app=CounterCatalog(self.entities),
            clock=FixedClock(),  # type: ignore[arg-type]  # a Literal in a class attribute is widened
            default_version=self.default_version,
            is_traced=self.is_traced,
        )

    def put(self, instance_id: str, status: RuntimeStatus, **columns: Any) -> None:
        """Store a row as if the instance had come so far."""
        self.hub.instances.rows[instance_id] = InstanceRecord(
            instance_id=instance_id,
            status=status,
            **{"name": "hello", "created_time": NOW, "last_updated_time": NOW, "custom_status": "null"} | columns,
        )
