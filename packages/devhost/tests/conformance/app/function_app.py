"""One function per behaviour that the real host was recorded with; names and results are those of the recordings."""

import json
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func
from work import bp

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
STORAGE = "AzureWebJobsStorage"

app.register_functions(bp)


def answer(value, **options):
    """A response with `value` as JSON."""
    return func.HttpResponse(json.dumps(value, default=str), mimetype="application/json", **options)


# Clients


async def start(req, client, instance_id=None):
    """Start the orchestrator that the route names, with the body as its input."""
    body = req.get_body()
    return await client.start_new(req.route_params["functionName"], instance_id, json.loads(body) if body else None)


@app.route(route="orchestrators/{functionName}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def http_start(req: func.HttpRequest, client):
    """Start and answer with the management URLs."""
    return client.create_check_status_response(req, await start(req, client, req.params.get("id")))


@app.route(route="wait/{functionName}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def http_start_and_wait(req: func.HttpRequest, client):
    """Start and answer with the output where it comes in time."""
    return await client.wait_for_completion_or_create_check_status_response(
        req, await start(req, client), timeout_in_milliseconds=8000, retry_interval_in_milliseconds=200
    )


@app.route(route="status/{id}")
@app.durable_client_input(client_name="client")
async def status(req: func.HttpRequest, client):
    """Show what the Python client sees of an instance."""
    found = await client.get_status(
        req.route_params["id"], show_history=True, show_history_output=True, show_input=True
    )
    return answer(found.to_json())


@app.route(route="raise/{id}/{event}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def raise_it(req: func.HttpRequest, client):
    """Raise an event through the Python client."""
    await client.raise_event(req.route_params["id"], req.route_params["event"], req.get_json())
    return func.HttpResponse(status_code=202)


@app.route(route="counter/{key}", methods=["GET", "POST"])
@app.durable_client_input(client_name="client")
async def counter_http(req: func.HttpRequest, client):
    """Add to a counter, or read it."""
    counter = df.EntityId("Counter", req.route_params["key"])
    if req.method == "POST":
        await client.signal_entity(counter, "add", int(req.params.get("by", "1")))
        return func.HttpResponse(status_code=202)
    found = await client.read_entity_state(counter)
    return answer({"exists": found.entity_exists, "state": found.entity_state})


# Plain HTTP, queues and blobs


@app.route(route="echo/{name:alpha}/{n:int?}", methods=["GET", "POST", "PUT"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with what arrived."""
    seen = {
        "route": dict(sorted(req.route_params.items())),
        "params": dict(req.params),
        "method": req.method,
        "url": req.url,
    }
    seen |= {"body": req.get_body().decode("utf-8", "replace"), "ctype": req.headers.get("content-type")}
    return answer(seen, status_code=207, headers={"X-Truth": "yes"})


@app.route(route="plain")
def plain(req: func.HttpRequest) -> str:
    """Answer with a bare text."""
    return "plain text"


@app.route(route="boom")
def boom(req: func.HttpRequest) -> func.HttpResponse:
    """Raise."""
    raise ValueError("boom in http")


@app.route(route="secret", auth_level=func.AuthLevel.FUNCTION)
def secret(req: func.HttpRequest) -> func.HttpResponse:
    """Answer to those who have a key."""
    return func.HttpResponse("ok")


@app.queue_trigger(arg_name="msg", queue_name="truth-approvals", connection=STORAGE)
@app.durable_client_input(client_name="client")
async def on_approval(msg: func.QueueMessage, client):
    """Raise the Approval that a message asks for; what is no JSON or says so itself is poison."""
    body = json.loads(msg.get_body().decode())
    if body.get("poison"):
        raise RuntimeError("poison message")
    await client.raise_event(body["id"], "Approval", body["approved"])


@app.queue_trigger(arg_name="msg", queue_name="truth-in", connection=STORAGE)
@app.queue_output(arg_name="out", queue_name="truth-out", connection=STORAGE)
def relay(msg: func.QueueMessage, out: func.Out[str]) -> None:
    """Write to the next queue what was seen of a message."""
    seen = {"body": msg.get_body().decode("utf-8", "replace"), "dequeue": msg.dequeue_count}
    out.set(json.dumps(seen | {"id": bool(msg.id), "inserted": msg.insertion_time is not None}))


@app.route(route="blob-out/{name}", methods=["POST"])
@app.blob_output(arg_name="target", path="truth-blobs/{name}.txt", connection=STORAGE)
def blob_out(req: func.HttpRequest, target: func.Out[str]) -> func.HttpResponse:
    """Store the body."""
    target.set(f"stored: {req.get_body().decode()}")
    return func.HttpResponse(status_code=201)


@app.route(route="blob-in/{name}", methods=["GET"])
@app.blob_input(arg_name="source", path="truth-blobs/{name}.txt", connection=STORAGE)
def blob_in(req: func.HttpRequest, source: func.InputStream) -> func.HttpResponse:
    """Show what was stored."""
    if source is None:
        return func.HttpResponse("none", status_code=404)
    return func.HttpResponse(f"{source.name}|{source.length}|{source.read().decode()}")


# Orchestrators

orchestrator = app.orchestration_trigger(context_name="context")


@orchestrator
def hello_sequence(context: df.DurableOrchestrationContext):
    """Activities one after the other, with texts beyond ASCII."""
    hellos = []
    for city in ("Tokyo", "Zürich", "東京"):
        hello = yield context.call_activity("say_hello", city)
        hellos.append(hello)
    return hellos


@orchestrator
def fan_out(context: df.DurableOrchestrationContext):
    """Activities at once."""
    squares = [context.call_activity("square", n) for n in range(context.get_input() or 5)]
    return sum((yield context.task_all(squares)))


@orchestrator
def long_loop(context: df.DurableOrchestrationContext):
    """Many episodes."""
    total = 0
    for n in range(context.get_input() or 20):
        total += yield context.call_activity("square", n)
    return total


@orchestrator
def types_round_trip(context: df.DurableOrchestrationContext):
    """Every kind of JSON value to an activity and back."""
    returned = []
    for value in (None, True, 0, -1.5, "", 'ü\n"', [], {}, {"a": [1, {"b": None}]}, [1, "2", None]):
        back = yield context.call_activity("identity", value)
        returned.append(back)
    return {"in": context.get_input(), "out": returned}


@orchestrator
def approval(context: df.DurableOrchestrationContext):
    """A decision, or an escalation when none comes in time."""
    seconds = (context.get_input() or {}).get("seconds", 3600)
    timeout = context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))
    decision = context.wait_for_external_event("Approval")
    if (yield context.task_any([decision, timeout])) == decision:
        timeout.cancel()
        return {"decision": decision.result}
    yield context.call_activity("say_hello", "escalated")
    return {"decision": "escalated"}


@orchestrator
def two_events(context: df.DurableOrchestrationContext):
    """Two events of one name with an activity between them."""
    first = yield context.wait_for_external_event("Go")
    yield context.call_activity("say_hello", "between")
    return [first, (yield context.wait_for_external_event("Go"))]


@orchestrator
def both_events(context: df.DurableOrchestrationContext):
    """Two events in any order."""
    return (yield context.task_all([context.wait_for_external_event(name) for name in "AB"]))


@orchestrator
def custom_status(context: df.DurableOrchestrationContext):
    """Two custom statuses around an event."""
    context.set_custom_status({"phase": 1})
    yield context.wait_for_external_event("Next")
    context.set_custom_status("done-ü")
    return True


@orchestrator
def retries(context: df.DurableOrchestrationContext):
    """An activity that succeeds at the third attempt."""
    spec = {"key": context.instance_id, "fail": 2}
    return (yield context.call_activity_with_retry("flaky", df.RetryOptions(200, 3), spec))


@orchestrator
def retries_exhausted(context: df.DurableOrchestrationContext):
    """An activity that never succeeds."""
    spec = {"key": context.instance_id, "fail": 9}
    try:
        yield context.call_activity_with_retry("flaky", df.RetryOptions(200, 2), spec)
    except Exception as error:
        return {"type": type(error).__name__, "text": str(error)}


@orchestrator
def caught_failure(context: df.DurableOrchestrationContext):
    """A failure that is made good."""
    try:
        yield context.call_activity("always_fails", "x")
    except Exception as error:
        yield context.call_activity("say_hello", "compensated")
        return {"type": type(error).__name__, "text": str(error)}


@orchestrator
def uncaught_failure(context: df.DurableOrchestrationContext):
    """A failure that nobody catches."""
    yield context.call_activity("always_fails", "x")


@orchestrator
def orchestrator_raises(context: df.DurableOrchestrationContext):
    """A bug in the orchestrator itself."""
    yield context.call_activity("say_hello", "before")
    raise KeyError("orchestrator bug")


@orchestrator
def unknown_activity(context: df.DurableOrchestrationContext):
    """An activity that does not exist."""
    yield context.call_activity("no_such_activity", 1)


@orchestrator
def no_yield(context: df.DurableOrchestrationContext):
    """The input again, at once."""
    return {"echo": context.get_input()}
    yield


@orchestrator
def parent(context: df.DurableOrchestrationContext):
    """Two children, the second with an id of its own."""
    first = yield context.call_sub_orchestrator("child", {"n": 1})
    return [first, (yield context.call_sub_orchestrator("child", {"n": 2}, f"{context.instance_id}:kid"))]


@orchestrator
def child(context: df.DurableOrchestrationContext):
    """A child that knows whether it has a parent."""
    n = context.get_input()["n"]
    square_of_n = yield context.call_activity("square", n)
    return {"n": n, "sq": square_of_n, "parent": context.parent_instance_id is not None}


@orchestrator
def eternal(context: df.DurableOrchestrationContext):
    """Three rounds more, each a new execution."""
    n = context.get_input() or 0
    yield context.call_activity("say_hello", f"round {n}")
    if n < 3:
        return context.continue_as_new(n + 1)
    return n


@orchestrator
def guid_and_time(context: df.DurableOrchestrationContext):
    """Ids and times that replay gives again."""
    before = str(context.new_guid()), context.current_utc_datetime.isoformat()
    yield context.call_activity("say_hello", "x")
    after = str(context.new_guid()), context.current_utc_datetime.isoformat()
    return [before[0] != after[0], before[1] <= after[1], before[0], after[0]]


@orchestrator
def big_payload(context: df.DurableOrchestrationContext):
    """Values that no queue message and no table column can hold."""
    text = yield context.call_activity("make_text", (context.get_input() or {}).get("n", 200_000))
    return {"size": (yield context.call_activity("measure", text)), "text": text}


@orchestrator
def short_timer(context: df.DurableOrchestrationContext):
    """A timer of a second."""
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    return "fired"


@orchestrator
def long_timer(context: df.DurableOrchestrationContext):
    """A timer longer than the three days that one message may be hidden."""
    yield context.create_timer(context.current_utc_datetime + timedelta(days=10))
    return "fired"


@orchestrator
def entity_calls(context: df.DurableOrchestrationContext):
    """A signal, two calls and a call that fails."""
    counter = df.EntityId("Counter", context.get_input() or "k")
    context.signal_entity(counter, "add", 5)
    added = yield context.call_entity(counter, "add", 2)
    got = yield context.call_entity(counter, "get")
    try:
        yield context.call_entity(counter, "explode")
    except Exception as error:
        return [added, got, str(error)]
    return [added, got, "no error"]


@orchestrator
def http_call(context: df.DurableOrchestrationContext):
    """A request that the host makes."""
    response = yield context.call_http("GET", context.get_input())
    return {"status": response["statusCode"], "content": response["content"]}


@orchestrator
def any_of_activities(context: df.DurableOrchestrationContext):
    """The faster of two activities."""
    return (yield context.task_any([context.call_activity("sleepy", seconds) for seconds in (3, 0)])).result
