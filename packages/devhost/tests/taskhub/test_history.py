"""The History table on the emulator: commits, races, generations, crashes, large texts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
)
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import ETAG, Row, TableService, read_row, write_row
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.failures import CorruptHistory, LostRace
from durable_devhost.taskhub.history import Appended, StoredHistory, Tail
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.lossy import losing

WHEN = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)
LARGE = "é" * 40_000


def start_event(instance_id: str = "i", execution_id: str = "e1") -> ExecutionStarted:
    """The first event of an execution."""
    return ExecutionStarted(
        timestamp=WHEN, instance=InstanceRef(instance_id=instance_id, execution_id=execution_id), name="flow"
    )


def episode(*events: HistoryEvent) -> list[HistoryEvent]:
    """Events between the two that frame an episode."""
    return [OrchestratorStarted(timestamp=WHEN), *events, OrchestratorCompleted(timestamp=WHEN)]


def scheduled_activities(count: int) -> list[HistoryEvent]:
    """So many activities."""
    return [TaskScheduled(timestamp=WHEN, name="act", event_id=number) for number in range(count)]


async def commit(
    hub: TaskHub, events: Sequence[HistoryEvent], before: StoredHistory | None = None, execution_id: str = "e1"
) -> Appended:
    """Append to instance `i` what follows `before`."""
    known = before or StoredHistory()
    return await hub.history.append(
        "i", execution_id, first_row=known.row_count, events=events, etag=known.etag, tail=known.tail
    )


async def rows_of(hub: TaskHub, tables: TableService) -> list[Row]:
    """All that is stored of instance `i`."""
    return [row async for page in tables.query(hub.names.history, filter="PartitionKey eq 'i'") for row in page.rows]


async def test_an_unknown_instance_has_no_history(hub: TaskHub) -> None:
    """Each of its rows would be new."""
    assert await hub.history.read("i") == StoredHistory()


async def test_appended_events_are_read(hub: TaskHub) -> None:
    """In order, with everything that the next append needs."""
    first = episode(start_event(), *scheduled_activities(2))
    appended = await commit(hub, first)

    stored = await hub.history.read("i", "e1")

    assert stored == StoredHistory(
        events=tuple(first), execution_id="e1", etag=appended.etag, row_count=5, tail=Tail(fresh_from=5)
    )
    assert (appended.row_count, appended.tail, dict(appended.urls)) == (5, Tail(fresh_from=5), {})


async def test_appends_follow_one_another_without_a_read(hub: TaskHub) -> None:
    """A session in memory continues with the result of its last commit."""
    first, second = (
        episode(start_event(), *scheduled_activities(1)),
        episode(TaskCompleted(timestamp=WHEN, task_id=0, result="1")),
    )
    one = await commit(hub, first)

    two = await hub.history.append("i", "e1", first_row=one.row_count, events=second, etag=one.etag, tail=one.tail)

    stored = await hub.history.read("i")
    assert stored.events == (*first, *second)
    assert stored.etag == two.etag != one.etag


async def test_a_commit_costs_one_call(hub: TaskHub, transport: Transport) -> None:
    """With any content of at most 99 events."""
    before = transport.calls.snapshot()["table POST"]
    await commit(hub, episode(start_event(), *scheduled_activities(90)))

    assert transport.calls.snapshot()["table POST"] == before + 1


async def test_rows_and_sentinel_equal_those_of_the_real_host(
    hub: TaskHub, tables: TableService, recorded_rows: dict[str, Any]
) -> None:
    """The same columns with the same types for a recorded instance."""
    plain = next(row for row in recorded_rows["history"] if row["RowKey"] == "sentinel")
    await commit(hub, episode(start_event()))

    *_, sentinel = await rows_of(hub, tables)

    written = json.loads(
        write_row({name: value for name, value in sentinel.items() if name not in (ETAG, "Timestamp")})
    )
    assert {name: type(value) for name, value in written.items()} == {
        name: type(value) for name, value in plain.items()
    }
    when = read_row(written)["CheckpointCompletedTimestamp"]
    assert isinstance(when, datetime)
    assert abs(when - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1), "it is the hub's clock's time"


@pytest.mark.parametrize("late", ["insert", "merge"])
async def test_the_second_of_two_writers_loses(hub: TaskHub, late: str) -> None:
    """None of its rows are stored."""
    if late == "merge":
        await commit(hub, episode(start_event()))
    seen = await hub.history.read("i")
    theirs = await commit(hub, episode(*scheduled_activities(1)), seen)

    with pytest.raises(LostRace):
        await commit(hub, episode(*scheduled_activities(3)), seen)

    assert (await hub.history.read("i")).row_count == theirs.row_count


async def test_a_long_commit_is_split_into_batches_of_99(
    hub: TaskHub, tables: TableService, transport: Transport
) -> None:
    """Each has the sentinel, which is complete after the last."""
    events = episode(start_event(), *scheduled_activities(300))
    before = transport.calls.snapshot()["table POST"]

    appended = await commit(hub, events)

    assert transport.calls.snapshot()["table POST"] - before == 4
    stored = await hub.history.read("i")
    assert (stored.events, stored.etag) == (tuple(events), appended.etag)
    assert (await rows_of(hub, tables))[-1]["IsCheckpointComplete"] is True


async def test_a_commit_of_many_bytes_is_split_before_the_limit_of_four_megabytes(
    hub: TaskHub, transport: Transport
) -> None:
    """The real service refuses more; the emulator does not."""
    results = [TaskCompleted(timestamp=WHEN, task_id=n, result="x" * 30_000) for n in range(90)]
    before = transport.calls.snapshot()["table POST"]

    await commit(hub, episode(start_event(), *results))

    assert transport.calls.snapshot()["table POST"] - before == 2
    assert (await hub.history.read("i")).row_count == 93


async def crash_in_the_second_batch(hub: TaskHub, tables: TableService, events: list[HistoryEvent]) -> None:
    """Leave what a host leaves that dies between the first and the second batch of a commit."""
    seen = await hub.history.read("i")
    await hub.history.append("i", "e1", first_row=seen.row_count, events=events, etag=seen.etag, tail=seen.tail)
    await tables.merge(hub.names.history, {"PartitionKey": "i", "RowKey": "sentinel", "IsCheckpointComplete": False})


async def test_events_of_an_unfinished_commit_do_not_count(hub: TaskHub, tables: TableService) -> None:
    """Their messages come again, and the commit is repeated over the rows that it left."""
    first = episode(start_event(), *scheduled_activities(2))
    await commit(hub, first)
    await crash_in_the_second_batch(hub, tables, [OrchestratorStarted(timestamp=WHEN), *scheduled_activities(98)])

    stored = await hub.history.read("i")
    assert (stored.events, stored.row_count) == (tuple(first), 5)
    assert stored.tail == Tail(fresh_from=104, unfinished_to=104)

    second = episode(TaskCompleted(timestamp=WHEN, task_id=0, result="1"), *scheduled_activities(150))
    await commit(hub, second, stored)
    assert (await hub.history.read("i")).events == (*first, *second)


async def test_an_unfinished_first_commit_leaves_nothing(hub: TaskHub, tables: TableService) -> None:
    """The start message comes again and finds an empty history, with the etag that it needs."""
    await crash_in_the_second_batch(
        hub, tables, [OrchestratorStarted(timestamp=WHEN), start_event(), *scheduled_activities(97)]
    )

    stored = await hub.history.read("i", "e1")
    assert stored.events == ()
    assert stored.etag is not None

    events = episode(start_event(), *scheduled_activities(3))
    await commit(hub, events, stored)
    assert (await hub.history.read("i")).events == tuple(events)


async def test_the_last_commit_counts_even_if_a_host_dies_in_every_commit_before(
    hub: TaskHub, tables: TableService
) -> None:
    """Rows of an unfinished commit never become events, however often it is repeated."""
    first = episode(start_event())
    await commit(hub, first)
    for size in (98, 40, 70):
        await crash_in_the_second_batch(hub, tables, [OrchestratorStarted(timestamp=WHEN), *scheduled_activities(size)])
        assert (await hub.history.read("i")).events == tuple(first)

    second = episode(*scheduled_activities(2))
    one = await commit(hub, second, await hub.history.read("i"))
    third = episode(TaskCompleted(timestamp=WHEN, task_id=0, result="1"))
    await hub.history.append("i", "e1", first_row=one.row_count, events=third, etag=one.etag, tail=one.tail)

    assert (await hub.history.read("i")).events == (*first, *second, *third)


async def test_a_new_generation_hides_the_rows_of_a_longer_old_one(hub: TaskHub) -> None:
    """Continue-as-new writes from row 0 on; later rows stay as garbage."""
    one = await commit(hub, episode(start_event(), *scheduled_activities(10)))
    events = episode(start_event(execution_id="e2"))

    two = await hub.history.append("i", "e2", first_row=0, events=events, etag=one.etag, tail=one.tail)

    stored = await hub.history.read("i")
    assert (stored.events, stored.execution_id, stored.row_count) == (tuple(events), "e2", 3)
    assert stored.tail == two.tail == Tail(fresh_from=13)
    third = episode(*scheduled_activities(15))
    await hub.history.append("i", "e2", first_row=3, events=third, etag=two.etag, tail=two.tail)
    assert (await hub.history.read("i")).events == (*events, *third)


async def test_a_read_for_another_execution_has_only_the_etag(hub: TaskHub) -> None:
    """A new start over an old id has no history, and its first commit is a merge."""
    one = await commit(hub, episode(start_event()))

    stored = await hub.history.read("i", "e2")

    assert stored == StoredHistory(etag=one.etag, tail=Tail(fresh_from=3))


async def test_a_large_text_is_stored_in_a_blob_and_reads_back(hub: TaskHub, tables: TableService) -> None:
    """Above 60 KB in UTF-16; the column is empty and another names the blob."""
    completed = ExecutionCompleted(timestamp=WHEN, status=RuntimeStatus.COMPLETED, result=LARGE)
    appended = await commit(hub, episode(start_event(), completed))

    row = (await rows_of(hub, tables))[2]
    assert row["Result"] == ""
    name = str(row["ResultBlobName"])
    assert name.startswith("i/history-0000000000000002-ExecutionCompleted-")
    assert name.endswith("-Result.json.gz")
    assert appended.urls == {LARGE: hub.large_messages.url(name)}
    assert (await hub.history.read("i")).events[2] == completed


async def test_a_missing_blob_makes_the_history_corrupt(hub: TaskHub) -> None:
    """The error names the row and the blob."""
    await commit(hub, episode(start_event(), TaskCompleted(timestamp=WHEN, task_id=0, result=LARGE)))
    await hub.large_messages.purge("i")

    with pytest.raises(CorruptHistory, match=r"instance 'i' cannot be read: row 0{15}2: its ResultBlobName names"):
        await hub.history.read("i")


async def test_a_damaged_row_is_named(hub: TaskHub, tables: TableService) -> None:
    """So that a user can find it."""
    await commit(hub, episode(start_event()))
    await tables.merge(hub.names.history, {"PartitionKey": "i", "RowKey": "0000000000000001", "EventType": "Oops"})

    with pytest.raises(CorruptHistory) as caught:
        await hub.history.read("i")

    assert (caught.value.instance_id, caught.value.row) == ("i", "0000000000000001")
    assert caught.value.reason == "EventType 'Oops' is unknown"


async def test_recorded_rows_can_be_read(hub: TaskHub, tables: TableService, recorded_rows: dict[str, Any]) -> None:
    """A hub of the real host has such columns and rows."""
    rows = [row for row in recorded_rows["history"] if row["PartitionKey"].endswith(":0")]
    for plain in rows:
        await tables.insert(hub.names.history, read_row(plain))

    stored = await hub.history.read(rows[0]["PartitionKey"])

    assert " ".join(type(event).__name__ for event in stored.events) == (
        "OrchestratorStarted ExecutionStarted TaskScheduled OrchestratorCompleted TaskCompleted ExecutionCompleted"
    )


async def test_ids_with_special_characters_stay_apart(hub: TaskHub) -> None:
    """Escaped in the key, unescaped in the event."""
    for instance_id in ("a/b", "a^0b", "it's", "@counter@k"):
        events = episode(start_event(instance_id))
        await hub.history.append(instance_id, "e1", first_row=0, events=events, etag=None)

    for instance_id in ("a/b", "a^0b", "it's", "@counter@k"):
        event = (await hub.history.read(instance_id)).events[1]
        assert isinstance(event, ExecutionStarted)
        assert event.instance.instance_id == instance_id


async def test_rewound_rows_keep_their_columns_and_say_why(hub: TaskHub, tables: TableService) -> None:
    """A failed activity is cleared with its result, the creation of a rewound child is only marked."""
    failed = TaskFailed(timestamp=WHEN, task_id=0, reason="boom", details="{}")
    await commit(hub, episode(start_event(), *scheduled_activities(2), failed))

    await hub.history.mark_rewound("i", cleared={2: "TaskScheduled", 4: "TaskFailed"}, noted={3: "TaskScheduled"})

    rows = await rows_of(hub, tables)
    assert [(row.get("EventType"), row.get("Reason")) for row in rows[2:5]] == [
        ("GenericEvent", "Rewound: TaskScheduled"),
        ("TaskScheduled", "Rewound: TaskScheduled"),
        ("GenericEvent", "Rewound: TaskFailed"),
    ]
    assert (rows[4]["Details"], rows[4]["TaskScheduledId"]) == ("{}", 0)
    assert [type(event).__name__ for event in (await hub.history.read("i")).events[2:5]] == [
        "GenericEvent",
        "TaskScheduled",
        "GenericEvent",
    ]


async def test_a_purged_instance_cannot_be_rewound(hub: TaskHub) -> None:
    """Its rows are gone."""
    with pytest.raises(LostRace):
        await hub.history.mark_rewound("i", cleared={2: "TaskScheduled"}, noted={})


async def test_a_purge_leaves_no_row(hub: TaskHub) -> None:
    """However many there are; a second purge finds none."""
    await commit(hub, episode(start_event(), *scheduled_activities(250)))

    assert (await hub.history.purge("i")).rows == 254
    assert (await hub.history.purge("i")).rows == 0
    assert await hub.history.read("i") == StoredHistory()


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_a_commit_whose_answer_is_lost_counts(azurite: Azurite, hub_name: str, lost: int) -> None:
    """It is sent again and finds its own rows: the first commit, a later one, or one of several batches."""
    batches = 0

    def loses(_verb: str, path: str) -> bool:
        nonlocal batches
        batches += path.endswith("$batch")
        return path.endswith("$batch") and batches == lost

    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, loses) as through,
        Transport(StorageAccount.parse(through)) as transport,
    ):
        hub = await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock())
        first = episode(start_event(), *scheduled_activities(120))
        appended = await commit(hub, first)
        stored = await hub.history.read("i")
        assert (stored.events, stored.etag) == (tuple(first), appended.etag)
        second = episode(TaskCompleted(timestamp=WHEN, task_id=0, result="1"))
        await commit(hub, second, stored)
        assert (await hub.history.read("i")).events == (*first, *second)
        with pytest.raises(LostRace):
            await commit(hub, second, stored)
