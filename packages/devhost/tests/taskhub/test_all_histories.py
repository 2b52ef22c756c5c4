"""Questions about all histories of a hub, on the emulator."""

from datetime import datetime, timedelta

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.model.history import (
    ExecutionCompleted,
    HistoryEvent,
    OrchestratorCompleted,
    RuntimeStatus,
    TaskCompleted,
    TimerCreated,
    TimerFired,
)
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.all_histories import Checkpoint
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.open_work import MOST_TIMERS, NOTHING, OPEN, OpenWork
from packages.devhost.tests.taskhub.test_history import WHEN, episode, rows_of, scheduled_activities, start_event

HOUR = timedelta(hours=1)
DONE = ExecutionCompleted(event_id=9, timestamp=WHEN, status=RuntimeStatus.COMPLETED, result="1")


@pytest.fixture
async def journal(transport: Transport, hub_name: str) -> TaskHub:
    """An empty hub in journal mode."""
    return await TaskHub.open(transport, hub_name, partition_count=1, clock=SystemClock(), mode=StorageMode.JOURNAL)


def timer(number: int, due: datetime = WHEN + HOUR) -> TimerCreated:
    """A timer that was set."""
    return TimerCreated(event_id=number, timestamp=WHEN, fire_at=due)


def timer_fired(created: TimerCreated) -> TimerFired:
    """That it became due."""
    return TimerFired(timestamp=WHEN, timer_id=created.event_id, fire_at=created.fire_at)


async def store(hub: TaskHub, instance_id: str, *episodes: list[HistoryEvent], execution_id: str = "e1") -> None:
    """Store a history in one commit for each episode, the first over what there is."""
    before = await hub.history.read(instance_id)
    row, etag, tail = 0, before.etag, before.tail
    for events in episodes:
        done = await hub.history.append(
            instance_id, execution_id, first_row=row, events=events, etag=etag, tail=tail
        )  # fmt: skip
        row, etag, tail = done.row_count, done.etag, done.tail


async def checkpoints(hub: TaskHub) -> dict[str, Checkpoint]:
    """By their instances."""
    return {each.instance_id: each async for each in hub.histories.checkpoints()}


async def test_a_sentinel_in_journal_mode_says_what_is_open(journal: TaskHub) -> None:
    """After each commit, also one that follows a read, and a new generation."""
    first, second = timer(1), timer(2)
    await store(journal, "a/b", episode(start_event("a/b"), *scheduled_activities(1), first))
    assert (await checkpoints(journal))["a/b"] == Checkpoint(instance_id="a/b", execution_id="e1", work=None)
    read = await journal.history.read("a/b")
    answer = episode(TaskCompleted(timestamp=WHEN, task_id=0, result="1"), second)
    await journal.history.append(
        "a/b", "e1", first_row=read.row_count, events=answer, etag=read.etag, tail=read.tail
    )  # fmt: skip
    assert (await checkpoints(journal))["a/b"].work == OpenWork(timers={1: first, 2: second})
    await store(journal, "a/b", episode(start_event("a/b", "e2")), episode(timer_fired(timer(0))), execution_id="e2")
    assert (await checkpoints(journal))["a/b"] == Checkpoint(instance_id="a/b", execution_id="e2", work=NOTHING)
    read = await journal.history.read("a/b")
    await journal.history.append("a/b", "e2", first_row=6, events=episode(DONE), etag=read.etag, tail=read.tail)
    assert (await checkpoints(journal))["a/b"].work == OpenWork(is_over=True)


async def test_what_nobody_knows_is_in_the_history(journal: TaskHub, tables: TableService) -> None:
    """A commit whose tail was not read, one that broke off, a sentinel of an older devhost."""
    for instance_id in ("unread", "broken", "old"):
        await store(journal, instance_id, episode(start_event(instance_id)))
    read = await journal.history.read("unread")
    await journal.history.append("unread", "e1", first_row=3, events=episode(timer(1)), etag=read.etag)
    broken = {"PartitionKey": "broken", "RowKey": "sentinel", "IsCheckpointComplete": False}
    await tables.merge(journal.names.history, broken)
    kept = {"PartitionKey": "old", "RowKey": "sentinel", "ExecutionId": "e1", "IsCheckpointComplete": True}
    await tables.upsert_replace(journal.names.history, kept)
    assert {each.instance_id: each.work for each in (await checkpoints(journal)).values()} == {
        "unread": None, "broken": None, "old": None
    }  # fmt: skip


async def test_many_timers_are_left_to_the_history(journal: TaskHub, tables: TableService) -> None:
    """The column stays short."""
    timers = [timer(number) for number in range(MOST_TIMERS + 1)]
    await store(journal, "i", episode(start_event(), *timers))
    assert (await checkpoints(journal))["i"].work is None
    assert len(str((await rows_of(journal, tables))[-1][OPEN])) < 10
    await store(journal, "i", episode(start_event(), *timers), episode(timer_fired(timers[0])))
    assert (work := (await checkpoints(journal))["i"].work) is not None
    assert [*work.timers.values()] == timers[1:]


async def test_standard_mode_has_the_columns_of_the_real_host_alone(hub: TaskHub) -> None:
    """So that only the history tells."""
    await store(hub, "i", episode(start_event(), timer(1)), episode(DONE))
    assert (await checkpoints(hub))["i"].work is None


async def test_open_timers_are_found_by_the_time_at_which_they_are_due(hub: TaskHub, tables: TableService) -> None:
    """Without those that have fired, and rows that cannot be read."""
    soon, later, last = timer(0, WHEN), timer(1, WHEN + HOUR), timer(2, WHEN + 2 * HOUR)
    await store(hub, "i", episode(start_event(), soon, later, last), episode(timer_fired(last)))
    await store(hub, "j", episode(start_event("j", "e2"), later), execution_id="e2")
    await store(hub, "k", episode(start_event("k"), later))
    odd = {"PartitionKey": "k", "RowKey": f"{2:016X}", "FireAt": WHEN + HOUR, "EventId": "?"}
    await tables.merge(hub.names.history, odd)

    async def found(due_from: datetime | None) -> list[tuple[str, str, TimerCreated]]:
        return [each async for each in hub.histories.open_timers(due_from)]

    assert await found(None) == [("i", "e1", soon), ("i", "e1", later), ("j", "e2", later)]
    assert await found(WHEN + HOUR) == [("i", "e1", later), ("j", "e2", later)]
    assert await found(WHEN + 2 * HOUR) == []


async def test_late_ends_episodes_and_commits_are_found(hub: TaskHub) -> None:
    """Each with what tells it from an earlier one; the time of a commit is that of the hub's clock."""
    await store(hub, "i", episode(start_event(), DONE))
    late = OrchestratorCompleted(timestamp=WHEN + HOUR)
    await store(hub, "j", episode(start_event("j")), [*episode(), late])
    histories, ended = hub.histories, [("i", "e1")]
    assert [each async for each in histories.ended_since(WHEN)] == ended
    assert [each async for each in histories.ended_since(WHEN + timedelta(seconds=1))] == []
    assert [each async for each in histories.episodes_since(WHEN)] == [("i", WHEN), ("j", WHEN + HOUR)]
    assert [each async for each in histories.episodes_since(WHEN + HOUR)] == [("j", WHEN + HOUR)]
    now = SystemClock().now() + HOUR
    assert [each async for each in histories.committed_since(now - timedelta(minutes=5))] == ["i", "j"]
    assert [each async for each in histories.committed_since(now + timedelta(minutes=5))] == []
