"""An app of flows with a corner in each, of a client's questions, and of ASGI and WSGI. `driver.py` starts and asks."""

# ruff: noqa: D103, PERF401 - a function's name is the record's, and a comprehension cannot yield

import collections
import contextlib
import json
from collections.abc import Callable, Generator, Iterable
from datetime import timedelta, timezone
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

Context = df.DurableOrchestrationContext
Flow = Generator[Any, Any, Any]
TRIES = collections.Counter[str]()
SHORTLY = 200
PAYLOADS: list[Any] = [
    None, "", "null", "5", 0, False, [], {}, [[]], {"a": None}, 1.0, 1e100, "ü\u2028", {"ü": "ü"}, {"__class__": "x"},
    ["$type"], {"$type": "System.String"},
]  # fmt: skip


def as_json(value: Any) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value, default=str), mimetype="application/json")


def gave_up(error: Exception, shown: int) -> list[str]:
    return ["gave up", type(error).__name__, str(error)[:shown]]


# What flows call


@app.activity_trigger(input_name="x")
def echo(x: Any) -> Any:
    return x


@app.activity_trigger(input_name="asked")
def flaky(asked: dict) -> str:
    key = asked["key"]
    TRIES[key] += 1
    if TRIES[key] <= asked["fails"]:
        raise ValueError(f"try {TRIES[key]}")
    return f"after {TRIES[key]}"


@app.activity_trigger(input_name="x")
def boom(x: str) -> str:
    raise KeyError(x)


@app.entity_trigger(context_name="context")
def box(context: df.DurableEntityContext) -> None:
    state: Any = context.get_state(lambda: {"n": 0, "log": []})
    match context.operation_name:
        case "add":
            state["n"] += context.get_input()
            state["log"].append(context.get_input())
            context.set_state(state)
            context.set_result(state["n"])
        case "add-then-raise":
            state["n"] += context.get_input()
            context.set_state(state)
            raise ValueError("after set_state")
        case "get":
            context.set_result(state)
        case "key":
            context.set_result([context.entity_name, context.entity_key, context.is_newly_constructed])
        case "destroy":
            context.destruct_on_exit()


# Several tasks at once


@app.orchestration_trigger(context_name="context")
def all_then_each(context: Context) -> Flow:
    tasks = [context.call_activity("echo", 1), context.call_activity("boom", "b"), context.call_activity("echo", 3)]
    first, each = "", []
    try:
        yield context.task_all(tasks)
    except Exception as error:
        first = str(error)[:60]
    for task in tasks:
        try:
            each.append((yield task))
        except Exception as error:
            each.append(str(error)[:60])
    return [first, each]


@app.orchestration_trigger(context_name="context")
def any_then_rest(context: Context) -> Flow:
    tasks = [context.call_activity("echo", number) for number in range(3)]
    winner = yield context.task_any(tasks)
    others = yield context.task_all([task for task in tasks if task is not winner])
    return sorted([winner.result, *others])


@app.orchestration_trigger(context_name="context")
def nested(context: Context) -> Flow:
    both = context.task_all([context.call_activity("echo", 1), context.call_activity("echo", 2)])
    winner = yield context.task_any([both, context.wait_for_external_event("Never")])
    return [winner is both, both.result if winner is both else None]


@app.orchestration_trigger(context_name="context")
def any_failing(context: Context) -> Flow:
    tasks = [context.call_activity("boom", "x"), context.wait_for_external_event("Never")]
    winner = yield context.task_any(tasks)
    return ["result", str(winner.result)[:80], winner.is_completed, getattr(winner, "is_faulted", None)]


# Tries


@app.orchestration_trigger(context_name="context")
def child_retry(context: Context) -> Flow:
    child, options = f"{context.instance_id}:r", df.RetryOptions(SHORTLY, 3)
    return (yield context.call_sub_orchestrator_with_retry("child_fails", options, context.instance_id, child))


@app.orchestration_trigger(context_name="context")
def child_fails(context: Context) -> Flow:
    return (yield context.call_activity("flaky", {"key": context.get_input(), "fails": 2}))


@app.orchestration_trigger(context_name="context")
def child_retry_gives_up(context: Context) -> Flow:
    try:
        yield context.call_sub_orchestrator_with_retry("child_always", df.RetryOptions(SHORTLY, 2), None)
    except Exception as error:
        return gave_up(error, 160)


@app.orchestration_trigger(context_name="context")
def child_always(context: Context) -> Flow:
    yield context.call_activity("boom", "always")


@app.orchestration_trigger(context_name="context")
def activity_retry_gives_up(context: Context) -> Flow:
    asked = {"key": context.instance_id, "fails": 9}
    try:
        yield context.call_activity_with_retry("flaky", df.RetryOptions(SHORTLY, 2), asked)
    except Exception as error:
        return gave_up(error, 120)


@app.orchestration_trigger(context_name="context")
def retries_at_once(context: Context) -> Flow:
    options = df.RetryOptions(SHORTLY, 4)
    asked = [{"key": f"{context.instance_id}-{fails}", "fails": fails} for fails in range(3)]
    return (yield context.task_all([context.call_activity_with_retry("flaky", options, each) for each in asked]))


# Entities


@app.orchestration_trigger(context_name="context")
def signal_then_call(context: Context) -> Flow:
    entity = df.EntityId("box", context.instance_id)
    for number in (1, 2, 3):
        context.signal_entity(entity, "add", number)
    total = yield context.call_entity(entity, "add", 10)
    return [total, (yield context.call_entity(entity, "get"))]


@app.orchestration_trigger(context_name="context")
def entity_raises(context: Context) -> Flow:
    entity = df.EntityId("box", context.instance_id)
    seen = [(yield context.call_entity(entity, "add", 5))]
    try:
        yield context.call_entity(entity, "add-then-raise", 100)
    except Exception as error:
        seen.append(["raised", type(error).__name__, str(error)[:60]])
    return [*seen, (yield context.call_entity(entity, "get"))]


@app.orchestration_trigger(context_name="context")
def entity_corners(context: Context) -> Flow:
    entity, shouted = df.EntityId("box", context.instance_id), df.EntityId("BOX", context.instance_id)
    seen = []
    for operation in ("key", "none", "add", "destroy", "key"):
        seen.append((yield context.call_entity(entity, operation, 1)))
    return [*seen, (yield context.call_entity(shouted, "key"))]


# Time, ids, values


@app.orchestration_trigger(context_name="context")
def timers_odd(context: Context) -> Flow:
    yield context.create_timer(context.current_utc_datetime - timedelta(days=1))
    without_zone = (context.current_utc_datetime + timedelta(seconds=1)).replace(tzinfo=None)
    with contextlib.suppress(TypeError):
        yield context.create_timer(without_zone)
    soon = context.current_utc_datetime + timedelta(seconds=1)
    yield context.create_timer(soon.astimezone(timezone(timedelta(hours=5))))
    return "fired"


@app.orchestration_trigger(context_name="context")
def long_timer(context: Context) -> Flow:
    timer = context.create_timer(context.current_utc_datetime + timedelta(days=20))
    go = context.wait_for_external_event("Go")
    winner = yield context.task_any([timer, go])
    if winner is go:
        timer.cancel()
    return winner is go


@app.orchestration_trigger(context_name="context")
def guids(context: Context) -> Flow:
    made = [context.new_guid(), context.new_guid()]
    other = context.new_uuid()
    yield context.call_activity("echo", 1)
    made.append(context.new_guid())
    are_different = len({str(each) for each in made}) == 3
    return [are_different, len(str(other)), context.instance_id != "", context.parent_instance_id]


@app.orchestration_trigger(context_name="context")
def same_name_events(context: Context) -> Flow:
    waits = [context.wait_for_external_event("Go"), context.wait_for_external_event("Go")]
    return [(yield waits[0]), (yield waits[1])]


@app.orchestration_trigger(context_name="context")
def payloads(context: Context) -> Flow:
    seen = []
    for payload in PAYLOADS:
        seen.append((yield context.call_activity("echo", payload)))
    return seen


@app.orchestration_trigger(context_name="context")
def locked_out(context: Context) -> Flow:
    context.call_activity("echo", "never waited for")
    yield context.call_activity("echo", "waited for")
    return "done"


@app.orchestration_trigger(context_name="context")
def history_of_status(context: Context) -> Flow:
    for number in range(3):
        context.set_custom_status({"i": number})
        yield context.call_activity("echo", number)
    context.set_custom_status("last")
    return "ok"


@app.orchestration_trigger(context_name="context")
def returns_generator_value(context: Context) -> Flow:
    yield context.call_activity("echo", 1)


# Durable HTTP calls


@app.orchestration_trigger(context_name="context")
def http_poll(context: Context) -> Flow:
    given: Any = context.get_input()
    got = yield context.call_http("GET", given["base"] + "/api/plain?x=1", None, {"x-own": "1"})
    names = sorted(name.lower() for name in got["headers"])
    return [got["statusCode"], got["content"][:40], [name for name in names if name in ("content-type", "x-back")]]


@app.orchestration_trigger(context_name="context")
def http_fails(context: Context) -> Flow:
    try:
        yield context.call_http("GET", "http://127.0.0.1:1/none")
    except Exception as error:
        return ["raised", type(error).__name__, str(error)[:60]]


@app.orchestration_trigger(context_name="context")
def http_post(context: Context) -> Flow:
    given: Any = context.get_input()
    headers = {"content-type": "application/json; charset=utf-8"}
    got = yield context.call_http("POST", given["base"] + "/api/back", json.dumps({"a": "ü"}), headers)
    return [got["statusCode"], got["content"]]


@app.route("plain")
def plain(req: func.HttpRequest) -> func.HttpResponse:
    text = f"plain {req.params.get('x')} {req.headers.get('x-own')}"
    return func.HttpResponse(text, headers={"x-back": "1"})


@app.route("back", methods=["POST"])
def back(req: func.HttpRequest) -> func.HttpResponse:
    return as_json([req.get_body().decode(errors="replace"), req.headers.get("content-type")])


# Clients


@app.route("start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    argument = req.get_json() if req.get_body() else None
    instance = await client.start_new(req.route_params["name"], None, argument)
    return client.create_check_status_response(req, instance)


@app.route("client/{what}/{id}")
@app.durable_client_input(client_name="client")
async def ask(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    try:
        return as_json(await asked(client, req.route_params["what"], req.route_params["id"]))
    except Exception as error:
        return as_json([type(error).__name__, str(error)[:200]])


async def asked(client: df.DurableOrchestrationClient, what: str, instance: str) -> Any:
    match what:
        case "status":
            status = await client.get_status(instance)
            fields = (status.instance_id, status.name, status.output, status.custom_status)
            return [str(status.runtime_status), *fields]
        case "raise":
            await client.raise_event(instance, "Go", {"a": 1})
        case "purge":
            return (await client.purge_instance_history(instance)).instances_deleted
        case "entity":
            state = await client.read_entity_state(df.EntityId("box", instance))
            return [state.entity_exists, state.entity_state]
        case _:
            await getattr(client, what)(instance, "r")
    return "ok"


# Middlewares


async def asgi(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    shown = ("type", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path")
    seen = {name: _text(scope[name]) for name in shown if name in scope}
    seen["headers"] = sorted([_text(name), _text(value)] for name, value in scope["headers"] if name[:3] == b"x-e")
    headers = [
        (b"content-type", b"application/json"), (b"x-one", b"1"), (b"x-one", b"2"),
        (b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    content = json.dumps({**seen, "body": _text(body)}).encode()
    await send({"type": "http.response.body", "body": content, "more_body": True})
    await send({"type": "http.response.body", "body": b"!"})


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@app.route("asgi/{*rest}", methods=["GET", "POST"])
async def through_asgi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await func.AsgiMiddleware(asgi).handle_async(req, context)


WSGI_NAMES = (
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME",
    "HTTP_X_E",
)  # fmt: skip


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("202 Accepted", [("Content-Type", "application/json"), ("X-One", "1")])
    return [json.dumps({name: environ.get(name) for name in WSGI_NAMES}).encode()]


@app.route("wsgi/{*rest}", methods=["GET", "POST"])
def through_wsgi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return func.WsgiMiddleware(wsgi).handle(req, context)
