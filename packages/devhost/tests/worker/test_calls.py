"""User code runs where it belongs, and whatever it does is an answer."""

# The functions of these small apps must have the bound parameters, used or not.
# ruff: noqa: ARG001

import asyncio
import json
import logging
import sys
import threading
import time
from typing import Any, List  # noqa: UP035 - as apps must write it

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.wire.frames import encode
from durable_devhost.worker.calls import Calls
from durable_devhost.worker.index import index_app
from durable_devhost.worker.invocation import current_invocation
from packages.devhost.tests.worker.driver import http, text

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")
CLIENT = json.dumps({"taskHubName": "H", "creationUrls": {}, "managementUrls": {"id": "x"}, "rpcBaseUrl": "http://x/"})


class Answers:
    """What was sent, to be waited for on the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def send(self, message: Any) -> bool:
        """Keep the message, from any thread; it must be one that fits into a frame."""
        encode(message)
        self._loop.call_soon_threadsafe(self._queue.put_nowait, message)
        return True

    async def next(self) -> dict[str, Any]:
        """The next answer."""
        return await asyncio.wait_for(self._queue.get(), 10)


class Desk:
    """An app with the calls over it."""

    def __init__(self, app: func.FunctionApp, tmp_path, threads: int | None = None) -> None:
        self.answers = Answers()
        functions = index_app(app, tmp_path).functions
        loop = asyncio.get_running_loop()
        self.left: asyncio.Queue[int] = asyncio.Queue()
        self.calls = Calls(
            functions, self.answers.send, loop, threads=threads,
            leave=lambda code: loop.call_soon_threadsafe(self.left.put_nowait, code),
        )  # fmt: skip

    def start(self, function: str, trigger: Any, number: int = 1, **fields: Any) -> None:
        """Begin a call."""
        given = {"invocation": "inv", "inputs": {}, "metadata": {}, "attempt": None, **fields}
        self.calls.invoke({"kind": "invoke", "id": number, "function": function, "trigger": trigger, **given})

    async def call(self, function: str, trigger: Any, **fields: Any) -> dict[str, Any]:
        """A call and its answer."""
        self.start(function, trigger, **fields)
        return await self.answers.next()


async def test_an_http_function_returns_its_response_and_its_outputs(tmp_path):
    """The recorded blob-out, as the worker sees it."""
    app = func.FunctionApp()

    @app.route(route="blob-out/{name}")
    @app.blob_output(arg_name="target", path="blobs/{name}.txt", connection="Other")
    def out(req: func.HttpRequest, target: func.Out[str]) -> func.HttpResponse:
        target.set("stored: " + req.get_body().decode())
        return func.HttpResponse(status_code=201)

    answer = await Desk(app, tmp_path).call("out", http("POST", "hällo".encode()))
    assert (answer["kind"], answer["id"], answer["result"]["status"]) == ("returned", 1, 201)
    assert answer["outputs"] == {"target": text("stored: hällo", "string")}


async def test_inputs_outputs_and_metadata_reach_their_parameters(tmp_path):
    """A queue function with a blob beside it."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    @app.blob_input(arg_name="source", path="blobs/a", connection="")
    @app.queue_output(arg_name="out", queue_name="x", connection="")
    async def relay(msg: func.QueueMessage, source: bytes, out: func.Out[List[str]]) -> None:  # noqa: UP006
        out.set([str(source), str(msg.dequeue_count)])

    desk = Desk(app, tmp_path)
    metadata = {"DequeueCount": text(2, "int")}
    answer = await desk.call("relay", text("x", "string"), inputs={"source": text(b"b", "bytes")}, metadata=metadata)
    assert json.loads(answer["outputs"]["out"]["value"]) == ["b'b'", "2"]
    answer = await desk.call("relay", text("x", "string"), metadata=metadata)
    assert json.loads(answer["outputs"]["out"]["value"]) == ["None", "2"]


async def test_a_client_function_gets_a_durable_client_and_a_context(tmp_path):
    """The SDK's middleware makes the client from the binding's JSON."""
    app = df.DFApp()

    @app.route()
    @app.durable_client_input(client_name="client")
    async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context) -> str:
        hub = client._orchestration_bindings.task_hub_name
        return f"{hub} {context.invocation_id} {context.retry_context.retry_count}"

    answer = await Desk(app, tmp_path).call(
        "start", http(), inputs={"client": text(CLIENT, "string")},
        attempt={"count": 2, "limit": 3, "message": "", "stack": ""},
    )  # fmt: skip
    assert answer["result"] == text("H inv 2", "string")


async def test_an_entity_runs_its_batch_through_the_sdk(tmp_path):
    """Operations in, state and results out, both as the SDK's JSON."""
    app = df.DFApp()

    @app.entity_trigger(context_name="context")
    def counter(context):
        context.set_state(context.get_state(lambda: 0) + context.get_input())
        context.set_result(context.get_state())

    payload = {
        "self": {"name": "counter", "key": "k"}, "exists": False, "state": None,
        "batch": [{"name": "add", "input": '"5"', "isSignal": False}],
    }  # fmt: skip
    answer = json.loads((await Desk(app, tmp_path).call("counter", text(json.dumps(payload))))["result"]["value"])
    assert (answer["entityState"], answer["results"][0]["result"]) == ("5", "5")


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("kind", [ValueError, StopIteration, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
async def test_any_exception_of_user_code_becomes_the_answer(tmp_path, kind, is_async):
    """In the real worker's words, with the user's frames only; a function must not end the worker."""
    app = df.DFApp()

    def fails(x):
        raise kind('ü "q"')

    async def fails_async(x):
        raise kind('ü "q"')

    app.activity_trigger(input_name="x")(fails_async if is_async else fails)
    answer = await Desk(app, tmp_path).call("fails_async" if is_async else "fails", text("null"))
    if is_async and kind is StopIteration:
        assert answer["message"] == "RuntimeError: coroutine raised StopIteration"  # Python's own doing
        return
    assert (answer["kind"], answer["type_name"]) == ("raised", kind.__name__)
    assert answer["message"] == f'{kind.__name__}: ü "q"'
    assert answer["stack"].count("File ") == 1
    assert answer["stack"].startswith(f'  File "{__file__}", line ')


@pytest.mark.parametrize(("code", "expected"), [(3, 3), (None, 0), ("why", 1), (-1, 255)])
async def test_a_call_of_exit_fails_its_call_and_ends_the_worker(tmp_path, code, expected):
    """Recorded: the caller gets the exit code."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def leaves(x):
        raise SystemExit(code)

    desk = Desk(app, tmp_path)
    answer = await desk.call("leaves", text("null"))
    assert answer["message"] == f"{sys.executable} exited with code {expected} (0x{expected:X})"
    assert await asyncio.wait_for(desk.left.get(), 10) == expected


async def test_values_that_do_not_fit_are_failures(tmp_path):
    """An unserialisable result, a result without a binding, an input of the wrong type, an unknown function."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def odd(x):
        return {1, 2}

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    def nowhere(msg: func.QueueMessage):
        return 5

    @app.route()
    def unsent(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(status_code={1})

    desk = Desk(app, tmp_path)
    answers = [
        await desk.call("odd", text("null")),
        await desk.call("nowhere", text("x", "string")),
        await desk.call("odd", text(b"", "bytes")),
        await desk.call("unsent", http()),
        await desk.call("missing", text("x")),
    ]
    assert [answer["message"] for answer in answers] == [
        "ValueError: activity trigger output must be json serializable ({1, 2})",
        "RuntimeError: function 'nowhere' without a $return bindingreturned a non-None value",
        "TypeError: unable to decode incoming TypedData: unsupported combination of TypedData field 'bytes' "
        "and expected binding type <class 'azure.functions.durable_functions.ActivityTriggerConverter'>",
        "TypeError: a message cannot hold a value of type set",
        "RuntimeError: the app has no function 'missing' that can be called",
    ]


async def test_async_functions_share_one_loop_and_sync_ones_use_threads(tmp_path):
    """Apps keep clients and locks at module level."""
    app = df.DFApp()
    seen = []

    @app.activity_trigger(input_name="x")
    async def which(x):
        seen.append(asyncio.get_running_loop())

    @app.activity_trigger(input_name="x")
    def where(x):
        return threading.current_thread().name

    desk = Desk(app, tmp_path)
    await desk.call("which", text("1"))
    assert seen == [asyncio.get_running_loop()]
    assert (await desk.call("where", text("1")))["result"]["value"] == '"ThreadPoolExecutor-0_0"'


async def test_calls_use_no_more_threads_than_the_setting_allows(tmp_path):
    """PYTHON_THREADPOOL_THREAD_COUNT limits them."""
    app = df.DFApp()
    running, most = 0, 0
    lock = threading.Lock()

    @app.activity_trigger(input_name="x")
    def count(x):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    desk = Desk(app, tmp_path, threads=3)
    for number in range(12):
        desk.start("count", text("1"), number)
    assert sorted([(await desk.answers.next())["id"] for _ in range(12)]) == list(range(12))
    assert most == 3


async def test_a_cancelled_async_function_cleans_up_without_an_answer(tmp_path):
    """Also one that has not begun yet."""
    app = df.DFApp()
    ended = asyncio.Event()
    begun = asyncio.Event()

    @app.activity_trigger(input_name="x")
    async def endless(x):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    @app.activity_trigger(input_name="x")
    async def short(x):
        return 1

    desk = Desk(app, tmp_path)
    desk.start("endless", text("1"), 1)
    await begun.wait()
    desk.calls.cancel(1)
    await asyncio.wait_for(ended.wait(), 10)
    desk.start("endless", text("1"), 2)
    desk.calls.cancel(2)
    desk.calls.cancel(99)
    assert (await desk.call("short", text("1"), number=3))["id"] == 3


@pytest.mark.parametrize("is_async", [False, True])
async def test_code_of_an_invocation_knows_it_and_its_context_does_not_leak(tmp_path, is_async):
    """Contextvars that a function sets do not reach the next one in the same thread."""
    app = df.DFApp()
    level = logging.getLogger().level

    def who(x):
        found = current_invocation()
        return [found.id, found.function_name]

    async def who_async(x):
        return await asyncio.to_thread(who, x)

    app.activity_trigger(input_name="x")(who_async if is_async else who)
    name = "who_async" if is_async else "who"
    answer = await Desk(app, tmp_path, threads=1).call(name, text("1"), invocation="abc")
    assert json.loads(answer["result"]["value"]) == ["abc", name]
    assert (current_invocation(), logging.getLogger().level) == (None, level)
