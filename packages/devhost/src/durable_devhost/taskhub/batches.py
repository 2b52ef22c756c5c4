"""Cuts a commit into the batches that storage takes, each of which is stored as a whole or not at all. Pure.

Messages go in front and the end of the history goes last, so that a commit which breaks off has sent nothing.
"""

from collections.abc import Iterator, Sequence

from durable_devhost.storage.tables import MAX_BATCH, Operation
from durable_devhost.taskhub.journal import BATCH, COMMIT, is_message
from durable_devhost.taskhub.rows import estimated_size

ROWS_PER_BATCH = MAX_BATCH - 1
"""How many rows fit beside the sentinel."""

_BYTES_PER_BATCH = 3 * 1024 * 1024


def split_into_batches(
    beside: Sequence[Operation], events: Sequence[Operation], if_whole: Sequence[Operation]
) -> list[Sequence[Operation]]:
    """One batch of all where it fits, else those `beside` in batches in front, so that the events end the last one."""
    whole = list(_batches([*if_whole, *beside, *events]))
    if len(whole) == 1:
        return whole
    return [*(_batches(beside) if beside else ()), *_batches(events)]


def with_commit_name(operations: Sequence[Operation], name: str, number: int) -> list[Operation]:
    """The operations of a batch, the sentinel last, with the commit's name on each message.

    A batch without events says nothing of the execution: the one that is stored goes on as it is until the end.
    """
    *batch, sentinel = operations
    is_silent = sentinel.etag is not None and not any("EventType" in each.row for each in batch)
    told = {column: value for column, value in sentinel.row.items() if not (is_silent and column == "ExecutionId")}
    return [
        *(each._replace(row={**each.row, COMMIT: name}) if is_message(each.row) else each for each in batch),
        sentinel._replace(row={**told, COMMIT: name, BATCH: number}),
    ]


def _batches(operations: Sequence[Operation]) -> Iterator[Sequence[Operation]]:
    """Cut operations as the real provider does rows: 99 of them, or the one with which 3 MB are passed."""
    batch: list[Operation] = []
    size = 0
    for operation in operations:
        batch.append(operation)
        size += estimated_size(operation.row)
        if len(batch) == ROWS_PER_BATCH or size > _BYTES_PER_BATCH:
            yield batch
            batch, size = [], 0
    if batch or not operations:
        yield batch
