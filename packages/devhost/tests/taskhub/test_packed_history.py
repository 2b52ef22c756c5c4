"""The History table in journal mode on the emulator: events in the sentinel, and the way out of it."""

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.model.history import HistoryEvent, TaskCompleted, TaskScheduled
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import CorruptHistory, LostRace
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.packed import MOST_ROWS, packed_in
from packages.devhost.tests.lossy import losing
from packages.devhost.tests.taskhub.test_history import (
    LARGE,
    WHEN,
    commit,
    episode,
    rows_of,
    scheduled_activities,
    start_event,
)


async def open_journal(transport: Transport, hub_name: str) -> TaskHub:
    """A hub in journal mode."""
    return await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock(), mode=StorageMode.JOURNAL)


@pytest.fixture
async def hub(transport: Transport, hub_name: str) -> TaskHub:
    """An empty one."""
    return await open_journal(transport, hub_name)


def answer_episode(number: int) -> list[HistoryEvent]:
    """The episode that an activity's result makes."""
    return episode(TaskCompleted(timestamp=WHEN, task_id=number, result=str(number)))


async def keys(hub: TaskHub, tables: TableService) -> list[object]:
    """The keys of the instance's rows."""
    return [row["RowKey"] for row in await rows_of(hub, tables)]


async def test_a_commit_is_one_row(hub: TaskHub, tables: TableService, transport: Transport) -> None:
    """The sentinel, which is changed by each commit more; all calls are about that one row."""
    before = transport.calls.snapshot()
    first = await commit(hub, episode(start_event(), *scheduled_activities(1)))
    await hub.history.append(
        "i", "e1", first_row=first.row_count, events=answer_episode(0), etag=first.etag, tail=first.tail
    )
    after = transport.calls.snapshot()
    assert [after[kind] - before.get(kind, 0) for kind in ("table POST", "table PATCH")] == [1, 1]
    assert await keys(hub, tables) == ["sentinel"]
    read = await hub.history.read("i", "e1")
    assert read.events == (*episode(start_event(), *scheduled_activities(1)), *answer_episode(0))


async def test_many_commits_are_written_out_and_read_in_their_order(hub: TaskHub, tables: TableService) -> None:
    """Some events have rows then, the last ones are packed; a reader goes on as whoever has committed does."""
    expected: list[HistoryEvent] = []
    last, read = None, await hub.history.read("i")
    for number in range(MOST_ROWS):
        events = episode(start_event()) if number == 0 else answer_episode(number)
        known = last if last is not None and number % 7 else read
        last = await hub.history.append(
            "i", "e1", first_row=len(expected), events=events, etag=known.etag, tail=known.tail
        )
        expected += events
        read = await hub.history.read("i")
        assert (read.events, read.etag, read.tail) == (tuple(expected), last.etag, last.tail)
    assert len(await keys(hub, tables)) > MOST_ROWS
    assert packed_in((await rows_of(hub, tables))[-1])


async def test_a_new_generation_forgets_packed_events_and_passes_over_older_rows(
    hub: TaskHub, tables: TableService
) -> None:
    """Whether the old one was packed, written out or both."""
    await commit(hub, episode(start_event(), *scheduled_activities(120)))
    await commit(hub, answer_episode(0), await hub.history.read("i"))
    for execution_id in ("e2", "e3"):
        before = await hub.history.read("i")
        begun = episode(start_event(execution_id=execution_id))
        await hub.history.append("i", execution_id, first_row=0, events=begun, etag=before.etag, tail=before.tail)
        read = await hub.history.read("i")
        assert (read.events, read.execution_id) == (tuple(begun), execution_id)
    assert len(packed_in((await rows_of(hub, tables))[-1])) == 1


async def test_a_large_result_lies_in_a_blob_and_many_long_ones_have_rows(hub: TaskHub, tables: TableService) -> None:
    """The sentinel stays far below what a row may have."""
    long = "x" * 20_000
    events = episode(start_event(), TaskCompleted(timestamp=WHEN, task_id=0, result=LARGE))
    await commit(hub, events)
    assert await keys(hub, tables) == ["sentinel"]
    more = episode(*(TaskCompleted(timestamp=WHEN, task_id=number, result=long) for number in range(3)))
    await commit(hub, more, await hub.history.read("i"))
    assert (await hub.history.read("i")).events == (*events, *more)
    assert len(await keys(hub, tables)) == len(events) + len(more) + 1


async def test_the_inputs_of_packed_activities_are_found(hub: TaskHub) -> None:
    """They run again after a crash."""
    asked = [TaskScheduled(timestamp=WHEN, name="act", event_id=number) for number in range(3)]
    await hub.history.append(
        "i", "e1", first_row=0, events=episode(start_event(), *asked), etag=None, tail=StoredHistory().tail,
        inputs={0: "[0]", 1: "[1]", 2: LARGE},
    )  # fmt: skip
    assert await hub.journal.inputs("i", "e1", {1, 2}) == {1: "[1]", 2: LARGE}
    assert await hub.journal.inputs("i", "another", {1}) == {}


async def test_a_rewind_writes_packed_events_out(hub: TaskHub) -> None:
    """So that they can be marked in place; the next commit goes on from there."""
    await commit(hub, episode(start_event(), *scheduled_activities(1)))
    await hub.history.mark_rewound("i", cleared={2: "TaskScheduled"}, noted={})
    assert [type(each).__name__ for each in (await hub.history.read("i")).events] == [
        "OrchestratorStarted", "ExecutionStarted", "GenericEvent", "OrchestratorCompleted"
    ]  # fmt: skip
    await commit(hub, answer_episode(0), await hub.history.read("i"))
    assert len((await hub.history.read("i")).events) == 7
    with pytest.raises(LostRace):
        await hub.history.mark_rewound("nobody", cleared={2: "TaskScheduled"}, noted={})


@pytest.mark.filterwarnings("ignore:.*not be repeated")
async def test_a_commit_whose_answer_is_lost_is_stored_once(azurite: Azurite, hub_name: str) -> None:
    """Sent again it meets itself, and what it has stored is read back. The first is an insert, the second a change."""
    lost: list[str] = []

    def loses(verb: str, path: str) -> bool:
        is_first = verb in ("POST", "PATCH") and path.partition("(")[0].endswith("History") and verb not in lost
        if is_first:
            lost.append(verb)
        return is_first

    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, loses) as through,
        Transport(StorageAccount.parse(through)) as transport,
    ):
        hub = await open_journal(transport, hub_name)
        first = await commit(hub, episode(start_event(), *scheduled_activities(1)))
        await hub.history.append("i", "e1", first_row=4, events=answer_episode(0), etag=first.etag, tail=first.tail)
        assert len((await hub.history.read("i")).events) == 7
    assert lost == ["POST", "PATCH"]


async def test_the_second_of_two_writers_loses(hub: TaskHub) -> None:
    """Its events are not stored."""
    await commit(hub, episode(start_event(), *scheduled_activities(2)))
    read = await hub.history.read("i")
    await commit(hub, answer_episode(0), read)
    with pytest.raises(LostRace):
        await commit(hub, answer_episode(1), read)
    assert len((await hub.history.read("i")).events) == 8


async def test_a_packed_column_that_cannot_be_read_is_named(hub: TaskHub, tables: TableService) -> None:
    """As a row is that cannot be."""
    await commit(hub, episode(start_event()))
    await tables.merge(hub.names.history, {"PartitionKey": "i", "RowKey": "sentinel", "Events00000000": "[7]"})
    with pytest.raises(CorruptHistory, match=r"sentinel.*packed events cannot be read: column Events00000000"):
        await hub.history.read("i")


async def test_the_last_episodes_are_found_though_they_have_no_rows(hub: TaskHub) -> None:
    """A start after a crash asks for them."""
    await commit(hub, episode(start_event()))
    assert [each async for each in hub.histories.episodes_since(WHEN)] == [("i", WHEN)]
