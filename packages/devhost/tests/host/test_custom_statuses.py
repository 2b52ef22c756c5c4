"""What is remembered of custom statuses, and for how long."""

from datetime import UTC, datetime, timedelta

from durable_devhost.host.custom_statuses import MOST_CHANGES, MOST_CHARACTERS, MOST_INSTANCES, CustomStatuses
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceRecord

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def row(
    text: str | None, name: str = "a", minute: int = 0, execution: str = "e", status: str = "Running"
) -> InstanceRecord:
    """A row as an episode writes it."""
    return InstanceRecord(
        instance_id=name,
        execution_id=execution,
        status=RuntimeStatus(status),
        custom_status=text,
        last_updated_time=NOON + timedelta(minutes=minute),
    )


def seen(statuses: CustomStatuses, name: str = "a") -> list[tuple[int, str | None]]:
    """The changes, with their minutes."""
    return [((each.at - NOON) // timedelta(minutes=1), each.text) for each in statuses.of(name)]


def test_each_change_is_remembered_once_with_its_time() -> None:
    """Rows that change something else are none; nor is one that was never set."""
    statuses = CustomStatuses()
    for minute, text in enumerate(("null", None, '"x"', '"x"', "null", "null", '"y"')):
        statuses.note(row(text, minute=minute))
    assert seen(statuses) == [(2, '"x"'), (4, None), (6, '"y"')]
    assert seen(statuses, "other") == []


def test_another_instance_of_the_same_id_begins_anew_and_another_generation_does_not() -> None:
    """After its end; a rewound one goes on."""
    statuses = CustomStatuses()
    statuses.note(row('"1"'))
    statuses.note(row('"2"', minute=1, execution="next generation"))
    statuses.note(row('"2"', minute=2, execution="next generation", status="Failed"))
    statuses.note(row('"3"', minute=3, execution="next generation"))
    assert seen(statuses) == [(0, '"1"'), (1, '"2"'), (3, '"3"')]
    statuses.note(row('"3"', minute=4, execution="next generation", status="Completed"))
    statuses.note(row('"4"', minute=5, execution="another"))
    assert seen(statuses) == [(5, '"4"')]


def test_it_is_bounded_in_every_direction() -> None:
    """The oldest changes of an instance go, and the instances that have not changed for longest."""
    statuses = CustomStatuses()
    for minute in range(MOST_CHANGES + 10):
        statuses.note(row(str(minute), minute=minute))
    assert (MOST_CHANGES, (10, "10")) == (len(seen(statuses)), seen(statuses)[0])
    for number in range(MOST_INSTANCES):
        statuses.note(row("1", name=f"i{number}"))
    assert (seen(statuses), seen(statuses, "i0")) == ([], [(0, "1")])
    for name in ("large", "larger"):
        statuses.note(row("x" * (MOST_CHARACTERS - 10), name=name))
    assert (seen(statuses, "i0"), seen(statuses, "large"), len(seen(statuses, "larger"))) == ([], [], 1)
    statuses.note(row("1"))
    assert len(seen(statuses, "larger")) == 1
