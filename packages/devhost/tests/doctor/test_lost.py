"""Which messages are lost, and that a replay makes the same ones again."""

from collections.abc import Callable, Generator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.doctor.lost import Kind, LostMessage, answer_of, lost_tasks, scheduled_again
from durable_devhost.doctor.mail import Mail
from durable_devhost.durable.damage import open_tasks
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.model.history import (
    ExecutionCompleted,
    ExecutionStarted,
    RuntimeStatus,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskScheduled,
)
from packages.devhost.tests.durable.stage import PARENT, START, Stage, child_completed, completed
from packages.devhost.tests.local import run_now

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")

ACTIVITY = TaskScheduled(timestamp=START, event_id=0, name="a")
CHILD = SubOrchestrationCreated(timestamp=START, event_id=1, name="child", instance_id="kid")
NO_MAIL = Mail()
WORK, START_OF_CHILD, ANSWER = (
    LostMessage(kind=Kind.WORK_ITEM, task_id=0, name="a"),
    LostMessage(kind=Kind.START, task_id=1, name="kid"),
    LostMessage(kind=Kind.ANSWER, task_id=1, name="kid"),
)


def find_lost(mail: Mail = NO_MAIL, *, known: str = "", ended: str = "") -> list[LostMessage]:
    """What is lost of an activity and a child."""
    return lost_tasks("i", [ACTIVITY, CHILD], mail, known=known.split(), ended=ended.split())


def test_a_message_in_no_queue_is_lost() -> None:
    """So is a child without an instance row and a start message."""
    assert [WORK, START_OF_CHILD] == find_lost()


def test_a_message_in_a_queue_is_not_lost() -> None:
    """A work item or its answer; a start, or a child that runs."""
    assert [START_OF_CHILD] == find_lost(Mail(work_items=frozenset({("i", 0)})))
    assert [START_OF_CHILD] == find_lost(Mail(answers=frozenset({("i", 0)})))
    assert [WORK] == find_lost(Mail(starts=frozenset({"kid"})))
    assert [WORK] == find_lost(known="kid")
    assert [WORK, START_OF_CHILD] == find_lost(
        Mail(work_items=frozenset({("other", 0), ("i", 1)}), starts=frozenset({"i"}))
    )


def test_an_ended_child_owes_an_answer() -> None:
    """Unless the answer is in the queue."""
    assert [WORK, ANSWER] == find_lost(known="kid", ended="kid")
    assert [WORK] == find_lost(Mail(answers=frozenset({("i", 1)})), known="kid", ended="kid")


def test_a_lost_answer_is_rebuilt_from_the_end_of_the_child() -> None:
    """From its result or its failure; a child without a parent owes none."""
    child = Stage(None, parent=PARENT).started
    result = ExecutionCompleted(timestamp=START, event_id=1, status=RuntimeStatus.COMPLETED, result="7")
    failure = ExecutionCompleted(timestamp=START, event_id=1, status=RuntimeStatus.FAILED, result="no")
    done, broken = answer_of([child, result], START), answer_of([child, failure], START)
    assert done is not None
    assert broken is not None
    assert SubOrchestrationCompleted(timestamp=START, task_id=PARENT.task_id, result="7") == done.event
    assert SubOrchestrationFailed(timestamp=START, task_id=PARENT.task_id, reason="no") == broken.event
    assert PARENT.instance == done.target == broken.target
    assert answer_of([child], START) is None
    assert answer_of([Stage(None).started, result], START) is None


def fan(shape: list[str]) -> Callable[[Any], Generator[Any, Any, Any]]:
    """An orchestrator with activities and children at once, after one activity."""

    def play(context: Any) -> Generator[Any, Any, Any]:
        yield context.call_activity("a", "first")
        calls = {
            "a": lambda n: context.call_activity("b", {"n": n}),
            "c": lambda n: context.call_sub_orchestrator("child", n, f"kid{n}"),
        }
        return (yield context.task_all([calls[kind](n) for n, kind in enumerate(shape)]))

    return play


@given(shape=st.lists(st.sampled_from("ac"), min_size=1, max_size=6), data=st.data())
def test_a_replay_rebuilds_the_lost_messages(shape: list[str], data: st.DataObject) -> None:
    """Only those asked for, with the inputs that the history does not hold."""
    stage = Stage(fan(shape))
    stage.begin()
    episode = stage.step(completed(0))
    done = data.draw(st.sets(st.integers(1, len(shape) - 1))) if len(shape) > 1 else set()
    for task_id in sorted(done):
        stage.step(completed(task_id) if shape[task_id - 1] == "a" else child_completed(task_id))
    still_open = {task.event_id for task in open_tasks(stage.rows)}
    assert still_open == set(range(1, len(shape) + 1)) - done
    wanted = data.draw(st.sets(st.sampled_from(sorted(still_open)), min_size=1))
    execution = stage.app.execution(stage.started)
    assert execution is not None
    numbers = count()
    again = run_now(
        scheduled_again(
            execution,
            stage.rows,
            Scheduler(stage.app),  # type: ignore[arg-type]  # what a scheduler asks of an app
            wanted,
            START + timedelta(days=1),
            lambda: f"x{next(numbers)}",
        )
    )
    assert wanted == {task_id for task_id, _, _ in again}
    sent = {_task_of(posting.message.event): posting for posting in episode.postings}
    for task_id, message, is_work_item in again:
        before = sent[task_id]
        assert before.is_work_item is is_work_item
        assert before.message.event.input == message.event.input  # type: ignore[attr-defined]  # both kinds have one
        assert before.message.target.instance_id == message.target.instance_id
        assert before.message.from_decision
        assert message.from_decision


def _task_of(event: Any) -> int:
    return event.parent.task_id if isinstance(event, ExecutionStarted) else event.event_id
