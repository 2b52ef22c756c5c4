"""Orchestrators that note, at every step of every pass, whether they are being replayed."""

import json
from collections import defaultdict
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
PASSES = defaultdict(list)
TRIED = set()


class Notes:
    """One pass of an orchestrator; `values` are what `is_replaying` was at each step."""

    def __init__(self, context):
        self._context = context
        self._steps = []
        PASSES[context.instance_id].append(self._steps)

    def take(self, step):
        """Ask, and write it down."""
        self._steps.append([step, bool(self._context.is_replaying)])

    @property
    def values(self):
        """The answers of this pass."""
        return [answer for _, answer in self._steps]


def told(story):
    """An orchestrator of a story that takes notes; it is asked at the start, and its output are the answers."""

    def orchestrator(context: df.DurableOrchestrationContext):
        notes = Notes(context)
        notes.take("start")
        yield from story(context, notes)
        return notes.values

    orchestrator.__name__ = story.__name__
    return app.orchestration_trigger(context_name="context")(orchestrator)


@app.route(route="passes/{id}")
def passes(req: func.HttpRequest) -> func.HttpResponse:
    """All passes of an instance."""
    return func.HttpResponse(json.dumps(PASSES[req.route_params["id"]]), mimetype="application/json")


@app.activity_trigger(input_name="x")
def echo(x: str) -> str:
    """What was given."""
    return x


@app.activity_trigger(input_name="x")
def fails_once(x: str) -> str:
    """Fail at the first try."""
    if x not in TRIED:
        TRIED.add(x)
        raise ValueError("once")
    return x


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    """One more each time."""
    count = context.get_state(lambda: 0) + 1
    context.set_state(count)
    context.set_result(count)


@told
def chain(context, notes):
    """Three activities, one after the other."""
    for letter in "abc":
        yield context.call_activity("echo", letter)
        notes.take(letter)


@told
def fan(context, notes):
    """Four at once, then one."""
    yield context.task_all([context.call_activity("echo", str(number)) for number in range(4)])
    notes.take("all")
    yield context.call_activity("echo", "z")
    notes.take("last")


@told
def any_of(context, notes):
    """The first of two, of which one never comes."""
    yield context.task_any([context.call_activity("echo", "a"), context.wait_for_external_event("Never")])
    notes.take("any")
    yield context.call_activity("echo", "b")
    notes.take("last")


@told
def timer(context, notes):
    """A second, then an activity."""
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    notes.take("timer")
    yield context.call_activity("echo", "a")
    notes.take("last")


@told
def events(context, notes):
    """Two events."""
    for step in ("first", "second"):
        yield context.wait_for_external_event("Go")
        notes.take(step)


@told
def approval(context, notes):
    """An event before a deadline."""
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    go = context.wait_for_external_event("Go")
    winner = yield context.task_any([deadline, go])
    notes.take("won")
    if winner is go:
        deadline.cancel()
    yield context.call_activity("echo", "a")
    notes.take("last")


@told
def parent(context, notes):
    """A child, then an activity."""
    yield context.call_sub_orchestrator("chain", None, f"{context.instance_id}:c")
    notes.take("child")
    yield context.call_activity("echo", "a")
    notes.take("last")


@told
def retry(context, notes):
    """An activity that succeeds at the second try."""
    yield context.call_activity_with_retry("fails_once", df.RetryOptions(200, 3), context.instance_id)
    notes.take("did")


@told
def entity(context, notes):
    """Two calls of an entity."""
    for step in ("first", "last"):
        yield context.call_entity(df.EntityId("counter", context.instance_id), "add")
        notes.take(step)


@app.orchestration_trigger(context_name="context")
def late_question(context: df.DurableOrchestrationContext):
    """It does not ask before its third step."""
    yield context.call_activity("echo", "a")
    yield context.call_activity("echo", "b")
    notes = Notes(context)
    notes.take("asked late")
    yield context.call_activity("echo", "c")
    notes.take("last")
    return notes.values


@app.orchestration_trigger(context_name="context")
def no_wait(context: df.DurableOrchestrationContext):
    """It waits for nothing."""
    notes = Notes(context)
    notes.take("only")
    return notes.values
    yield


@app.orchestration_trigger(context_name="context")
def again(context: df.DurableOrchestrationContext):
    """Three generations."""
    notes = Notes(context)
    notes.take("start")
    number = context.get_input() or 0
    yield context.call_activity("echo", str(number))
    notes.take("did")
    if number < 2:
        context.continue_as_new(number + 1)
        notes.take("anew")
        return None
    return notes.values
