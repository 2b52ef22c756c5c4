"""Questions about the histories of all instances of a hub. Storage looks at every row of the table for each page."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from durable_devhost.model.history import TimerCreated, TimerFired
from durable_devhost.storage.tables import Row, TableService, string_literal, time_literal
from durable_devhost.taskhub.names import HubNames, unescape_key
from durable_devhost.taskhub.open_work import LAST_EPISODE, OPEN, OpenWork, from_column
from durable_devhost.taskhub.rows import SENTINEL, from_row

_SENTINELS = f"RowKey eq {string_literal(SENTINEL)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a sentinel says: the current execution, and its open work.

    `work` is None where only the history tells: activities are open, or a commit broke off, or the hub is in standard
    mode.
    """

    instance_id: str
    execution_id: str
    work: OpenWork | None


class AllHistories:
    """The History table of a hub across its instances."""

    def __init__(self, tables: TableService, names: HubNames) -> None:
        self._tables = tables
        self._table = names.history

    async def committed_since(self, when: datetime) -> AsyncIterator[str]:
        """The ids of all instances with a commit at `when` or later."""
        async for row in self._rows(
            f"{_SENTINELS} and CheckpointCompletedTimestamp ge {time_literal(when)}", "PartitionKey"
        ):
            yield _instance(row)

    async def episodes_since(self, when: datetime) -> AsyncIterator[tuple[str, datetime]]:
        """The instances that had an episode at `when` or later, each with the time of its last one."""
        wanted = f"EventType eq 'OrchestratorCompleted' and _Timestamp ge {time_literal(when)}"
        packed = f"{_SENTINELS} and {LAST_EPISODE} ge {time_literal(when)}"
        last: dict[str, datetime] = {}
        async for row in self._rows(f"({wanted}) or ({packed})", "PartitionKey", "_Timestamp", LAST_EPISODE):
            if isinstance(at := row.get("_Timestamp") or row.get(LAST_EPISODE), datetime):
                last[_instance(row)] = max(at, last.get(_instance(row), at))
        for instance_id, at in last.items():
            yield instance_id, at

    async def checkpoints(self) -> AsyncIterator[Checkpoint]:
        """The last commits of all instances that have a history."""
        async for row in self._rows(_SENTINELS, "PartitionKey", "ExecutionId", "IsCheckpointComplete", OPEN):
            is_whole = row.get("IsCheckpointComplete") is True
            yield Checkpoint(
                instance_id=_instance(row),
                execution_id=str(row.get("ExecutionId")),
                work=from_column(row.get(OPEN)) if is_whole else None,
            )

    async def open_timers(self, due_from: datetime | None) -> AsyncIterator[tuple[str, str, TimerCreated]]:
        """The timers that are due at `due_from` or later, or all, and have not fired: instance, execution, timer.

        Those of executions that have ended, or of a generation before, are among them.
        """
        wanted = "(EventType eq 'TimerCreated' or EventType eq 'TimerFired')"
        if due_from is not None:
            wanted += f" and FireAt ge {time_literal(due_from)}"
        found: dict[tuple[str, str, int], TimerCreated] = {}
        fired: set[tuple[str, str, int]] = set()
        async for row in self._rows(wanted):
            with suppress(ValueError):  # whoever reads the whole history tells of such a row
                event, execution = from_row(row), (_instance(row), str(row.get("ExecutionId")))
                if isinstance(event, TimerCreated):
                    found[*execution, event.event_id] = event
                elif isinstance(event, TimerFired):
                    fired.add((*execution, event.timer_id))
        for key, timer in found.items():
            if key not in fired:
                yield key[0], key[1], timer

    async def ended_since(self, when: datetime) -> AsyncIterator[tuple[str, str]]:
        """The instances and executions that have ended at `when` or later."""
        wanted = f"EventType eq 'ExecutionCompleted' and _Timestamp ge {time_literal(when)}"
        async for row in self._rows(wanted, "PartitionKey", "ExecutionId"):
            yield _instance(row), str(row.get("ExecutionId"))

    async def _rows(self, wanted: str, *columns: str) -> AsyncIterator[Row]:
        async for page in self._tables.query(self._table, filter=wanted, select=columns):
            for row in page.rows:
                yield row


def _instance(row: Row) -> str:
    return unescape_key(str(row["PartitionKey"]))
