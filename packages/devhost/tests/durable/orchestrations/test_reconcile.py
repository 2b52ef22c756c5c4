"""What a running execution accepts of the messages that arrive for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from durable_devhost.durable.orchestrations.reconcile import Reconciled, SeenEvents, reconcile
from durable_devhost.model.history import (
    EventRaised,
    ExecutionStarted,
    ExecutionTerminated,
    HistoryEvent,
    InstanceRef,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from durable_devhost.model.messages import Message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RAISED = EventRaised(timestamp=NOW, name="Answer", input="1")
STARTED = ExecutionStarted(timestamp=NOW, instance=InstanceRef(instance_id="i", execution_id="e"), name="o")


def _answer(kind: str, number: int = 1) -> HistoryEvent:
    match kind:
        case "completed":
            return TaskCompleted(timestamp=NOW, task_id=number)
        case "failed":
            return TaskFailed(timestamp=NOW, task_id=number, reason="r", details="d")
        case "child":
            return SubOrchestrationCompleted(timestamp=NOW, task_id=number)
        case "failed child":
            return SubOrchestrationFailed(timestamp=NOW, task_id=number, reason="r", details="d")
        case _:
            return TimerFired(timestamp=NOW, timer_id=number, fire_at=NOW)


@dataclass
class History:
    """An execution that has decided the tasks 0 to 2, of which some are open, and asked an entity once."""

    open_tasks: Sequence[int] = (1,)
    seen: SeenEvents = field(default_factory=SeenEvents)

    def expects(self, task_id: int) -> bool:
        return task_id in self.open_tasks

    def has_decided(self, task_id: int) -> bool:
        return task_id <= 2

    def has_asked(self, request_id: str) -> bool:
        return request_id == "asked"

    def has_seen(self, event: EventRaised) -> bool:
        return event in self.seen

    def has_answer(self, request_id: str) -> bool:
        return self.seen.has_name(request_id)


def _reconcile(
    events: Sequence[HistoryEvent],
    *,
    target: str | None = "e",
    history: History | None = None,
    is_new: bool = False,
    sender: str = "",
) -> Reconciled:
    messages = [
        Message(
            event=each,
            target=InstanceRef(instance_id="i", execution_id=target),
            sender=InstanceRef(instance_id=sender, execution_id=None),
        )
        for each in events
    ]
    return reconcile(messages, "e", history or History(), is_new=is_new)


def _accept(events: Sequence[HistoryEvent], *, target: str | None = "e", is_new: bool = False) -> list[HistoryEvent]:
    found = _reconcile(events, target=target, is_new=is_new)
    assert found.early_indexes == []
    return found.events


@pytest.mark.parametrize("kind", ["completed", "failed", "child", "failed child", "timer"])
def test_an_answer_counts_once_and_only_while_its_task_is_open(kind: str) -> None:
    """Duplicate, late and unknown ones are dropped."""
    event = _answer(kind)
    assert _accept([event, event]) == [event]
    assert _reconcile([event], history=History(open_tasks=())) == Reconciled()
    assert _accept([_answer(kind, 2), event]) == [event]


@pytest.mark.parametrize("target", [None, "", "e"])
def test_messages_for_this_execution_or_for_none_are_accepted(target: str | None) -> None:
    """Clients do not know the execution id."""
    assert _accept([RAISED], target=target) == [RAISED]


def test_messages_for_another_execution_are_dropped() -> None:
    """Events too: that generation is gone."""
    assert _accept([RAISED, _answer("timer")], target="older") == []


def test_the_start_comes_before_messages_that_overtook_it() -> None:
    """Only one start counts, and none for an execution that already runs."""
    assert _accept([RAISED, STARTED, STARTED], is_new=True) == [STARTED, RAISED]
    assert _accept([RAISED, STARTED]) == [RAISED]


def test_events_of_the_same_name_and_control_events_all_count() -> None:
    """They complete no task, and each has its own time."""
    terminated = ExecutionTerminated(timestamp=NOW, reason="enough")
    later = replace(RAISED, timestamp=NOW + timedelta(microseconds=1))
    assert _accept([RAISED, later, terminated]) == [RAISED, later, terminated]


def test_a_copy_of_an_event_is_dropped() -> None:
    """In the same batch, or if the history of this generation or the one before has it."""
    assert _accept([RAISED, RAISED]) == [RAISED]
    seen = SeenEvents([STARTED, RAISED])
    assert _reconcile([RAISED], history=History(seen=seen)) == Reconciled()
    seen.begin_generation()
    assert _reconcile([RAISED], history=History(seen=seen)) == Reconciled()
    seen.begin_generation()
    assert _reconcile([RAISED], history=History(seen=seen)).events == [RAISED]


@pytest.mark.parametrize("kind", ["completed", "failed", "child", "failed child", "timer"])
def test_an_answer_to_a_task_that_is_not_yet_decided_is_retried(kind: str) -> None:
    """Messages are sent before the history is stored, so another host can be faster than our commit."""
    known, early = _answer(kind, 1), _answer(kind, 3)
    assert _reconcile([early, known]) == Reconciled(events=[known], early_indexes=[0])


def test_an_entity_answer_counts_once_its_request_is_in_the_history() -> None:
    """Until then it is retried; events of clients wait for nothing."""
    asked, unknown = replace(RAISED, name="asked"), replace(RAISED, name="not yet")
    assert _reconcile([unknown, asked], sender="@counter@a") == Reconciled(events=[asked], early_indexes=[0])
    assert _accept([unknown]) == [unknown]


def test_a_second_entity_answer_to_one_request_is_dropped() -> None:
    """It has another time, because the entity ran the request again after a crash."""
    first = replace(RAISED, name="asked")
    second = replace(first, timestamp=NOW + timedelta(seconds=1))
    assert _reconcile([first, second], sender="@counter@a").events == [first]
    history = History(seen=SeenEvents([first]))
    assert _reconcile([second], sender="@counter@a", history=history) == Reconciled()
