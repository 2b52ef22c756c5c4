"""How a commit lies in the History table: its events packed into the sentinel, or rows of their own. Pure.

In journal mode events are packed as long as they fit. In standard mode each is a row, as the real extension has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from durable_devhost.storage.tables import Action, Operation, Row
from durable_devhost.taskhub.batches import split_into_batches
from durable_devhost.taskhub.packed import MOST_ROWS, NOTHING_PACKED, Packed, fits, pack, unpack
from durable_devhost.taskhub.rows import row_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The batches of a commit without their sentinels, and what the sentinel holds afterwards.

    `columns` are new in the last sentinel, `packed` are all that it has then. `forgets` says that columns of before
    are to go: the first sentinel that names the execution takes the place of the one that is stored.
    """

    batches: Sequence[Sequence[Operation]]
    columns: Packed = field(default_factory=lambda: NOTHING_PACKED)
    packed: Packed = field(default_factory=lambda: NOTHING_PACKED)
    forgets: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all is stored or nothing."""
        return len(self.batches) == 1

    def replaces(self, number: int) -> bool:
        """Whether the sentinel of this batch, from 0, takes the place of the one that is stored."""
        first = next((at for at, batch in enumerate(self.batches) if _has_events(batch)), 0)
        return self.forgets and number == first


def in_the_sentinel(
    rows: Sequence[Row],
    *,
    first_row: int,
    earlier: Packed,
    beside: Sequence[Operation],
    if_whole: Sequence[Operation],
) -> Layout | None:
    """The layout with the events in a column of the sentinel; None where they do not fit beside `earlier` columns."""
    if len(rows) > MOST_ROWS:
        return None  # before they are encoded for nothing: a wide fan-out has a thousand
    column = pack(first_row, rows)
    batches = split_into_batches(beside, (), if_whole)
    if len(batches) > 1 or not fits(earlier, column, first_row + len(rows)):
        return None
    return Layout(batches=batches, columns=column, packed={**earlier, **column}, forgets=first_row == 0)


def in_rows(
    rows: Sequence[Row],
    *,
    first_row: int,
    fresh_from: int | None,
    earlier: Packed,
    beside: Sequence[Operation],
    if_whole: Sequence[Operation],
) -> Layout:
    """The layout with a row for each event. Those that are packed get rows too, if all fits into one batch.

    Rows from `fresh_from` on do not exist, None says that nobody knows.
    """
    known = None if fresh_from is None else row_key(fresh_from)
    writes = [_write(row, known) for row in rows]
    if earlier and rows:
        key, execution_id = str(rows[-1]["PartitionKey"]), str(rows[-1]["ExecutionId"])
        old = [_write(row, known) for row in unpack(earlier, partition_key=key, execution_id=execution_id)]
        batches = split_into_batches(beside, [*old, *writes], if_whole)
        if len(batches) == 1:
            return Layout(batches=batches, forgets=True)
    return Layout(batches=split_into_batches(beside, writes, if_whole), packed=earlier, forgets=first_row == 0)


def _write(row: Row, fresh_from: str | None) -> Operation:
    is_fresh = fresh_from is not None and str(row["RowKey"]) >= fresh_from
    return Operation(action=Action.INSERT if is_fresh else Action.UPSERT_REPLACE, row=row)


def _has_events(batch: Sequence[Operation]) -> bool:
    return any("EventType" in operation.row for operation in batch)
