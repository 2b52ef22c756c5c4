"""The Partitions table: which worker owns which control queue, as a lease that is renewed every twelve seconds.

One row a control queue; each change replaces the row under its etag (`TablePartitionManager.cs`). The loop that calls
these functions is the engine's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed
from durable_devhost.storage.tables import ETAG, Action, Operation, Row, TableService
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.names import MAX_PARTITIONS, HubNames

LEASE = timedelta(seconds=30)
"""How long a partition stays with its owner after a renewal; leases run in real time, also under a virtual clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLease:
    """One row: the control queue `queue`, its owner, and who wants it next."""

    queue: str
    current_owner: str | None = None
    next_owner: str | None = None
    owned_since: datetime | None = None
    last_renewal: datetime | None = None
    expires_at: datetime | None = None
    is_draining: bool = False
    etag: str | None = None

    @property
    def partition(self) -> int:
        """The partition's number, which ends the queue's name; `PartitionTable.read` gives no other names."""
        return int(self.queue.rpartition("-")[2])

    def can_be_claimed(self, owner: str, now: datetime) -> bool:
        """Whether `owner` may take it now: it is free, promised to us, or its owner stopped renewing."""
        if self.current_owner is None and self.next_owner in (None, owner):
            return True
        return self.expires_at is not None and now >= self.expires_at


class PartitionTable:
    """The leases of one hub."""

    def __init__(self, tables: TableService, names: HubNames) -> None:
        self._tables = tables
        self._table = names.partitions
        self._queues = frozenset(names.control(partition) for partition in range(MAX_PARTITIONS))

    async def add(self, queue: str) -> None:
        """Add the row of a control queue that nobody owns, unless there is one."""
        try:
            await self._tables.insert(self._table, _to_row(PartitionLease(queue=queue)))
        except Conflict:
            return

    async def read(self, pass_over: Callable[[str], None] = lambda _: None) -> list[PartitionLease]:
        """The rows of all control queues, in the order of the partitions.

        What else lies in the table is left alone; `pass_over` gets the RowKey of each such row.
        """
        leases = []
        async for page in self._tables.query(self._table):
            for row in page.rows:
                if str(row["RowKey"]) in self._queues:
                    leases.append(_from_row(row))
                else:
                    pass_over(str(row["RowKey"]))
        return leases

    async def claim(self, lease: PartitionLease, owner: str, now: datetime) -> PartitionLease:
        """Take a partition; raises LostRace when its row has changed since it was read."""
        return await self._write(
            replace(
                lease,
                current_owner=owner,
                next_owner=None,
                owned_since=now,
                last_renewal=now,
                expires_at=now + LEASE,
                is_draining=False,
            )
        )

    async def renew(self, lease: PartitionLease, now: datetime, *, is_draining: bool = False) -> PartitionLease:
        """Keep a partition, draining it when it is to be given up; raises LostRace when its row has changed."""
        return await self._write(replace(_renewed(lease, now), is_draining=is_draining))

    async def renew_all(self, leases: Sequence[PartitionLease], now: datetime) -> list[PartitionLease]:
        """Keep several partitions with one request, all or none; raises LostRace when a row has changed.

        That may be by this very request, where the answer to it was lost.
        """
        renewed = [_renewed(lease, now) for lease in leases]
        changes = [Operation(action=Action.REPLACE, row=_to_row(lease), etag=lease.etag) for lease in renewed]
        try:
            etags = await self._tables.batch(self._table, changes)
        except (PreconditionFailed, NotFound) as error:
            raise LostRace("A lease of this hub has changed.") from error
        return [replace(lease, etag=etag) for lease, etag in zip(renewed, etags, strict=True)]

    async def release(self, lease: PartitionLease) -> PartitionLease:
        """Give a partition up; the times stay as they were. Raises LostRace when its row has changed."""
        return await self._write(replace(lease, current_owner=None, is_draining=False))

    async def ask(self, lease: PartitionLease, owner: str | None) -> PartitionLease:
        """Ask the owner of a partition to give it to `owner`, or take that back; raises LostRace when it changed."""
        return await self._write(replace(lease, next_owner=owner))

    async def _write(self, lease: PartitionLease) -> PartitionLease:
        row = _to_row(lease)
        try:
            return replace(lease, etag=await self._tables.replace(self._table, row, lease.etag))
        except PreconditionFailed as error:
            # The answer to our own write may have been lost, and what was refused was its repetition.
            stored = await self._tables.get(self._table, "", lease.queue)
            if stored is not None and all(stored.get(column) == row.get(column) for _, column in _COLUMNS):
                return replace(lease, etag=str(stored[ETAG]))
            raise LostRace(f"Another worker has changed the lease of {lease.queue}.") from error
        except NotFound as error:
            raise LostRace(f"The lease of {lease.queue} is gone.") from error


_COLUMNS = (
    ("current_owner", "CurrentOwner"),
    ("next_owner", "NextOwner"),
    ("owned_since", "OwnedSince"),
    ("last_renewal", "LastRenewal"),
    ("expires_at", "ExpiresAt"),
)


def _renewed(lease: PartitionLease, now: datetime) -> PartitionLease:
    return replace(lease, last_renewal=now, expires_at=now + LEASE, is_draining=False)


def _to_row(lease: PartitionLease) -> Row:
    row: Row = {"PartitionKey": "", "RowKey": lease.queue}
    for attribute, column in _COLUMNS:
        value = getattr(lease, attribute)
        if value is not None:
            row[column] = value
    row["IsDraining"] = lease.is_draining
    return row


def _from_row(row: Row) -> PartitionLease:
    values = {attribute: row[column] for attribute, column in _COLUMNS if row.get(column)}
    return PartitionLease(
        queue=str(row["RowKey"]),
        is_draining=bool(row.get("IsDraining", False)),
        etag=str(row[ETAG]),
        **values,  # type: ignore[arg-type]  # a row's values are told apart by their columns
    )
