"""An app that notes what its triggers hand over and what its worker looks like. `driver.py` says what each is asked.

A note is kept in memory under a key, and `GET /api/notes/{key}` gives all of them back.
"""

# ruff: noqa: D103, ASYNC240 - a function's name is the record's; paths are what one of them is about

import asyncio
import collections
import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

STORAGE = "AzureWebJobsStorage"
NOTES = collections.defaultdict[str, list[dict[str, Any]]](list)
HERE = Path(__file__).resolve().parent
OF_THE_HOST = (
    "FUNCTIONS", "AzureWebJobs", "AZURE_FUNCTIONS", "WEBSITE", "ASPNET", "PYTHON_", "languageWorkers", "NAMED_QUEUE",
)  # fmt: skip


def note(key: str, **what: Any) -> None:
    NOTES[key].append(what)


def shown(value: Any) -> Any:
    """The value as JSON has it; bytes as hexadecimal digits."""
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case None | str() | int() | float():
            return value
        case Mapping():
            return {str(name): shown(item) for name, item in value.items()}
        case list() | tuple():
            return [shown(item) for item in value]
        case _:
            return repr(value)


def as_json(value: Any, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), mimetype="application/json", status_code=status)


@app.route("notes/{key}")
def notes(req: func.HttpRequest) -> func.HttpResponse:
    return as_json(NOTES.get(req.route_params["key"], []))


# Timers


@app.timer_trigger("tick", schedule="*/2 * * * * *", run_on_startup=True, use_monitor=False)
def timer_fast(tick: func.TimerRequest) -> None:
    if len(NOTES["timer-fast"]) < 3:
        note("timer-fast", past_due=tick.past_due, status=shown(tick.schedule_status), schedule=shown(tick.schedule))


@app.timer_trigger("tick", schedule="0 0 3 * * *", run_on_startup=True)
def timer_start(tick: func.TimerRequest) -> None:
    status = tick.schedule_status or {}
    note(
        "timer-start",
        past_due=tick.past_due,
        status={name: bool(value) for name, value in status.items()},
        schedule=shown(tick.schedule),
    )


# The worker


@app.route("worker")
async def worker(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    trace = context.trace_context
    loop = asyncio.get_running_loop()
    context.thread_local_storage.invocation_id = context.invocation_id
    return as_json({
        "cwd_is_app": Path.cwd().resolve() == HERE,
        "file_folder_on_path": str(HERE) in [os.path.realpath(path) for path in sys.path if path],
        "main": Path(getattr(sys.modules["__main__"], "__file__", None) or "").name,
        "module": __name__,
        "app_module_in_sys": "function_app" in sys.modules,
        "thread_main": threading.current_thread() is threading.main_thread(),
        "loop": type(loop).__name__,
        "debug": loop.get_debug(),
        "root_level": logging.getLogger().level,
        "root_handlers": [type(each).__name__ for each in logging.getLogger().handlers],
        "function_name": context.function_name,
        "directory_is_app": os.path.realpath(context.function_directory) == str(HERE),
        "invocation_id": len(context.invocation_id),
        "trace_parent": trace.trace_parent[:3],
        "trace_state": trace.trace_state,
        "trace_attributes": sorted(trace.attributes),
        "retry": shown(context.retry_context),
        "tls": True,
        "env": {name: value for name, value in os.environ.items() if name.startswith(OF_THE_HOST)},
        "argv": len(sys.argv),
        "excepthook": sys.excepthook is sys.__excepthook__,
        "recursion": sys.getrecursionlimit(),
        "encoding": sys.stdout.encoding,
    })  # fmt: skip


@app.route("sync-worker")
def sync_worker(req: func.HttpRequest) -> func.HttpResponse:
    thread = threading.current_thread()
    has_loop = True
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        has_loop = False
    name = thread.name.rpartition("_")[0]
    return as_json({"thread": name, "thread_main": thread is threading.main_thread(), "has_loop": has_loop})


@app.route("form", methods=["POST"])
def form(req: func.HttpRequest) -> func.HttpResponse:
    try:
        body = shown(req.get_json())
    except ValueError as error:
        body = f"ValueError {error}"
    files = {name: [file.filename, file.content_type, len(file.read())] for name, file in req.files.items()}
    return as_json({
        "form": shown(dict(req.form)) if req.form else None,
        "files": files or None,
        "json": body,
        "body": len(req.get_body()),
        "type": req.headers.get("content-type", "").partition(";")[0],
        "url": req.url.split("/", 3)[3],
        "method": req.method,
    })  # fmt: skip


RETURNED: dict[str, Any] = {
    "none": None, "int": 5, "dict": {"a": 1}, "bytes": b"\x00\xff", "ok": func.HttpResponse("ok"),
}  # fmt: skip


@app.route("raise/{kind}")
def raising(req: func.HttpRequest) -> func.HttpResponse:
    match req.route_params["kind"]:
        case "value":
            raise ValueError("broken ü")
        case "timeout":
            raise TimeoutError("slow")
        case kind:
            return RETURNED[kind]


@app.timer_trigger("tick", schedule="0 0 3 * * *", run_on_startup=True)
def off_timer(tick: func.TimerRequest) -> None:
    note("off-timer", past_due=tick.past_due)


@app.route("off", methods=["GET"])
def off_http(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("on")


# Queues


@app.queue_trigger("msg", queue_name="Meta", connection=STORAGE)
def queue_meta(msg: func.QueueMessage) -> None:
    metadata = getattr(msg, "metadata", None) or {}
    note(
        "queue-meta",
        body=shown(msg.get_body()),
        id=bool(msg.id),
        count=msg.dequeue_count,
        inserted=str(msg.insertion_time.tzinfo) if msg.insertion_time else None,
        expires=bool(msg.expiration_time),
        next=bool(msg.time_next_visible),
        receipt=bool(msg.pop_receipt),
        metadata=sorted(metadata),
        kinds={name: type(value).__name__ for name, value in metadata.items()},
    )


@app.queue_trigger("msg", queue_name="text", connection=STORAGE)
def queue_str(msg: str) -> None:
    note("queue-str", type=type(msg).__name__, body=shown(msg))


@app.queue_trigger("msg", queue_name="binary", connection=STORAGE, data_type=func.DataType.BINARY)
def queue_bytes(msg: bytes) -> None:
    note("queue-bytes", type=type(msg).__name__, body=shown(msg))


@app.queue_trigger("msg", queue_name="%NAMED_QUEUE%", connection=STORAGE)
def queue_named(msg: func.QueueMessage) -> None:
    note("queue-named", body=shown(msg.get_body()))


@app.queue_trigger("msg", queue_name="field", connection=STORAGE)
@app.blob_input("doc", path="docs/{doc.id}-{n}.txt", connection=STORAGE)
@app.blob_output("out", path="out/{doc.id}/{rand-guid}.txt", connection=STORAGE)
def queue_field(msg: func.QueueMessage, doc: str, out: func.Out[str]) -> None:
    note("queue-field", doc=shown(doc))
    out.set("x")


@app.queue_trigger("msg", queue_name="whole", connection=STORAGE)
@app.blob_input("doc", path="docs/{queueTrigger}", connection=STORAGE)
def queue_whole(msg: str, doc: str) -> None:
    note("queue-whole", doc=shown(doc))


@app.queue_trigger("msg", queue_name="fail", connection=STORAGE)
def queue_fail(msg: func.QueueMessage, context: func.Context) -> None:
    note("queue-fail", count=msg.dequeue_count, retry=context.retry_context.retry_count)
    raise ValueError("no good message")


@app.queue_trigger("msg", queue_name="retry", connection=STORAGE)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def queue_retry(msg: func.QueueMessage, context: func.Context) -> None:
    retry = context.retry_context
    note(
        "queue-retry",
        count=msg.dequeue_count,
        retry=retry.retry_count,
        most=retry.max_retry_count,
        error=bool(getattr(retry, "exception", None)),
    )
    raise ValueError("again")


@app.queue_trigger("msg", queue_name="off", connection=STORAGE)
def off_queue(msg: func.QueueMessage) -> None:
    note("off-queue", body="ran")


SETS: dict[str, Any] = {
    "str": "plain", "list": ["a", "b"], "json": '{"a": 1}', "bytes": b"\x01\x02", "empty": "", "big": "x" * 70_000,
    "none": None, "messages": [func.QueueMessage(body=b"m1"), func.QueueMessage(body=b"m2")],
}  # fmt: skip


@app.route("answer/{kind}", methods=["POST"])
@app.queue_output("q", queue_name="Answers", connection=STORAGE)
def answer(req: func.HttpRequest, q: func.Out[str]) -> func.HttpResponse:
    q.set(SETS[req.route_params["kind"]])
    return func.HttpResponse("ok")


# Blobs


@app.blob_trigger("blob", path="t-text/{name}", connection=STORAGE)
def blob_stream(blob: func.InputStream) -> None:
    note(
        "blob-stream",
        name=blob.name,
        uri=blob.uri.split("/", 3)[3] if blob.uri else None,
        length=blob.length,
        body=shown(blob.read()),
        properties=sorted(blob.blob_properties or {}),
        metadata=shown(blob.metadata),
    )


@app.blob_trigger("blob", path="t-binary/{name}", connection=STORAGE, data_type=func.DataType.BINARY)
def blob_binary(blob: func.InputStream) -> None:
    note("blob-binary", name=blob.name, length=blob.length, body=shown(blob.read()))


@app.blob_trigger("blob", path="t-str/{name}.{ext}", connection=STORAGE)
@app.blob_output("out", path="out/{name}-{ext}.txt", connection=STORAGE)
@app.queue_output("note_", queue_name="t-notes", connection=STORAGE)
def blob_str(blob: str, out: func.Out[str], note_: func.Out[str]) -> None:
    note("blob-str", type=type(blob).__name__, body=shown(blob))
    out.set(f"copy of {blob!r}")
    note_.set("noted")


# Event Grid


@app.event_grid_trigger("event")
def grid(event: func.EventGridEvent) -> None:
    note(
        "grid",
        id=event.id,
        topic=event.topic,
        subject=event.subject,
        type=event.event_type,
        data=shown(event.get_json()),
        version=event.data_version,
    )


# What is off, and what calls what is off or not there


@app.activity_trigger(input_name="x")
def off_activity(x: int) -> int:
    return x


@app.activity_trigger(input_name="x")
def on_activity(x: int) -> int:
    return x


@app.activity_trigger(input_name="x")
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:00")
def flaky_activity(x: int, context: func.Context) -> list[Any]:
    retry = context.retry_context
    if retry.retry_count < 2:
        raise ValueError(f"try {retry.retry_count}")
    return [retry.retry_count, retry.max_retry_count, "Exception: ValueError: try 1" in retry.rpc_exception.message]


@app.entity_trigger(context_name="context")
def off_entity(context: df.DurableEntityContext) -> None:
    context.set_state("ran")


@app.orchestration_trigger(context_name="context")
def off_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    yield context.call_activity("on_activity", 1)


@app.orchestration_trigger(context_name="context")
def calls(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    given: Any = context.get_input()
    called = given["name"]
    try:
        match given["kind"]:
            case "activity":
                result = yield context.call_activity(called, 1)
            case "child":
                result = yield context.call_sub_orchestrator(called, 1)
            case "signal":
                context.signal_entity(df.EntityId(called, "k"), "get", 1)
                result = "sent"
            case _:
                result = yield context.call_entity(df.EntityId(called, "k"), "get", 1)
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error)[:300]}
    return {"result": result}


@app.route("start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    argument = None
    with contextlib.suppress(ValueError):
        argument = req.get_json()
    try:
        instance = await client.start_new(req.route_params["name"], None, argument)
    except Exception as error:
        return as_json({"error": type(error).__name__, "text": str(error)[:300]}, 500)
    return client.create_check_status_response(req, instance)
