"""What keeps an instance from going on, told from its row and its history."""

from datetime import UTC, datetime, timedelta

import pytest

from durable_devhost.durable.damage import (
    MOST_TOLD,
    Damage,
    Fault,
    Suspect,
    at_start,
    confirm_damage,
    damage_of,
    is_ended,
    report_lines,
)
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
    TaskCompleted,
    TaskScheduled,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory
from packages.devhost.tests.hub_seeder import HubSeeder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = ExecutionStarted(timestamp=NOW, instance=InstanceRef(instance_id="i", execution_id="e"), name="o")
NOTHING = StoredHistory()
SENTINEL_ONLY = StoredHistory(execution_id="e", etag="an etag")


def record(status: RuntimeStatus | None, instance_id: str = "i") -> InstanceRecord:
    """A row."""
    return InstanceRecord(instance_id=instance_id, status=status)


@pytest.mark.parametrize("status", [RuntimeStatus.RUNNING, RuntimeStatus.PENDING, RuntimeStatus.SUSPENDED, None])
def test_an_instance_with_a_history_is_healthy(status: RuntimeStatus) -> None:
    """Whatever its row says."""
    assert damage_of(record(status), StoredHistory(events=(STARTED,), execution_id="e")) is None


@pytest.mark.parametrize(
    ("row", "stored", "fault"),
    [
        (record(RuntimeStatus.RUNNING), CorruptHistory("i", "01", "it is odd"), Fault.UNREADABLE),
        (record(RuntimeStatus.RUNNING), NOTHING, Fault.NO_HISTORY),
        (record(RuntimeStatus.SUSPENDED), SENTINEL_ONLY, Fault.NO_HISTORY),
        (record(None), NOTHING, Fault.NO_HISTORY),
        (record(RuntimeStatus.PENDING), SENTINEL_ONLY, Fault.NO_HISTORY),
        (record(RuntimeStatus.PENDING), NOTHING, Fault.NOT_STARTED),
        (record(RuntimeStatus.RUNNING, "@counter@k"), NOTHING, Fault.NO_HISTORY),
    ],
)
def test_each_damage_has_its_kind(row: InstanceRecord, stored: StoredHistory | CorruptHistory, fault: Fault) -> None:
    """And a text that fits into a sentence."""
    damage = damage_of(row, stored)
    assert damage is not None
    assert damage.fault is fault
    assert damage.text[0].islower()
    assert not damage.text.endswith(".")


ACTIVITIES = tuple(TaskScheduled(timestamp=NOW, event_id=number, name=f"work{number}") for number in range(2))
DONE = TaskCompleted(timestamp=NOW, task_id=0)
OVER = ExecutionCompleted(timestamp=NOW, status=RuntimeStatus.COMPLETED)


def history(*events: HistoryEvent) -> StoredHistory:
    """A history that began."""
    return StoredHistory(events=(STARTED, *events), execution_id="e")


@pytest.mark.parametrize(
    ("status", "stored", "suspect"),
    [
        (RuntimeStatus.PENDING, NOTHING, Suspect(instance_id="i")),
        (RuntimeStatus.RUNNING, history(*ACTIVITIES, DONE), Suspect(instance_id="i", activities=frozenset({1}))),
        (RuntimeStatus.RUNNING, history(ACTIVITIES[0], DONE), None),
        (RuntimeStatus.RUNNING, history(ACTIVITIES[0], OVER), None),
    ],
)
def test_a_missing_message_that_may_be_on_its_way_is_only_a_suspicion(
    status: RuntimeStatus, stored: StoredHistory, suspect: Suspect | None
) -> None:
    """A start message or an activity's work item; an ended instance waits for nothing."""
    assert at_start(record(status), stored) == suspect


def test_a_start_is_certain_of_damage_that_no_message_can_repair() -> None:
    """An unreadable or missing history."""
    for stored in (NOTHING, CorruptHistory("i", "01", "it is odd")):
        running = record(RuntimeStatus.RUNNING)
        assert at_start(running, stored) == damage_of(running, stored)


async def test_a_suspicion_is_cleared_or_confirmed(seeder: HubSeeder) -> None:
    """By what is stored once all queued messages have been taken."""
    await seeder.store("late")
    await seeder.store("done", ACTIVITIES[0], DONE)
    await seeder.store("waits", *ACTIVITIES)
    activities = frozenset({0, 1})
    suspects = [
        Suspect(instance_id="late"),
        Suspect(instance_id="never"),
        Suspect(instance_id="done", activities=activities),
        Suspect(instance_id="waits", activities=activities),
    ]
    found = {damage.instance_id: damage.fault for damage in await confirm_damage(seeder.hub, suspects)}
    assert found == {"never": Fault.NOT_STARTED, "waits": Fault.LOST_MESSAGES}


async def test_work_in_the_queue_is_not_lost(seeder: HubSeeder) -> None:
    """Not even if another host has hidden it."""
    await seeder.store("waits", *ACTIVITIES)
    message = Message(event=ACTIVITIES[0], target=seeder.ref("waits"))
    await seeder.hub.queues.send_work_item(message, visible_after=timedelta(minutes=1))
    assert [] == await confirm_damage(seeder.hub, [Suspect(instance_id="waits", activities=frozenset({0, 1}))])


async def test_without_a_suspicion_storage_is_not_read(seeder: HubSeeder, transport: Transport) -> None:
    """A healthy hub costs no calls."""
    before = transport.calls.total
    assert [] == await confirm_damage(seeder.hub, [])
    assert before == transport.calls.total


@pytest.mark.parametrize("count", [0, 1, MOST_TOLD, MOST_TOLD + 1, 500])
def test_a_start_names_a_few_damaged_instances_and_counts_the_others(count: int) -> None:
    """Each line but the count is about one instance."""
    found = [Damage(instance_id=f"i{n}", fault=Fault.NO_HISTORY, text="its history is missing") for n in range(count)]
    lines = report_lines(found)
    assert len(lines) == min(count, MOST_TOLD + 1)
    assert [f"i{n}" for n in range(min(count, MOST_TOLD))] == [instance for _, instance in lines if instance]
    if count > MOST_TOLD:
        assert lines[-1][0].startswith(f"{count - MOST_TOLD} more cannot go on")


@pytest.mark.parametrize("status", RuntimeStatus)
def test_an_instance_has_ended_if_its_row_says_so(status: RuntimeStatus) -> None:
    """A row without a status counts as running."""
    assert is_ended(record(status)) is status.is_terminal
    assert not is_ended(record(None))
