"""A session that lives on and one that is built from the rows decide the same, whatever the orchestrator does."""

import json
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


def possible(stage: Stage) -> list[list[HistoryEvent]]:
    """All that may happen to the instance next, by kind: answers of tasks, of entities, and what people do."""
    open_rows = [row for row in stage.rows if row.event_id >= 0 and stage.session.expects(row.event_id)]
    tasks = [answer for row in open_rows for answer in answers_to(row)]
    requests = [json.loads(row.input or "") for row in stage.rows if isinstance(row, EventSent)]
    replies = [raised(request["id"], '{"result":"1"}') for request in requests if not request.get("signal")]
    events = [raised("Go"), raised("GO"), raised("Stop"), raised("Other")]
    return [kind for kind in (tasks, tasks, tasks, replies, events, [suspended(), resumed()]) if kind]


def drawn_batch(stage: Stage, data: st.DataObject) -> list[HistoryEvent]:
    """Up to three events for one episode; no task is answered twice, as `accepted` sees to."""
    batch: list[HistoryEvent] = []
    for _ in range(data.draw(st.integers(1, 3))):
        event = data.draw(st.sampled_from(data.draw(st.sampled_from(possible(stage)))))
        if not any(_answered(event) is not None and _answered(event) == _answered(other) for other in batch):
            batch.append(event)
    return batch


def _answered(event: HistoryEvent) -> int | None:
    return getattr(event, "task_id", None) if hasattr(event, "task_id") else getattr(event, "timer_id", None)


@given(program=st.lists(STEPS, max_size=5), ends=st.booleans(), data=st.data())
def test_a_rebuilt_session_decides_what_the_live_one_decides(program: Program, ends: bool, data: st.DataObject) -> None:
    """At every point of any run: same rows, ids and messages (the stage compares them), and one end at most."""
    stage = Stage(lambda context: Interpreter(context).run(program))
    stage.begin()
    for _ in range(data.draw(st.integers(1, 12))):
        if stage.session.is_over:
            break
        stage.step(*drawn_batch(stage, data))
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
