"""Where the events of a commit go, and what the sentinel holds afterwards."""

from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.storage.tables import Action, Operation, Row
from durable_devhost.taskhub.layout import in_rows, in_the_sentinel
from durable_devhost.taskhub.packed import NOTHING_PACKED, pack
from durable_devhost.taskhub.rows import row_key


def events(first_row: int, count: int, size: int = 1) -> list[Row]:
    """Rows of instance `i`, execution `e`."""
    same = {"PartitionKey": "i", "ExecutionId": "e", "EventType": "x" * size}
    return [{**same, "RowKey": row_key(number)} for number in range(first_row, first_row + count)]


def messages(count: int) -> list[Operation]:
    """What is stored beside the events."""
    return [Operation(action=Action.INSERT, row={"PartitionKey": "i", "RowKey": f"outbox-{n}"}) for n in range(count)]


def test_events_go_into_the_sentinel_and_messages_beside_it() -> None:
    """A new generation forgets what is there, all others add to it."""
    earlier = pack(0, events(0, 3))
    layout = in_the_sentinel(events(3, 2), first_row=3, earlier=earlier, beside=messages(1), if_whole=messages(1))
    assert layout is not None
    assert (layout.is_whole, layout.batches) == (True, [[*messages(1), *messages(1)]])
    assert layout.packed == {**earlier, **layout.columns}
    assert not layout.replaces(0)
    again = in_the_sentinel(events(0, 2), first_row=0, earlier=NOTHING_PACKED, beside=(), if_whole=())
    assert again is not None
    assert (again.batches, again.packed) == ([[]], again.columns)
    assert again.replaces(0)


def test_too_much_is_not_packed() -> None:
    """Many events, a long one, more messages than one batch takes."""
    for rows, beside in ((events(0, 81), []), (events(0, 1, 40_000), []), (events(0, 1), messages(100))):
        assert in_the_sentinel(rows, first_row=0, earlier=NOTHING_PACKED, beside=beside, if_whole=()) is None


def test_packed_events_are_written_out_with_those_that_do_not_fit() -> None:
    """In the batch that takes them out of the sentinel, so that they are in one place at any time."""
    earlier = pack(0, events(0, 79))
    layout = in_rows(events(79, 3), first_row=79, fresh_from=0, earlier=earlier, beside=(), if_whole=())
    assert [each.row["RowKey"] for each in layout.batches[0]] == [row_key(number) for number in range(82)]
    assert {each.action for each in layout.batches[0]} == {Action.INSERT}
    assert (layout.is_whole, layout.packed, layout.replaces(0)) == (True, {}, True)


def test_packed_events_stay_where_not_all_fits_into_one_batch() -> None:
    """The sentinel keeps them, and the new ones have rows."""
    earlier = pack(0, events(0, 3))
    layout = in_rows(events(3, 120), first_row=3, fresh_from=3, earlier=earlier, beside=(), if_whole=())
    assert [len(batch) for batch in layout.batches] == [99, 21]
    assert layout.packed == earlier
    assert not any(map(layout.replaces, range(2)))


def test_rows_that_may_be_there_are_written_over() -> None:
    """Of a generation before, or of one of which nobody knows."""
    layout = in_rows(events(0, 3), first_row=0, fresh_from=2, earlier=NOTHING_PACKED, beside=(), if_whole=())
    upsert, insert = Action.UPSERT_REPLACE, Action.INSERT
    assert [each.action for each in layout.batches[0]] == [upsert, upsert, insert]
    layout = in_rows(events(0, 1), first_row=0, fresh_from=None, earlier=NOTHING_PACKED, beside=(), if_whole=())
    assert [each.action for each in layout.batches[0]] == [upsert]


@given(many=st.integers(0, 250), count=st.integers(1, 250))
def test_a_new_generation_forgets_the_old_one_with_its_first_events(many: int, count: int) -> None:
    """Messages go in front, and till then the old generation is what counts."""
    layout = in_rows(
        events(0, count), first_row=0, fresh_from=0, earlier=NOTHING_PACKED, beside=messages(many), if_whole=()
    )
    (first,) = [number for number in range(len(layout.batches)) if layout.replaces(number)]
    assert any("EventType" in each.row for each in layout.batches[first])
    assert not any("EventType" in each.row for batch in layout.batches[:first] for each in batch)
