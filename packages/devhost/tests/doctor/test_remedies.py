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
from packages.devhost.tests.ward import NOW, Ward

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")

ACTIVITY = TaskScheduled(timestamp=NOW, event_id=0, name="a")
CHILD = SubOrchestrationCreated(timestamp=NOW, event_id=1, name="child", instance_id="kid")
ENDED = ExecutionCompleted(timestamp=NOW, event_id=1, status=RuntimeStatus.COMPLETED, result="7")


def play(context: Any) -> Generator[Any, Any, Any]:
    """An activity and a child at once."""
    tasks = [context.call_activity("a", {"order": 7}), context.call_sub_orchestrator("child", "x", "kid")]
    return (yield context.task_all(tasks))


def changed(context: Any) -> Generator[Any, Any, Any]:
    """What the orchestrator became meanwhile."""
    return (yield context.call_activity("b", 1))


def remedies(ward: Ward, function: Callable[[Any], Generator[Any, Any, Any]] | None = play) -> Remedies:
    """The ways out, on an app of one orchestrator."""
    functions: Any = Functions(function)

    async def load_app() -> Replaying:
        return functions, lambda: Scheduler(functions)

    return Remedies(ward.hub, SystemClock(), load_app)


async def find(ward: Ward, tables: TableService) -> Finding:
    """The only finding."""
    (finding,) = (await examine(ward.hub, tables)).findings
    return finding


async def sent(ward: Ward, instance_id: str) -> list[Any]:
    """The events on an instance's control queue."""
    queue = ward.hub.names.control(ward.hub.queues.partition_of(instance_id))
    found = [decode(item.text) for item in await ward.hub.queue_service.peek(queue)]
    return [message.event for message in found if not isinstance(message, str)]


async def test_lost_messages_are_sent_again(ward: Ward, tables: TableService) -> None:
    """With the input that the history does not hold; afterwards nothing is wrong."""
    await ward.store("i", ACTIVITY, CHILD)
    said = await remedies(ward).carry_out(Remedy.REQUEUE, await find(ward, tables))
    assert said.startswith("2 messages are sent again")
    (item,) = await ward.hub.queue_service.peek(ward.hub.names.work_items)
    message = decode(item.text)
    assert not isinstance(message, str)
    assert (message.target, message.event.event_id) == (ward.ref("i"), 0)
    assert "order" in (message.event.input or "")  # type: ignore[attr-defined]  # it is a TaskScheduled
    (start,) = await sent(ward, "kid")
    assert start.parent.instance == ward.ref("i")
    assert () == (await examine(ward.hub, tables)).findings


async def test_a_lost_answer_is_sent_again(ward: Ward, tables: TableService) -> None:
    """It needs no user code."""
    await ward.store("i", SubOrchestrationCreated(timestamp=NOW, event_id=0, name="child", instance_id="kid"))
    parent = ParentRef(name="play", instance=ward.ref("i"), task_id=0)
    await ward.store("kid", ENDED, status=RuntimeStatus.COMPLETED, parent=parent)
    await remedies(ward, None).carry_out(Remedy.REQUEUE, await find(ward, tables))
    (answer,) = await sent(ward, "i")
    assert isinstance(answer, SubOrchestrationCompleted)
    assert (answer.task_id, answer.result) == (0, "7")


@pytest.mark.parametrize(("function", "text"), [(None, "has no orchestrator 'play'"), (changed, "2 cannot be")])
async def test_a_message_that_cannot_be_rebuilt_is_reported(
    ward: Ward, tables: TableService, function: Any, text: str
) -> None:
    """The orchestrator is gone or has changed."""
    await ward.store("i", ACTIVITY, CHILD)
    with pytest.raises(DevhostError, match=text):
        await remedies(ward, function).carry_out(Remedy.REQUEUE, await find(ward, tables))
    assert frozenset() == (await read_mail(ward.hub)).work_items


@pytest.mark.parametrize("status", [RuntimeStatus.PENDING, RuntimeStatus.RUNNING])
async def test_an_instance_without_a_history_can_start_again(
    ward: Ward, tables: TableService, status: RuntimeStatus
) -> None:
    """With its input and the same execution id."""
    await ward.row("i", status)
    await remedies(ward).carry_out(Remedy.REQUEUE, await find(ward, tables))
    (start,) = await sent(ward, "i")
    assert isinstance(start, ExecutionStarted)
    assert (start.instance, start.name, start.input) == (ward.ref("i"), "play", "5")


async def test_a_missing_instance_row_is_written_again(ward: Ward, tables: TableService) -> None:
    """From the history."""
    await ward.store("i", status=None)
    await remedies(ward).carry_out(Remedy.REQUEUE, await find(ward, tables))
    record = await ward.hub.instances.get("i")
    assert record is not None
    assert (record.name, record.status, record.input) == ("play", RuntimeStatus.RUNNING, "5")


async def test_an_instance_with_a_good_history_is_terminated_by_the_host(ward: Ward, tables: TableService) -> None:
    """So it ends in good order."""
    await ward.store("i", ACTIVITY)
    await remedies(ward).carry_out(Remedy.TERMINATE, await find(ward, tables))
    (event,) = await sent(ward, "i")
    assert isinstance(event, ExecutionTerminated)


async def test_an_instance_with_a_bad_history_is_ended_in_its_row(ward: Ward, tables: TableService) -> None:
    """It no longer counts as damaged."""
    await ward.store("i")
    await _damage(ward, tables)
    await remedies(ward).carry_out(Remedy.TERMINATE, await find(ward, tables))
    record = await ward.hub.instances.get("i")
    assert record is not None
    assert record.status is RuntimeStatus.TERMINATED
    assert () == (await examine(ward.hub, tables)).findings


@pytest.mark.parametrize("has_row", [True, False])
async def test_a_purge_leaves_nothing(ward: Ward, tables: TableService, has_row: bool) -> None:
    """With or without an instance row."""
    await ward.store("i", status=RuntimeStatus.RUNNING if has_row else None)
    await _damage(ward, tables)
    said = await remedies(ward).carry_out(Remedy.PURGE, await find(ward, tables))
    assert said == "purged, with 4 rows of history"
    assert (await examine(ward.hub, tables)).instances == 0
    assert [] == [row async for page in tables.query(ward.hub.names.history) for row in page.rows]


async def _damage(ward: Ward, tables: TableService) -> None:
    row = {"PartitionKey": "i", "RowKey": row_key(1), "EventType": "Nonsense"}
    await tables.merge(ward.hub.names.history, row)
