"""An app of odd answers, in which shows what stands between host and worker. `driver.py` says what each is asked."""

# ruff: noqa: D103 - a function's name is the record's

import datetime
import json
import typing

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

STORAGE = "AzureWebJobsStorage"
HALF = "a\ud83dz"
HEADERS = {
    "name-blank": {"Set-Cookie ": "a=1"},
    "cjk": {"X-Name": "中"},
    "crlf": {"X-Note": "a\r\nX-Evil: 1"},
    "length": {"Content-Length": "3"},
    "chunk": {"Transfer-Encoding": "chunked"},
    "type": {"Content-Type": "application/json; charset=latin-1"},
    "server": {"Server": "mine"},
    "date": {"Date": "yesterday"},
}
COOKIES = {
    "plain": "sid=abc",
    "full": "sid=abc; Path=/x; HttpOnly; Secure; SameSite=Lax; Max-Age=60",
    "expires": "sid=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
    "space": "a=b c",
    "utf8": "e=ünï",
    "quoted": 'q="a;b"',
    "encoded": "p=a%20b",
}
SHOWN_HEADERS = ("cookie", "content-type", "content-length")


@app.route("say", methods=["POST"])
def say(req: func.HttpRequest) -> str:
    return req.get_body().decode()


@app.route("answer", methods=["POST"])
def answer(req: func.HttpRequest) -> func.HttpResponse:
    told = req.get_json()
    body = told.get("body", "")
    return func.HttpResponse(
        bytes.fromhex(body) if told.get("bytes") else body,
        status_code=told.get("status", 200),
        headers=told.get("headers"),
    )


@app.route("header/{which}")
def header(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("ok", headers=HEADERS[req.route_params["which"]])


@app.route("cookie/{which}")
def cookie(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("ok", headers={"Set-Cookie": COOKIES[req.route_params["which"]]})


@app.route("echo/{*rest}", methods=["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url.split("://", 1)[1].split("/", 1)[1],
        "route": dict(req.route_params),
        "params": dict(req.params),
        "headers": {k: v for k, v in req.headers.items() if k.startswith("x-e-") or k in SHOWN_HEADERS},
        "body": req.get_body().hex(),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route("only/{id:int}", methods=["GET"])
def only(req: func.HttpRequest) -> str:
    return "int " + req.route_params["id"]


@app.route("none")
def none(req: func.HttpRequest) -> func.HttpResponse:
    return None


@app.route("enqueue", methods=["POST"])
@app.queue_output(arg_name="out", queue_name="edges-out", connection=STORAGE)
def enqueue(req: func.HttpRequest, out: func.Out[str]) -> str:
    out.set(req.get_body().decode())
    return "queued"


@app.route("enqueue-bytes", methods=["POST"])
@app.queue_output(arg_name="out", queue_name="edges-out", connection=STORAGE)
def enqueue_bytes(req: func.HttpRequest, out: func.Out[bytes]) -> str:
    out.set(req.get_body())
    return "queued"


@app.queue_trigger(arg_name="msg", queue_name="edges-in", connection=STORAGE)
@app.blob_output(arg_name="seen", path="edges/seen-{id}.json", connection=STORAGE)
def dequeue(msg: func.QueueMessage, seen: func.Out[str]) -> None:
    seen.set(json.dumps({"body": msg.get_body().hex(), "type": type(msg.get_body()).__name__}))


@app.queue_trigger(arg_name="msg", queue_name="edges-fail", connection=STORAGE)
def dequeue_fail(msg: func.QueueMessage) -> None:
    raise RuntimeError(f"never {msg.dequeue_count}")


@app.route("blob-put", methods=["POST"])
@app.blob_output(arg_name="out", path="edges/thing.bin", connection=STORAGE)
def blob_put(req: func.HttpRequest, out: func.Out[bytes]) -> str:
    out.set(req.get_body())
    return "stored"


@app.route("blob-stream")
@app.blob_input(arg_name="blob", path="edges/thing.bin", connection=STORAGE)
def blob_stream(req: func.HttpRequest, blob: func.InputStream) -> str:
    return "h" + blob.read().hex()


@app.route("blob-binary")
@app.blob_input(arg_name="blob", path="edges/thing.bin", connection=STORAGE, data_type="binary")
def blob_binary(req: func.HttpRequest, blob: func.InputStream) -> str:
    return "h" + blob.read().hex()


@app.route("blob-str")
@app.blob_input(arg_name="blob", path="edges/thing.bin", connection=STORAGE)
def blob_str(req: func.HttpRequest, blob: str) -> str:
    return f"{type(blob).__name__} {blob!r}"


@app.route("blob-bytes")
@app.blob_input(arg_name="blob", path="edges/thing.bin", connection=STORAGE)
def blob_bytes(req: func.HttpRequest, blob: bytes) -> str:
    return f"{type(blob).__name__} {blob!r}"


@app.route("blob-missing")
@app.blob_input(arg_name="blob", path="edges/nothing.bin", connection=STORAGE)
def blob_missing(req: func.HttpRequest, blob: func.InputStream) -> str:
    return f"got {blob!r}"


@app.route("start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    body = req.get_body()
    argument = json.loads(body) if body else None
    instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), argument)
    return client.create_check_status_response(req, instance_id)


@app.activity_trigger(input_name="x")
def ident(x: typing.Any) -> typing.Any:
    return x


@app.activity_trigger(input_name="kind")
def odd(kind: str) -> typing.Any:
    match kind:
        case "nan":
            return float("nan")
        case "inf" | "float":
            return float("inf")
        case "big":
            return 12345678901234567890123
        case "mixed":
            return {"a": float("nan"), "b": [float("-inf")]}
        case "half":
            return HALF
        case "deep":
            return json.loads("[" * 65 + "]" * 65)
        case "exit":
            raise SystemExit(3)
        case "set":
            return {1, 2}
        case "bytes":
            return b"\xff"
        case "raise-nul":
            raise ValueError("a\x00b")
        case "raise-big":
            raise ValueError("x" * 100_000)
    raise KeyError(kind)


@app.orchestration_trigger(context_name="context")
def odd_result(context: df.DurableOrchestrationContext):
    try:
        result = yield context.call_activity("odd", context.get_input())
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error)[:300]}
    return {"type": type(result).__name__, "repr": repr(result)}


@app.orchestration_trigger(context_name="context")
def odd_output(context: df.DurableOrchestrationContext):
    yield context.call_activity("ident", 1)
    return {"nan": float("nan"), "half": HALF}[context.get_input()]


@app.orchestration_trigger(context_name="context")
def odd_status(context: df.DurableOrchestrationContext):
    when, kind = context.get_input().split(":")
    status = {
        "nan": float("nan"), "half": HALF, "17k": "s" * 17_000, "zero": 0, "false": False, "empty": "", "list": [],
    }[kind]  # fmt: skip
    if when == "first":
        context.set_custom_status(status)
    yield context.call_activity("ident", 1)
    context.set_custom_status(status)
    yield context.call_activity("ident", 2)
    return "end"


@app.orchestration_trigger(context_name="context")
def not_generator(context: df.DurableOrchestrationContext):
    if context.get_input() == "raise":
        raise KeyError("before any yield")
    return {"plain": 5, "none": None}[context.get_input()]


@app.orchestration_trigger(context_name="context")
def bad_yield(context: df.DurableOrchestrationContext):
    yield {"int": 5, "list": []}[context.get_input()]
    return "went on"


@app.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext):
    context.set_custom_status(f"for {context.get_input()}")
    answered = yield context.wait_for_external_event("Answer")
    return [context.get_input(), answered]


@app.orchestration_trigger(context_name="context")
def parent_of(context: df.DurableOrchestrationContext):
    told = context.get_input()
    try:
        result = yield context.call_sub_orchestrator(told.get("name", "waits"), told.get("as"), told.get("child"))
    except Exception as error:
        return ["child failed", str(error)]
    return ["child ended", result]


@app.orchestration_trigger(context_name="context")
def can_pending(context: df.DurableOrchestrationContext):
    """Continue as new while an activity and a timer are still open."""
    turn = context.get_input()
    if turn >= 2:
        return turn
    context.call_activity("ident", turn)
    context.create_timer(context.current_utc_datetime + datetime.timedelta(seconds=2))
    yield context.call_activity("ident", "wait")
    context.continue_as_new(turn + 1)


@app.orchestration_trigger(context_name="context")
def clock_turns(context: df.DurableOrchestrationContext):
    """Wait once in each execution, for three events and a timer, then begin anew; the second that times out ends it."""
    said = context.get_input() or {"turns": 0, "heard": []}
    turn = said["turns"]
    yield context.call_activity("ident", turn)
    waits = {name: context.wait_for_external_event(name) for name in ("Wake", "One", "Two")}
    timer = context.create_timer(context.current_utc_datetime + datetime.timedelta(seconds=6))
    yield context.task_any([*waits.values(), timer])
    heard = said["heard"] + [[turn, name, wait.result] for name, wait in waits.items() if wait.is_completed]
    if timer.is_completed:
        heard.append([turn, "timer", None])
    context.set_custom_status({"turns": turn, "heard": heard})
    if not timer.is_completed:
        timer.cancel()
    elif turn >= 1:
        return {"turns": turn, "heard": heard}
    context.continue_as_new({"turns": turn + 1, "heard": heard})


@app.orchestration_trigger(context_name="context")
def timers(context: df.DurableOrchestrationContext):
    now = context.current_utc_datetime
    yield context.create_timer(now - datetime.timedelta(hours=1))
    yield context.create_timer(now)
    both = [context.create_timer(now + datetime.timedelta(seconds=1)) for _ in range(2)]
    yield context.task_any(both)
    yield context.task_all(both)
    return "all"


@app.orchestration_trigger(context_name="context")
def event_names(context: df.DurableOrchestrationContext):
    heard = yield context.wait_for_external_event(context.get_input())
    return heard


@app.entity_trigger(context_name="context")
def Box(context: df.DurableEntityContext):
    match context.operation_name:
        case "set":
            context.set_state(context.get_input())
        case "raise":
            raise ValueError("no such thing")
        case "half":
            context.set_state(HALF)
        case "nan":
            context.set_state(float("nan"))
        case "destroy":
            context.destruct_on_exit()
    context.set_result(context.get_state(lambda: None))


@app.orchestration_trigger(context_name="context")
def boxes(context: df.DurableOrchestrationContext):
    told = context.get_input()
    answers = []
    for operation, argument in told["ops"]:
        try:
            answers.append((yield context.call_entity(df.EntityId("Box", told["key"]), operation, argument)))
        except Exception as error:
            answers.append(f"error {error}")
    return answers


@app.route("box/{key}")
@app.durable_client_input(client_name="client")
async def read_box(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    found = await client.read_entity_state(df.EntityId("Box", req.route_params["key"]))
    return func.HttpResponse(json.dumps({"exists": found.entity_exists, "state": found.entity_state}))
