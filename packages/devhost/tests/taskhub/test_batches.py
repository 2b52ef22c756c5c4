"""How commits of any size are cut into batches."""

from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.storage.tables import Action, Operation, Row
from durable_devhost.taskhub.batches import ROWS_PER_BATCH, split_into_batches, with_commit_name
from durable_devhost.taskhub.rows import SENTINEL


def _operations(prefix: str, count: int, size: int = 1) -> list[Operation]:
    column = "Message" if prefix == "outbox-" else "EventType"
    return [
        Operation(
            action=Action.INSERT,
            row={"PartitionKey": "i", "RowKey": f"{prefix}{number:016X}", column: "x" * size},
        )
        for number in range(count)
    ]


COUNTS = st.integers(min_value=0, max_value=250)


@given(messages=COUNTS, events=COUNTS, settled=st.integers(min_value=0, max_value=5))
def test_each_operation_is_in_one_batch_and_messages_are_in_front(messages: int, events: int, settled: int) -> None:
    """What is to go only with a whole commit goes with one batch or not at all."""
    beside, rows, if_whole = _operations("outbox-", messages), _operations("", events), _operations("done-", settled)
    batches = split_into_batches(beside, rows, if_whole)
    assert max(map(len, batches)) <= ROWS_PER_BATCH
    together = [*beside, *rows] if len(batches) > 1 else [*if_whole, *beside, *rows]
    assert [each for batch in batches for each in batch] == together
    assert (len(batches) == 1) is (messages + events + settled <= ROWS_PER_BATCH)


def test_a_batch_ends_with_the_row_that_makes_it_larger_than_three_megabytes() -> None:
    """As in the real provider, which counts two bytes for a character."""
    rows = _operations("", 60, size=30_000)
    assert [len(batch) for batch in split_into_batches([], rows, [])] == [52, 8]


@given(etag=st.sampled_from([None, "1"]), events=st.integers(min_value=0, max_value=3))
def test_a_named_batch_without_events_does_not_say_which_execution_is_stored(etag: str | None, events: int) -> None:
    """The one that is stored goes on until the last batch; messages bear the name, events do not."""
    row: Row = {"PartitionKey": "i", "RowKey": SENTINEL, "ExecutionId": "e"}
    messages, rows = _operations("outbox-", 2), _operations("", events)
    *batch, last = with_commit_name([*messages, *rows, Operation(action=Action.MERGE, row=row, etag=etag)], "name", 2)
    assert [each.row.get("Commit") for each in batch] == ["name", "name", *[None] * events]
    assert (last.row["Commit"], last.row["Batch"]) == ("name", 2)
    assert ("ExecutionId" in last.row) is (etag is None or events > 0)
