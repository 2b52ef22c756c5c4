"""Which session the messages for an instance lead to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.sessions import SessionBuilder, is_over, record_after
from durable_devhost.model.history import (
    EventRaised,
    ExecutionCompleted,
    ExecutionStarted,
    HistoryEvent,
    InstanceRef,
    OrchestratorStarted,
    ParentRef,
    RuntimeStatus,
)
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import StoredHistory, Tail

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class NoApp:
    """An app without functions."""

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> None:
        """None is there."""

    def known_orchestrators(self) -> Sequence[str]:
        """None is known."""
        return ()


APP = NoApp()
BUILDER = SessionBuilder(
    app=APP,  # type: ignore[arg-type]  # what a builder asks of an app
    hub_name="Hub",
    scheduler=lambda: Scheduler(APP, default_version=None, store_inputs=False),  # type: ignore[arg-type]
    batch_limit=10,
    reorder_window=timedelta(minutes=30),
)


def _started(execution: str = "e", parent: ParentRef | None = None, *, after: int = 0) -> ExecutionStarted:
    ref = InstanceRef(instance_id="i", execution_id=execution)
    return ExecutionStarted(timestamp=NOW + timedelta(seconds=after), instance=ref, name="o", parent=parent)


def _parent(instance_id: str) -> ParentRef:
    return ParentRef(name="p", instance=InstanceRef(instance_id=instance_id, execution_id="pe"), task_id=3, version="")


def _message(event: HistoryEvent) -> Message:
    return Message(event=event, target=InstanceRef(instance_id="i", execution_id=None))


def _stored(*events: HistoryEvent) -> StoredHistory:
    return StoredHistory(events=events, execution_id="e", etag="etag", tail=Tail(fresh_from=len(events)))


RAISED = _message(EventRaised(timestamp=NOW, name="Answer"))
ENDED = ExecutionCompleted(timestamp=NOW, event_id=0, status=RuntimeStatus.COMPLETED, result='"done"')


def test_a_running_execution_continues() -> None:
    """Also if a second start for it arrives."""
    stored = _stored(OrchestratorStarted(timestamp=NOW), _started())
    for messages in ([RAISED], [_message(_started("other")), RAISED]):
        built = BUILDER.orchestration(stored, messages)
        assert built is not None
        session, is_new = built
        assert (session.instance.execution_id, session.etag, is_new) == ("e", "etag", False)


def test_a_start_begins_an_execution() -> None:
    """If nothing is stored, or in place of an ended one."""
    for stored in (None, _stored(_started("old"), ENDED)):
        built = BUILDER.orchestration(stored, [RAISED, _message(_started("new"))])
        assert built is not None
        session, is_new = built
        assert (session.instance.execution_id, is_new) == ("new", True)


def test_an_event_for_an_ended_or_unknown_instance_is_dropped() -> None:
    """It could change nothing."""
    assert BUILDER.orchestration(_stored(_started(), ENDED), [RAISED]) is None
    assert BUILDER.orchestration(_stored(), [RAISED]) is None


@pytest.mark.parametrize("execution", ["e", "another"])
def test_a_repeated_start_is_not_executed_again(execution: str) -> None:
    """A parent that was interrupted sends its child's start twice, the second time with a new execution id."""
    parent = _parent("p")
    again = _message(_started(execution, parent))
    assert BUILDER.orchestration(_stored(_started("e", parent), ENDED), [again]) is None


@pytest.mark.parametrize("old_parent", [None, _parent("p1")])
def test_a_newer_start_by_another_parent_replaces_a_running_instance(old_parent: ParentRef | None) -> None:
    """Recorded: the new execution takes the place of the old one, whoever started that."""
    stored = _stored(OrchestratorStarted(timestamp=NOW), _started("old", old_parent))
    starts = [_started("second", _parent("p2"), after=1), _started("third", _parent("p3"), after=2), _started("x")]
    built = BUILDER.orchestration(stored, [RAISED, *map(_message, starts)])
    assert built is not None
    session, is_new = built
    assert (session.instance.execution_id, session.etag, is_new) == ("third", "etag", True)


@pytest.mark.parametrize(("parent", "after"), [("p1", 1), ("p2", 0), ("p2", -1)])
def test_an_older_start_or_one_of_the_same_parent_replaces_nothing(parent: str, after: int) -> None:
    """It is a copy, or it came late."""
    stored = _stored(_started("old", _parent("p1")))
    built = BUILDER.orchestration(stored, [_message(_started("new", _parent(parent), after=after))])
    assert built is not None
    assert built[0].instance.execution_id == "old"


def test_the_instance_row_can_be_built_from_the_history() -> None:
    """For a row that a crash kept from being written."""
    ended = record_after([_started(), ENDED], "Hub")
    assert ended is not None
    assert (ended.status, ended.output, ended.execution_id) == (RuntimeStatus.COMPLETED, '"done"', "e")
    running = record_after([_started()], "Hub")
    assert running is not None
    assert running.status is RuntimeStatus.RUNNING
    assert record_after([], "Hub") is None
    assert (is_over([_started(), ENDED]), is_over([replace(_started())])) == (True, False)
