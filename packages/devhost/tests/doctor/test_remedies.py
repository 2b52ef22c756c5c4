"""Each way out leaves the hub in a state from which a host goes on, or without a trace of the instance."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.doctor.examination import examine
from durable_devhost.doctor.findings import Finding, Remedy
from durable_devhost.doctor.mail import read_mail
from durable_devhost.doctor.remedies import Remedies, Replaying
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.errors import DevhostError
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    ExecutionTerminated,
    ParentRef,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    TaskScheduled,
)
from durable_devhost.model.messages import decode
from durable_devhost.storage.tables import TableService
from durable_devhost.taskhub.rows import row_key
from packages.devhost.tests.durable.stage import Functions
from packages.devhost.tests.hub_seeder import NOW, HubSeeder

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")

ACTIVITY = TaskScheduled(timestamp=NOW, event_id=0, name="a")
CHILD = SubOrchestrationCreated(timestamp=NOW, event_id=1, name="child", instance_id="kid")
ENDED = ExecutionCompleted(timestamp=NOW, event_id=1, status=RuntimeStatus.COMPLETED, result="7")


def play(context: Any) -> Generator[Any, Any, Any]:
    """An activity and a child at once."""
    tasks = [context.call_activity("a", {"order": 7}), context.call_sub_orchestrator("child", "x", "kid")]
    return (yield context.task_all(tasks))


def changed_play(context: Any) -> Generator[Any, Any, Any]:
    """What the orchestrator became meanwhile."""
    return (yield context.call_activity("b", 1))


def remedies(seeder: HubSeeder, function: Callable[[Any], Generator[Any, Any, Any]] | None = play) -> Remedies:
    """The ways out, on an app of one orchestrator."""
    functions: Any = Functions(function)

    async def load_app() -> Replaying:
        return functions, lambda: Scheduler(functions)

    return Remedies(seeder.hub, SystemClock(), load_app)


async def only_finding(seeder: HubSeeder, tables: TableService) -> Finding:
    """The only finding."""
    (finding,) = (await examine(seeder.hub, tables)).findings
    return finding


async def control_events(seeder: HubSeeder, instance_id: str) -> list[Any]:
    """The events on an instance's control queue."""
    queue = seeder.hub.names.control(seeder.hub.queues.partition_of(instance_id))
    found = [decode(item.text) for item in await seeder.hub.queue_service.peek(queue)]
    return [message.event for message in found if not isinstance(message, str)]


async def test_lost_messages_are_sent_again(seeder: HubSeeder, tables: TableService) -> None:
    """With the input that the history does not hold; afterwards nothing is wrong."""
    await seeder.store("i", ACTIVITY, CHILD)
    result = await remedies(seeder).carry_out(Remedy.REQUEUE, await only_finding(seeder, tables))
    assert result.startswith("2 messages are sent again")
    (item,) = await seeder.hub.queue_service.peek(seeder.hub.names.work_items)
    message = decode(item.text)
    assert not isinstance(message, str)
    assert (message.target, message.event.event_id) == (seeder.ref("i"), 0)
    assert "order" in (message.event.input or "")  # type: ignore[attr-defined]  # it is a TaskScheduled
    (start,) = await control_events(seeder, "kid")
    assert start.parent.instance == seeder.ref("i")
    assert () == (await examine(seeder.hub, tables)).findings


async def test_a_lost_answer_is_sent_again(seeder: HubSeeder, tables: TableService) -> None:
    """It needs no user code."""
    await seeder.store("i", SubOrchestrationCreated(timestamp=NOW, event_id=0, name="child", instance_id="kid"))
    parent = ParentRef(name="play", instance=seeder.ref("i"), task_id=0)
    await seeder.store("kid", ENDED, status=RuntimeStatus.COMPLETED, parent=parent)
    await remedies(seeder, None).carry_out(Remedy.REQUEUE, await only_finding(seeder, tables))
    (answer,) = await control_events(seeder, "i")
    assert isinstance(answer, SubOrchestrationCompleted)
    assert (answer.task_id, answer.result) == (0, "7")


@pytest.mark.parametrize(("function", "text"), [(None, "has no orchestrator 'play'"), (changed_play, "2 cannot be")])
async def test_a_message_that_cannot_be_rebuilt_is_reported(
    seeder: HubSeeder, tables: TableService, function: Any, text: str
) -> None:
    """The orchestrator is gone or has changed."""
    await seeder.store("i", ACTIVITY, CHILD)
    with pytest.raises(DevhostError, match=text):
        await remedies(seeder, function).carry_out(Remedy.REQUEUE, await only_finding(seeder, tables))
    assert frozenset() == (await read_mail(seeder.hub)).work_items


@pytest.mark.parametrize("status", [RuntimeStatus.PENDING, RuntimeStatus.RUNNING])
async def test_an_instance_without_a_history_can_start_again(
    seeder: HubSeeder, tables: TableService, status: RuntimeStatus
) -> None:
    """With its input and the same execution id."""
    await seeder.store_row("i", status)
    await remedies(seeder).carry_out(Remedy.REQUEUE, await only_finding(seeder, tables))
    (start,) = await control_events(seeder, "i")
    assert isinstance(start, ExecutionStarted)
    assert (start.instance, start.name, start.input) == (seeder.ref("i"), "play", "5")


async def test_a_missing_instance_row_is_written_again(seeder: HubSeeder, tables: TableService) -> None:
    """From the history."""
    await seeder.store("i", status=None)
    await remedies(seeder).carry_out(Remedy.REQUEUE, await only_finding(seeder, tables))
    record = await seeder.hub.instances.get("i")
    assert record is not None
    assert (record.name, record.status, record.input) == ("play", RuntimeStatus.RUNNING, "5")


async def test_an_instance_with_a_good_history_is_terminated_by_the_host(
    seeder: HubSeeder, tables: TableService
) -> None:
    """So it ends in good order."""
    await seeder.store("i", ACTIVITY)
    await remedies(seeder).carry_out(Remedy.TERMINATE, await only_finding(seeder, tables))
    (event,) = await control_events(seeder, "i")
    assert isinstance(event, ExecutionTerminated)


async def test_an_instance_with_a_bad_history_is_ended_in_its_row(seeder: HubSeeder, tables: TableService) -> None:
    """It no longer counts as damaged."""
    await seeder.store("i")
    await _damage(seeder, tables)
    await remedies(seeder).carry_out(Remedy.TERMINATE, await only_finding(seeder, tables))
    record = await seeder.hub.instances.get("i")
    assert record is not None
    assert record.status is RuntimeStatus.TERMINATED
    assert () == (await examine(seeder.hub, tables)).findings


@pytest.mark.parametrize("has_row", [True, False])
async def test_a_purge_leaves_nothing(seeder: HubSeeder, tables: TableService, has_row: bool) -> None:
    """With or without an instance row."""
    await seeder.store("i", status=RuntimeStatus.RUNNING if has_row else None)
    await _damage(seeder, tables)
    result = await remedies(seeder).carry_out(Remedy.PURGE, await only_finding(seeder, tables))
    assert result == "purged, with 4 rows of history"
    assert (await examine(seeder.hub, tables)).instances == 0
    assert [] == [row async for page in tables.query(seeder.hub.names.history) for row in page.rows]


async def _damage(seeder: HubSeeder, tables: TableService) -> None:
    row = {"PartitionKey": "i", "RowKey": row_key(1), "EventType": "Nonsense"}
    await tables.merge(seeder.hub.names.history, row)
