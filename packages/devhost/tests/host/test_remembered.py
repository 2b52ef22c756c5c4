"""What is remembered of custom statuses and inputs, and for how long."""

from datetime import UTC, datetime, timedelta

from durable_devhost.durable.episode import Episode, Posting
from durable_devhost.host.remembered import (
    LONGEST_INPUT,
    MOST_CHANGES,
    MOST_CHARACTERS,
    MOST_INPUTS,
    MOST_INSTANCES,
    Remembered,
)
from durable_devhost.model.history import (
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    ParentRef,
    RuntimeStatus,
    TaskScheduled,
    TimerFired,
)
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import Tail

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NO_TAIL = Tail()


def episode(
    text: str | None = None,
    *posted: HistoryEvent,
    name: str = "a",
    minute: int = 0,
    execution: str = "e",
    status: str = "Running",
) -> Episode:
    """An episode with a row that has this custom status, and what it has sent."""
    target = InstanceRef(instance_id=name, execution_id=execution)
    return Episode(
        instance_id=name,
        execution_id=execution,
        first_row=0,
        events=(),
        etag=None,
        tail=NO_TAIL,
        postings=tuple(Posting(message=Message(event=event, target=target)) for event in posted),
        record=InstanceRecord(
            instance_id=name,
            execution_id=execution,
            status=RuntimeStatus(status),
            custom_status=text,
            last_updated_time=NOON + timedelta(minutes=minute),
        ),
    )


def activity(task: int, given: str | None) -> TaskScheduled:
    """An activity with this input."""
    return TaskScheduled(timestamp=NOON, event_id=task, name="work", input=given)


def statuses(remembered: Remembered, name: str = "a") -> list[tuple[int, str | None]]:
    """The changes, with their minutes."""
    return [((each.at - NOON) // timedelta(minutes=1), each.text) for each in remembered.statuses(name)]


def test_each_change_is_remembered_once_with_its_time() -> None:
    """Rows that change something else are none; nor is one that was never set."""
    remembered = Remembered()
    for minute, text in enumerate(("null", None, '"x"', '"x"', "null", "null", '"y"')):
        remembered.note(episode(text, minute=minute))
    assert statuses(remembered) == [(2, '"x"'), (4, None), (6, '"y"')]
    assert statuses(remembered, "other") == []


def test_another_instance_of_the_same_id_begins_anew_and_another_generation_does_not() -> None:
    """After its end; a rewound one goes on."""
    remembered = Remembered()
    remembered.note(episode('"1"'))
    remembered.note(episode('"2"', minute=1, execution="next"))
    remembered.note(episode('"2"', minute=2, execution="next", status="Failed"))
    remembered.note(episode('"3"', minute=3, execution="next"))
    assert statuses(remembered) == [(0, '"1"'), (1, '"2"'), (3, '"3"')]
    remembered.note(episode('"3"', minute=4, execution="next", status="Completed"))
    remembered.note(episode('"4"', minute=5, execution="another"))
    assert statuses(remembered) == [(5, '"4"')]


def test_inputs_of_activities_and_children_are_remembered_for_one_execution() -> None:
    """By the number of the task; what else is sent has none."""
    remembered, me = Remembered(), InstanceRef(instance_id="a", execution_id="e")
    parent = ParentRef(name="flow", instance=me, task_id=7)
    child = ExecutionStarted(timestamp=NOON, instance=me, name="child", input='"c"', parent=parent)
    detached = ExecutionStarted(timestamp=NOON, instance=me, name="other", input='"d"')
    timer = TimerFired(timestamp=NOON, timer_id=3, fire_at=NOON)
    large = activity(9, "x" * (LONGEST_INPUT + 1))
    remembered.note(episode(None, activity(0, "[1]"), activity(1, None), child, detached, timer, large))
    remembered.note(episode(None, activity(2, "2")))
    assert remembered.inputs("a", "e") == {0: "[1]", 2: "2", 7: '"c"'}
    assert remembered.inputs("a", "another") == remembered.inputs("b", "e") == {}
    remembered.note(episode(None, activity(0, "new"), execution="next"))
    assert remembered.inputs("a", "next") == {0: "new"}


def test_it_is_bounded_in_every_direction() -> None:
    """The oldest changes of an instance go, and the instances of which nothing new was heard for longest."""
    remembered = Remembered()
    for minute in range(MOST_CHANGES + 10):
        remembered.note(episode(str(minute), minute=minute))
    assert (MOST_CHANGES, (10, "10")) == (len(statuses(remembered)), statuses(remembered)[0])
    remembered.note(episode("1", *(activity(task, "1") for task in range(MOST_INPUTS + 10)), name="many"))
    assert len(remembered.inputs("many", "e")) == MOST_INPUTS
    for number in range(MOST_INSTANCES):
        remembered.note(episode("1", name=f"i{number}"))
    assert (statuses(remembered), statuses(remembered, "i0")) == ([], [(0, "1")])
    for name in ("large", "larger"):
        remembered.note(episode("x" * (MOST_CHARACTERS - 10), name=name))
    assert (statuses(remembered, "i0"), statuses(remembered, "large")) == ([], [])
    remembered.note(episode("1"))
    assert len(statuses(remembered, "larger")) == 1


def test_what_is_forgotten_makes_room() -> None:
    """Of the inputs of a generation that is over, and of another instance under the same id."""
    remembered = Remembered()
    remembered.note(episode("1", name="first"))
    half = "x" * LONGEST_INPUT
    for generation in range(2 * MOST_CHARACTERS // LONGEST_INPUT):
        remembered.note(episode(None, activity(0, half), execution=str(generation)))
    for generation in range(4):
        text = str(generation) * (MOST_CHARACTERS // 3)
        remembered.note(episode(text, execution=f"x{generation}", status="Completed"))
    assert len(statuses(remembered, "first")) == 1
