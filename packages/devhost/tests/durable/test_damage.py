"""What keeps an instance from going on, told from its row and its history."""

from datetime import UTC, datetime

import pytest

from durable_devhost.durable.damage import MOST_TOLD, Damage, Fault, damage_of, is_ended, settled, told
from durable_devhost.model.history import ExecutionStarted, InstanceRef, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory
from packages.devhost.tests.durable.memory import MemoryHistories

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = ExecutionStarted(timestamp=NOW, instance=InstanceRef(instance_id="i", execution_id="e"), name="o")
NOTHING = StoredHistory()
SENTINEL_ONLY = StoredHistory(execution_id="e", etag="an etag")


def record(status: RuntimeStatus | None, instance_id: str = "i") -> InstanceRecord:
    """A row."""
    return InstanceRecord(instance_id=instance_id, status=status)


@pytest.mark.parametrize("status", [RuntimeStatus.RUNNING, RuntimeStatus.PENDING, RuntimeStatus.SUSPENDED, None])
def test_an_instance_with_a_history_is_sound(status: RuntimeStatus) -> None:
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
    """And a text that a sentence can hold."""
    damage = damage_of(row, stored)
    assert damage is not None
    assert damage.fault is fault
    assert damage.text[0].islower()
    assert not damage.text.endswith(".")


async def test_a_start_that_came_after_all_is_no_damage() -> None:
    """The second look is for those whose message may have been on a queue; the others are certain at once."""
    histories = MemoryHistories()
    histories.events["late"] = [STARTED]
    found = [
        Damage(instance_id="late", fault=Fault.NOT_STARTED, text="late"),
        Damage(instance_id="never", fault=Fault.NOT_STARTED, text="never"),
        Damage(instance_id="certain", fault=Fault.NO_HISTORY, text="certain"),
    ]
    assert ["never"] == [damage.instance_id for damage in await settled(histories, found)]


@pytest.mark.parametrize("count", [0, 1, MOST_TOLD, MOST_TOLD + 1, 500])
def test_a_start_names_a_few_and_counts_the_others(count: int) -> None:
    """Each line but the count is about one instance."""
    found = [Damage(instance_id=f"i{n}", fault=Fault.NO_HISTORY, text="its history is missing") for n in range(count)]
    lines = told(found)
    assert len(lines) == min(count, MOST_TOLD + 1)
    assert [f"i{n}" for n in range(min(count, MOST_TOLD))] == [instance for _, instance in lines if instance]
    if count > MOST_TOLD:
        assert lines[-1][0].startswith(f"{count - MOST_TOLD} more cannot go on")


@pytest.mark.parametrize("status", RuntimeStatus)
def test_an_instance_has_ended_where_its_row_says_so(status: RuntimeStatus) -> None:
    """A row that says nothing is alive."""
    assert is_ended(record(status)) is status.is_terminal
    assert not is_ended(record(None))
