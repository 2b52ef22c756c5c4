"""What a generation hands on: the events that came after `continue_as_new` was called, as a replay sees it."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.actions import ContinueAsNewWith
from durable_devhost.durable.decisions import ContinuedAsNew
from durable_devhost.durable.orchestrations.generations import EndlessLoop, carried_over
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.model.history import EventRaised, ExecutionStarted, HistoryEvent, TaskCompleted, TimerFired
from durable_devhost.model.wire import to_json
from packages.devhost.tests.durable.stage import Stage, completed, fired, raised
from packages.devhost.tests.local import LocalExecution, run_now

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

NAMES = ("Wake", "One", "Two")
ACTIVITY, TIMER, LAST_ACTIVITY = range(3)
"""The ids of what a turn asks for."""


def turns(context: Any, *, is_long: bool = False) -> Any:
    """Awaits an activity, then three events and a timer, and continues as new; its input is what each turn heard.

    A long turn awaits another activity after that.
    """
    yield context.call_activity("a", 1)
    waits = [context.wait_for_external_event(name) for name in NAMES]
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=20))
    yield context.task_any([*waits, timer])
    numbers = [wait.result for wait in waits if wait.is_completed]
    if not timer.is_completed:
        timer.cancel()
    if is_long:
        yield context.call_activity("a", 2)
    context.continue_as_new([*(context.get_input() or []), numbers])


def events_by_turn(stage: Stage) -> list[list[int]]:
    """The numbers of the events that each turn has got up to now."""
    numbers: list[list[int]] = json.loads(json.loads(_start_event(stage.rows).input or '"[]"'))
    return numbers


def started_stage(orchestrator: Any) -> Stage:
    """A stage on which the orchestrator was started."""
    stage = Stage(orchestrator)
    stage.begin()
    return stage


def test_an_event_of_one_turn_is_heard_again_in_the_next() -> None:
    """Recorded, with three events a second and a half apart: each is heard in two turns."""
    stage = started_stage(turns)
    for number, name in enumerate(NAMES):
        stage.step(completed(ACTIVITY))
        stage.step(raised(name, str(number)))
        assert [row.input for row in _raised_events(stage.rows)] == [str(number)]
        stage.step(completed(ACTIVITY))
    assert events_by_turn(stage) == [[0], [0], [1], [1], [2], [2]]


def test_events_of_earlier_episodes_are_carried_over_too() -> None:
    """Recorded: of two events before the wait one is heard at once; one after the activity is left for later."""
    stage = started_stage(turns)
    stage.step(raised("One", "0"), raised("Two", "1"), completed(ACTIVITY), raised("One", "2"))
    assert events_by_turn(stage) == [[0, 1]]
    stage.step(completed(ACTIVITY))
    assert events_by_turn(stage) == [[0, 1], [2]]
    assert not _raised_events(stage.rows)


def test_a_later_event_of_the_same_name_replaces_a_carried_one() -> None:
    """Recorded: of the events before the wait the SDK keeps the last of each name."""
    stage = started_stage(turns)
    stage.step(completed(ACTIVITY))
    stage.step(raised("Wake", "0"))
    stage.step(raised("Wake", "1"), raised("One", "2"))
    stage.step(completed(ACTIVITY), raised("Wake", "4"))
    assert events_by_turn(stage) == [[0], [1, 2]]
    stage.step(completed(ACTIVITY))
    assert events_by_turn(stage) == [[0], [1, 2], [4]]


def test_no_event_is_heard_twice_if_the_timer_won() -> None:
    """No timer was cancelled, so `continue_as_new` is called where the timer fired."""
    stage = started_stage(turns)
    stage.step(completed(ACTIVITY))
    stage.step(fired(TIMER, stage.now + timedelta(seconds=20)), raised("One", "0"))
    assert events_by_turn(stage) == [[]]
    stage.step(completed(ACTIVITY))
    assert events_by_turn(stage) == [[], [0]]
    assert not _raised_events(stage.rows)


def test_a_turn_that_ends_with_an_activity_loses_events_that_come_meanwhile() -> None:
    """As on the real host: the activity's result comes after the event, and so does `continue_as_new`."""
    stage = started_stage(lambda context: turns(context, is_long=True))
    stage.step(completed(ACTIVITY))
    stage.step(raised("Wake", "0"), raised("One", "1"))
    stage.step(completed(LAST_ACTIVITY), raised("Two", "2"))
    assert events_by_turn(stage) == [[0]]
    assert [row.input for row in _raised_events(stage.rows)] == ["2"]


def test_an_orchestrator_that_waits_for_an_event_first_loops_for_ever() -> None:
    """The real host loops for ever; here an error names the orchestrator."""

    def hasty(context: Any) -> Any:
        wait = context.wait_for_external_event("Wake")
        timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=20))
        yield context.task_any([wait, timer])
        timer.cancel()
        context.continue_as_new(None)

    stage = started_stage(hasty)
    with pytest.raises(EndlessLoop, match="Orchestrator 'play' has continued as new 1,000 times in one step"):
        run_now(stage.session.step([raised("Wake", "0")], stage.now, lambda: "e"))


def test_many_generations_without_events_are_not_a_loop() -> None:
    """An orchestrator that counts to two thousand in this way completes."""

    def counting(context: Any) -> Any:
        if context.get_input() == 2_000:
            return "counted"
        context.continue_as_new((context.get_input() or 0) + 1)
        yield
        return None

    assert started_stage(counting).session.record.output == '"counted"'


def test_carried_events_of_a_live_turn_are_kept_if_its_replay_diverges() -> None:
    """The history has an activity that the actions do not."""
    stage = started_stage(turns)
    late = EventRaised(timestamp=stage.now, name="One", input="0")
    end = ContinuedAsNew(input='"next"', carried=(late,))
    scheduler = Scheduler(stage.app)  # type: ignore[arg-type]  # what a scheduler asks of an app
    actions = [ContinueAsNewWith(input="next")]
    assert carried_over(end, stage.started, scheduler, actions, stage.rows) == (late,)


class RealHost:
    """A model of the real host for `turns`: the SDK reads the whole history of a generation in each episode.

    What is carried is what came after the last result that was awaited.
    """

    def __init__(self, started: ExecutionStarted, *, is_long: bool) -> None:
        self._is_long = is_long
        self.history: list[HistoryEvent] = [started]

    def take(self, rows: Sequence[HistoryEvent]) -> None:
        """An episode that these events start."""
        self.history += rows
        while (argument := self._continued()) is not None:
            awaited = [isinstance(each, TaskCompleted | TimerFired) for each in self.history]
            since = len(awaited) - awaited[::-1].index(True)
            started = _start_event(self.history)
            started = ExecutionStarted(
                timestamp=started.timestamp, instance=started.instance, name=started.name, input=argument
            )
            self.history = [started, *_raised_events(self.history[since:])]

    def _continued(self) -> str | None:
        started = _start_event(self.history)
        execution = LocalExecution(lambda context: turns(context, is_long=self._is_long), started)
        marker = {"EventType": 12, "EventId": -1, "IsPlayed": False, "Timestamp": to_json(started)["Timestamp"]}
        script = execution._executor.advance([marker, *map(to_json, self.history)])
        again = [action["input"] for action in script["actions"] if action["actionType"] == 4]
        return json.dumps(again[0]) if again else None


BATCHES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(NAMES), max_size=3), st.booleans(), st.lists(st.sampled_from(NAMES), max_size=3)
    ),
    max_size=10,
)


def play(stage: Stage, model: RealHost, batches: Sequence[tuple[list[str], bool, list[str]]], *, fires: bool) -> None:
    """Give both the same: events, the result of the open activity or the open timer between them, more events."""
    number = 0
    for before, answers, after in batches:
        events: list[HistoryEvent] = []
        for names in (before, after):
            if names is after and answers:
                events += _answer(stage, fires=fires and not before)
            for name in names:
                events.append(raised(name, str(number)))
                number += 1
        _step_both(stage, model, events)


def _answer(stage: Stage, *, fires: bool) -> list[HistoryEvent]:
    expected = next((each for each in (ACTIVITY, LAST_ACTIVITY, TIMER) if stage.session.expects(each)), TIMER)
    if expected == TIMER:
        return [fired(TIMER, stage.now + timedelta(seconds=20))] if fires else []
    return [completed(expected)]


def _step_both(stage: Stage, model: RealHost, events: Sequence[HistoryEvent]) -> None:
    stage.step(*events)
    model.take(events)
    assert _start_event(stage.rows).input == _start_event(model.history).input
    assert [row.input for row in _raised_events(stage.rows)] == [row.input for row in _raised_events(model.history)]


@given(batches=BATCHES, fires=st.booleans(), is_long=st.booleans(), restarts=st.booleans())
def test_every_turn_hears_the_same_events_as_on_the_real_host(
    batches: list[tuple[list[str], bool, list[str]]], fires: bool, is_long: bool, restarts: bool
) -> None:
    """In any combination and order; also on a session that is built from the rows each time."""
    stage = started_stage(lambda context: turns(context, is_long=is_long))
    model = RealHost(stage.started, is_long=is_long)
    for batch in batches:
        play(stage, model, [batch], fires=fires)
        if restarts:
            stage.restart()


@given(batches=BATCHES, fires=st.booleans())
def test_no_event_is_lost_and_none_is_heard_more_than_twice(
    batches: list[tuple[list[str], bool, list[str]]], fires: bool
) -> None:
    """Except one that a later event of the same name replaced."""
    stage = started_stage(turns)
    names: list[str] = []
    for before, answers, after in batches:
        events: list[HistoryEvent] = []
        for some, answer in ((before, []), (after, _answer(stage, fires=fires and not before) if answers else [])):
            events += answer
            for name in some:
                events.append(raised(name, str(len(names))))
                names.append(name)
        stage.step(*events)
    while stage.session.expects(ACTIVITY):
        stage.step(completed(ACTIVITY))
    numbers = [number for turn in events_by_turn(stage) for number in turn]
    assert all(numbers.count(number) <= 2 for number in numbers)
    lost = set(range(len(names))) - set(numbers)
    assert all(names[number] in names[number + 1 :] for number in lost)


def _start_event(rows: Sequence[HistoryEvent]) -> ExecutionStarted:
    return next(row for row in rows if isinstance(row, ExecutionStarted))


def _raised_events(rows: Sequence[HistoryEvent]) -> list[EventRaised]:
    return [row for row in rows if isinstance(row, EventRaised)]
