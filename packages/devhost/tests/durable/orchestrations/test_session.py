"""A session that lives on and one that is built from the rows decide the same, whatever the orchestrator does."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.model.history import (
    EventSent,
    ExecutionCompleted,
    HistoryEvent,
    SubOrchestrationCreated,
    TaskScheduled,
    TimerCreated,
)
from packages.devhost.tests.durable.stage import (
    Stage,
    child_completed,
    child_failed,
    completed,
    failed,
    fired,
    raised,
    resumed,
    suspended,
    terminated,
)
from packages.devhost.tests.local import run_now

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions"),
]

COUNTER = df.EntityId("Counter", "k")
RETRY = df.RetryOptions(100, 2)
TASKS = st.sampled_from(["a", "b", "nope", "timer", "days", "Go", "Stop", "child", "entity", "http"])
# A retry is waited for alone: in a group, where the function may go on without it, the moment at which the host counts
# its next attempt depends on what the function asked for later. A replay sees that, and production fails there.
STEPS = st.one_of(
    st.one_of(TASKS, st.sampled_from(["retry", "again"])).map(lambda task: ("one", [task])),
    st.tuples(st.sampled_from(["any", "all", "race"]), st.lists(TASKS, max_size=3)),
    st.sampled_from([("signal", []), ("status", []), ("raise", []), ("restart", []), ("loser", [])]),
)
Program = list[tuple[str, list[str]]]


class Interpreter:
    """Runs a program as an orchestrator; `losers` are the tasks that a race left open."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._losers: list[Any] = []

    def run(self, program: Program) -> Any:
        seen: list[Any] = []
        for step, names in program:
            if step == "restart" and (self._context.get_input() or 0) < 2:
                self._context.continue_as_new((self._context.get_input() or 0) + 1)
                return None
            if step == "raise":
                raise KeyError(names)
            try:
                seen.append((yield from self._step(step, [self._task(name) for name in names])))
            except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception
                seen.append(str(error))
        return seen

    def _step(self, step: str, tasks: list[Any]) -> Any:
        match step:
            case "one":
                return (yield tasks[0])
            case "any" | "race" if tasks:
                winner = yield self._context.task_any(tasks)
                self._losers = [task for task in tasks if task is not winner]
                for loser in self._losers:
                    if step == "race" and hasattr(loser, "cancel") and not loser.is_completed:
                        loser.cancel()
                return tasks.index(winner)
            case "all":
                return (yield self._context.task_all(tasks))
            case "signal":
                self._context.signal_entity(COUNTER, "add", 1)
            case "status":
                self._context.set_custom_status({"losers": len(self._losers)})
            case "loser" if self._losers:
                return (yield self._losers[-1])
        return step

    def _task(self, name: str) -> Any:
        context = self._context
        match name:
            case "a" | "b" | "nope":
                return context.call_activity(name, 1)
            case "retry":
                return context.call_activity_with_retry("b", RETRY, 2)
            case "timer":
                return context.create_timer(context.current_utc_datetime + timedelta(minutes=5))
            case "days":
                return context.create_timer(context.current_utc_datetime + timedelta(days=10))
            case "child":
                return context.call_sub_orchestrator("child", 1)
            case "again":
                return context.call_sub_orchestrator_with_retry("child", RETRY, 1, "kid")
            case "entity":
                return context.call_entity(COUNTER, "get")
            case "http":
                return context.call_http("GET", "http://localhost/x")
        return context.wait_for_external_event(name)


def answers_to(row: HistoryEvent) -> list[HistoryEvent]:
    """What may come back for a decision."""
    match row:
        case TaskScheduled(event_id=number):
            return [completed(number), failed(number)]
        case SubOrchestrationCreated(event_id=number):
            return [child_completed(number), child_failed(number)]
        case TimerCreated(event_id=number, fire_at=fire_at):
            return [fired(number, fire_at)]
    return []


def possible_events(stage: Stage) -> list[list[HistoryEvent]]:
    """All that may happen to the instance next, by kind: answers of tasks, of entities, and what people do."""
    open_rows = [row for row in stage.rows if row.event_id >= 0 and stage.session.expects(row.event_id)]
    tasks = [answer for row in open_rows for answer in answers_to(row)]
    requests = [json.loads(row.input or "") for row in stage.rows if isinstance(row, EventSent)]
    replies = [raised(request["id"], '{"result":"1"}') for request in requests if not request.get("signal")]
    events = [raised("Go"), raised("GO"), raised("Stop"), raised("Other")]
    return [kind for kind in (tasks, tasks, tasks, replies, events, [suspended(), resumed()]) if kind]


def draw_batch(stage: Stage, data: st.DataObject) -> list[HistoryEvent]:
    """Up to three events for one episode; no task is answered twice, as `accepted` sees to."""
    batch: list[HistoryEvent] = []
    for _ in range(data.draw(st.integers(1, 3))):
        event = data.draw(st.sampled_from(data.draw(st.sampled_from(possible_events(stage)))))
        if not any(_answered_id(event) is not None and _answered_id(event) == _answered_id(other) for other in batch):
            batch.append(event)
    return batch


def _answered_id(event: HistoryEvent) -> int | None:
    return getattr(event, "task_id", None) if hasattr(event, "task_id") else getattr(event, "timer_id", None)


@given(program=st.lists(STEPS, max_size=5), ends=st.booleans(), data=st.data())
def test_a_rebuilt_session_decides_the_same_as_the_live_one(program: Program, ends: bool, data: st.DataObject) -> None:
    """At every point of any run: the same rows, ids and messages (the stage compares them), and one end at most."""
    stage = Stage(lambda context: Interpreter(context).run(program))
    stage.begin()
    for _ in range(data.draw(st.integers(1, 12))):
        if stage.session.is_over:
            break
        stage.step(*draw_batch(stage, data))
        if data.draw(st.booleans()):
            stage.restart()
    if ends and not stage.session.is_over:
        stage.step(terminated())
    decided = [row for row in stage.rows if not isinstance(row, ExecutionCompleted)]
    ids = [row.event_id for row in decided if row.event_id >= 0]
    assert ids == sorted(set(ids)), "an id was used twice, or out of order"
    assert [row for row in stage.rows if isinstance(row, ExecutionCompleted)] == [
        row for row in stage.rows[-2:-1] if stage.session.is_over
    ]


class ReplayingProbe:
    """An orchestrator that notes `is_replaying` at each of its steps; `passes` has a list for each run from the top."""

    def __init__(self, story: Callable[[Any, Callable[[str], None]], Any]) -> None:
        self._story = story
        self.passes: list[list[tuple[str, bool]]] = []
        self.stage = Stage(self._run)
        self.step_through([self.stage.started])

    def step_through(self, *episodes: Sequence[HistoryEvent]) -> list[list[tuple[str, bool]]]:
        """Give the live session these events, an episode each, and return all passes up to now."""
        for events in episodes:
            self.stage.now += timedelta(seconds=1)
            received = [replace(event, timestamp=self.stage.now) for event in events]
            run_now(self.stage.session.step(received, self.stage.now, lambda: "e-next"))
        return self.passes

    def _run(self, context: Any) -> Any:
        steps: list[tuple[str, bool]] = []
        self.passes.append(steps)
        return (yield from self._story(context, lambda name: steps.append((name, context.is_replaying))))


def _chain(context: Any, note: Callable[[str], None]) -> Any:
    note("start")
    for name in "abc":
        yield context.call_activity("a", name)
        note(name)


def test_an_orchestrator_that_reads_is_replaying_is_replayed_in_every_episode() -> None:
    """Recorded: each episode is one pass from the top, a replay until the last event that is not new."""
    passes = ReplayingProbe(_chain).step_through(*([completed(number)] for number in range(3)))
    assert passes == [
        [("start", False)],
        [("start", True), ("a", False)],
        [("start", True), ("a", True), ("b", False)],
        [("start", True), ("a", True), ("b", True), ("c", False)],
    ]


def test_all_events_of_one_episode_are_new() -> None:
    """Recorded: of a fan-out only the pass that goes on sees it."""

    def fan(context: Any, note: Callable[[str], None]) -> Any:
        note("start")
        yield context.task_all([context.call_activity("a", number) for number in range(3)])
        note("all")

    passes = ReplayingProbe(fan).step_through([completed(0), completed(1)], [completed(2)])
    assert passes == [[("start", False)], [("start", True)], [("start", True), ("all", False)]]
    at_once = ReplayingProbe(fan).step_through([completed(0), completed(1), completed(2)])
    assert at_once == [[("start", False)], [("start", True), ("all", False)]]


def test_a_timer_and_an_event_are_replayed_like_an_activity() -> None:
    """Also where an event comes that nobody waits for."""

    def waits(context: Any, note: Callable[[str], None]) -> Any:
        note("start")
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
        note("timer")
        yield context.wait_for_external_event("Go")
        note("event")

    passes = ReplayingProbe(waits).step_through([fired(0)], [raised("Other")], [raised("Go")])
    assert passes == [
        [("start", False)],
        [("start", True), ("timer", False)],
        [("start", True), ("timer", True)],
        [("start", True), ("timer", True), ("event", False)],
    ]


def test_an_orchestrator_is_replayed_from_its_first_use_of_is_replaying() -> None:
    """Recorded: earlier passes cannot be told apart; the code runs from the top again afterwards."""

    def late_question(context: Any, note: Callable[[str], None]) -> Any:
        yield context.call_activity("a", 1)
        yield context.call_activity("a", 2)
        note("asked late")
        yield context.call_activity("a", 3)
        note("last")

    probe = ReplayingProbe(late_question)
    assert probe.step_through([completed(0)], [completed(1)]) == [[("asked late", False)]]
    passes = probe.step_through([completed(2)])
    assert passes == [[("asked late", False)], [("asked late", True), ("last", False)]]


def test_a_new_generation_begins_without_a_replay() -> None:
    """Its first pass is new; later ones are replays."""

    def next_generation(context: Any, note: Callable[[str], None]) -> Any:
        number = context.get_input() or 0
        note(f"start {number}")
        yield context.call_activity("a", number)
        note(f"did {number}")
        if number < 1:
            context.continue_as_new(number + 1)

    passes = ReplayingProbe(next_generation).step_through([completed(0)], [completed(0)])
    assert passes == [
        [("start 0", False)],
        [("start 0", True), ("did 0", False)],
        [("start 1", False)],
        [("start 1", True), ("did 1", False)],
    ]


def test_an_orchestrator_that_never_reads_is_replaying_keeps_its_generator() -> None:
    """This makes the common case fast."""
    stage = Stage(lambda context: Interpreter(context).run([("one", ["a"]), ("one", ["b"])]))
    for events in ([stage.started], [completed(0)], [completed(1)]):
        run_now(stage.session.step(events, stage.now, lambda: "e-next"))
    assert len(stage.app.executions) == 1


def test_an_execution_is_closed_when_its_session_ends_or_begins_anew() -> None:
    """So that the worker forgets user code that nobody continues."""
    probe = ReplayingProbe(_chain)
    probe.step_through([completed(0)])
    first, second = probe.stage.app.executions
    assert (first.is_closed, second.is_closed) == (True, False)
    probe.stage.session.close()
    assert second.is_closed


def test_an_ended_instance_is_replayed_once_to_check_determinism() -> None:
    """Unless every episode was a replay already. The extra execution is closed."""
    stage = Stage(lambda context: Interpreter(context).run([("one", ["a"])]))
    stage.begin()
    stage.step(completed(0))
    made = len(stage.app.executions)
    assert run_now(stage.session.replay_difference(stage.now)) is None
    assert [execution.is_closed for execution in stage.app.executions[made:]] == [True]

    probe = ReplayingProbe(_chain)
    probe.step_through(*([completed(number)] for number in range(3)))
    assert run_now(probe.stage.session.replay_difference(probe.stage.now)) is None
    assert len(probe.passes) == 4
    assert run_now(Stage(None).session.replay_difference(stage.now)) is None


@pytest.mark.parametrize("asks", [False, True])
def test_a_call_of_an_unknown_function_warns_once(asks: bool) -> None:
    """Not again in replays or in a session that is built from the rows."""

    def lost(context: Any) -> Any:
        if asks:
            assert context.is_replaying in (True, False)
        yield context.task_any([context.call_activity("nope"), context.wait_for_external_event("Go")])
        yield context.task_any([context.call_sub_orchestrator("nobody"), context.wait_for_external_event("Go")])
        yield context.call_entity(df.EntityId("Nope", "k"), "get")

    stage = Stage(lost)
    stage.begin()
    assert stage.session.take_warnings() == ["There is no activity nope."]
    stage.step(raised("Go"))
    assert stage.session.take_warnings() == ["There is no orchestrator nobody."]
    stage.restart()
    stage.step(raised("Go"))
    assert stage.session.take_warnings() == ["There is no entity nope."]
