"""Stores a batch of a commit, and reads back what is stored where the answer was lost.

A commit must not be taken for lost while it is stored, nor for stored while it is another worker's. So whoever stores
one waits until storage has told.
"""

import asyncio
from collections.abc import Sequence

from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed, StorageFailure
from durable_devhost.storage.tables import ETAG, Operation, TableService
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.journal import BATCH, COMMIT
from durable_devhost.taskhub.rows import SENTINEL

_MARKS = frozenset({"ExecutionId", "IsCheckpointComplete", "CheckpointCompletedTimestamp", COMMIT, BATCH})
_ROW_MARKS = ("ExecutionId", "EventType", "_Timestamp")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


async def store(tables: TableService, table: str, instance_id: str, operations: Sequence[Operation]) -> str:
    """Store one batch of a commit, the sentinel last, and return the sentinel's etag.

    Raises LostRace where another worker has committed, and StorageUnavailable where nothing is stored for certain.
    """
    try:
        return (await tables.batch(table, operations))[-1]
    except (Conflict, PreconditionFailed, NotFound) as error:
        etag = await _once_known(tables, table, operations)
        if etag is None:
            raise LostRace(f"Another worker has committed instance '{instance_id}' ({error.code}).") from error
        return etag
    except StorageUnavailable:
        etag = await _once_known(tables, table, operations)
        if etag is None:
            raise
        return etag


async def _once_known(tables: TableService, table: str, operations: Sequence[Operation]) -> str | None:
    """As `_etag_of_own`, when storage answers again: to go on without knowing would lose or double something."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return await _etag_of_own(tables, table, operations)
        except NotFound:
            return None
        except (StorageUnavailable, StorageFailure):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)


async def _etag_of_own(tables: TableService, table: str, operations: Sequence[Operation]) -> str | None:
    """The sentinel's etag where the refused batch is stored after all; None where it is another worker's.

    A batch whose answer was lost is sent again, and meets itself. Its mark is the time in the sentinel, or in a
    batch that more will follow the time of its last row.
    """
    sentinel = operations[-1].row
    stored = await tables.get(table, str(sentinel["PartitionKey"]), SENTINEL)
    if stored is None or any(stored.get(name) != sentinel[name] for name in _MARKS & sentinel.keys()):
        return None
    if not sentinel["IsCheckpointComplete"] and COMMIT not in sentinel:
        last = operations[-2].row
        found = await tables.get(table, str(last["PartitionKey"]), str(last["RowKey"]))
        if found is None or any(found.get(name) != last.get(name) for name in _ROW_MARKS):
            return None
    return str(stored[ETAG])
