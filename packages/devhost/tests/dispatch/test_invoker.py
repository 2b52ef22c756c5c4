"""One invocation from the trigger's payload to the stored outputs."""

# The functions of these small apps must have the bound parameters, used or not.
# ruff: noqa: ARG001

import asyncio
import json
from typing import Any, List  # noqa: UP035 - as apps must write it

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.connection import WorkerGone
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Raised, Returned
from durable_devhost.triggers.requests import made_request
from packages.devhost.tests.dispatch.conftest import CLIENT

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


def _request(method: str = "GET", body: bytes = b"", **route_params: str) -> dict[str, Any]:
    return made_request(method=method, url="http://localhost/api/x", route_params=route_params, body=body)


def _text(value: str) -> Returned:
    return Returned(value={"type": "string", "value": value})


async def test_an_http_function_returns_its_response_and_stores_its_outputs(invoker, bindings, build):
    """The recorded blob-out: the route gives the path."""
    app = func.FunctionApp()

    @app.route(route="blob-out/{name}")
    @app.blob_output(arg_name="target", path="blobs/{name}.txt", connection="Other")
    def out(req: func.HttpRequest, target: func.Out[str]) -> func.HttpResponse:
        target.set("stored: " + req.get_body().decode())
        return func.HttpResponse(status_code=201)

    outcome = await invoker.invoke(build(app), trigger_value=_request("POST", "hällo".encode(), name="one"))
    assert (outcome.value["type"], outcome.value["status"]) == ("http", 201)
    assert outcome.outputs == {"target": {"type": "string", "value": "stored: hällo"}}
    assert bindings.blobs == {("Other", "blobs", "one.txt"): "stored: hällo".encode()}


async def test_a_blob_input_is_read_or_none(invoker, bindings, build):
    """The recorded blob-in and blob-in_missing."""
    app = func.FunctionApp()

    @app.route(route="blob-in/{name}")
    @app.blob_input(arg_name="source", path="blobs/{name}.txt", connection="")
    def read(req: func.HttpRequest, source: func.InputStream) -> str:
        return "none" if source is None else source.read().decode()

    bindings.blobs[None, "blobs", "one.txt"] = b"here"
    function = build(app)
    assert await invoker.invoke(function, trigger_value=_request(name="one")) == _text("here")
    assert await invoker.invoke(function, trigger_value=_request(name="two")) == _text("none")


async def test_a_picture_read_as_text_is_a_warning(invoker, bindings, build, ends):
    """It names the setting that fixes it; the annotation makes no difference."""
    app = func.FunctionApp()

    @app.route()
    @app.blob_input(arg_name="source", path="blobs/one.png", connection="")
    def read(req: func.HttpRequest, source: func.InputStream) -> str:
        return source.read().hex()

    bindings.blobs[None, "blobs", "one.png"] = b"\x89PNG"
    assert await invoker.invoke(build(app), trigger_value=_request()) == _text("efbfbd504e47")
    assert ends.advice[0].startswith("The blob 'source' of 'read' was read as text")


async def test_a_queue_function_enqueues_to_a_queue_named_by_its_message(invoker, bindings, build):
    """The properties of a JSON message are binding data."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    @app.queue_output(arg_name="out", queue_name="for-{who}", connection="")
    async def relay(msg: func.QueueMessage, out: func.Out[List[str]]) -> None:  # noqa: UP006 - the worker refuses list[str]
        out.set(["a", str(msg.dequeue_count)])

    outcome = await invoker.invoke(
        build(app), trigger_value='{"who": "ann"}', trigger_metadata={"Id": "1", "DequeueCount": 2}
    )
    assert outcome == Returned(outputs={"out": {"type": "json", "value": '["a", "2"]'}})
    assert bindings.queues == {(None, "for-ann"): ["a", "2"]}


async def test_an_unset_output_is_not_written(invoker, bindings, build):
    """Its path is not resolved either."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    @app.queue_output(arg_name="out", queue_name="{nobody-knows}", connection="")
    def relay(msg: func.QueueMessage, out: func.Out[str]) -> None: ...

    assert await invoker.invoke(build(app), trigger_value="x") == Returned()
    assert bindings.queues == {}


async def test_a_client_function_gets_a_durable_client_with_the_invocations_id(invoker, build):
    """The SDK's middleware makes the client from the binding's JSON."""
    app = df.DFApp()

    @app.route()
    @app.durable_client_input(client_name="client")
    async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context) -> str:
        return (
            f"{client._orchestration_bindings.task_hub_name} {client._function_invocation_id} {context.function_name}"
        )

    outcome = await invoker.invoke(build(app), trigger_value=_request(), invocation_id="abc")
    assert outcome == _text("H abc start")


async def test_an_activity_takes_and_gives_json(invoker, build, ends):
    """Its result is JSON text, which the observer gets too."""
    app = df.DFApp()

    @app.activity_trigger(input_name="n")
    async def square(n: int) -> int:
        return n * n

    assert await invoker.invoke(build(app), trigger_value="7", invocation_id="i") == Returned(value="49")
    assert ends.seen == [("square", "i", "Returned")]


async def test_a_failed_activity_has_the_error_text_of_the_worker(invoker, build):
    """Recorded: `ValueError: always: ü "quoted"`."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def always_fails(x):
        raise ValueError('always: ü "quoted"')

    outcome = await invoker.invoke(build(app), trigger_value="null")
    assert isinstance(outcome, Raised)
    assert outcome.message == 'ValueError: always: ü "quoted"'
    assert "in always_fails" in outcome.stack
    assert outcome.stack.count("File ") == 1
    assert not outcome.worker_died


async def test_an_unserialisable_result_is_a_failure(invoker, build):
    """With the SDK's text."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def odd(x):
        return {1, 2}

    outcome = await invoker.invoke(build(app), trigger_value="null")
    assert isinstance(outcome, Raised)
    assert outcome.message == "ValueError: activity trigger output must be json serializable ({1, 2})"


async def test_an_entity_runs_its_batch_through_the_sdk(invoker, build):
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
    outcome = await invoker.invoke(build(app), trigger_value=json.dumps(payload))
    assert isinstance(outcome, Returned)
    answer = json.loads(outcome.value)
    assert (answer["entityState"], answer["results"][0]["result"]) == ("5", "5")


async def test_a_return_value_without_a_binding_is_a_failure(invoker, build):
    """A queue function has no return binding."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    def one(msg: func.QueueMessage):
        return 5

    outcome = await invoker.invoke(build(app), trigger_value="x")
    assert isinstance(outcome, Raised)
    assert outcome.message == "RuntimeError: function 'one' without a $return bindingreturned a non-None value"


@pytest.mark.parametrize("value", [None, 5, {"a": 1}])
async def test_an_http_function_that_returns_no_response_fails(invoker, build, value):
    """The caller gets a 500."""
    app = func.FunctionApp()

    @app.route()
    def one(req: func.HttpRequest):
        return value

    assert isinstance(await invoker.invoke(build(app), trigger_value=_request()), Raised)


async def test_an_expression_without_a_value_fails_the_invocation(invoker, build):
    """It fails before the function is called, because the expression belongs to an input."""
    app = func.FunctionApp()

    @app.route()
    @app.blob_input(arg_name="source", path="blobs/{nope}", connection="")
    def one(req: func.HttpRequest, source: func.InputStream) -> str:
        raise AssertionError("must not run")

    outcome = await invoker.invoke(build(app), trigger_value=_request())
    assert isinstance(outcome, Raised)
    assert outcome.message == "BadExpression: No value for named parameter 'nope'."


class Reporting:
    """Workers that note what they are told and give one answer."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self._answer = answer
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def invoke(self, message, name, exchange=None):
        """Keep the message; die where there is no answer."""
        self.told.append((name, message))
        if self._answer is None:
            raise WorkerGone
        return self._answer


NOTHING = {"kind": "returned", "result": None, "outputs": {}}


def _invoker(workers, bindings, ends=None):
    return Invoker(workers, store=bindings, client_json=lambda _: CLIENT, clock=VirtualClock(), observer=ends)


async def test_a_dead_worker_is_a_separate_kind_of_failure(bindings, build, ends):
    """The caller decides what it means: an activity runs again, an HTTP caller gets a 500."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def one(x): ...

    outcome = await _invoker(Reporting(None), bindings, ends).invoke(build(app), trigger_value="1")
    assert outcome == Raised(
        type_name="WorkerGone", message="The worker ended while it ran this function.", worker_died=True
    )
    assert [kind for _, _, kind in ends.seen] == ["Raised"]


async def test_running_work_has_a_readable_name(bindings, build):
    """With its kind, its function and its instance."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x", activity="Work")
    def one(x): ...

    workers = Reporting(NOTHING)
    invoker, function = _invoker(workers, bindings), build(app)
    await invoker.invoke(function, trigger_value="1", instance_id="i-1")
    await invoker.invoke(function, trigger_value="1")
    assert [name for name, _ in workers.told] == ["activity one (i-1)", "activity one"]
    assert [message["instance"] for _, message in workers.told] == ["i-1", ""]


@pytest.mark.parametrize(
    ("decorator", "said"),
    [
        ("generic_input_binding", "devhost has no input binding of type sql, which 'row' is."),
        ("generic_output_binding", "devhost has no output binding of type sql, which 'row' is."),
    ],
)
async def test_an_unsupported_binding_fails_the_call_that_uses_it(workers, bindings, build, decorator, said):
    """An input before the function runs, an output if the function set it."""
    app = func.FunctionApp()

    def one(req, row):
        if hasattr(row, "set"):
            row.set("x")
        return "done"

    one.__annotations__ = {"req": func.HttpRequest, "row": func.Out[str] if "output" in decorator else str}
    bound = getattr(app, decorator)(arg_name="row", type="sql")(one)
    app.route()(bound)
    outcome = await _invoker(workers, bindings).invoke(build(app), trigger_value=_request())
    assert isinstance(outcome, Raised)
    assert outcome.message.startswith(f"NotImplementedError: {said}")


async def test_a_function_without_a_listener_can_be_called_by_hand(invoker, build):
    """The form of the payload decides how the SDK reads it."""
    app = func.FunctionApp()

    @app.generic_trigger(arg_name="what", type="someBrandNewTrigger")
    @app.generic_output_binding(arg_name="$return", type="http")
    def one(what) -> str:
        return f"got {what}"

    assert await invoker.invoke(build(app), trigger_value='{"a": 1}') == _text('got {"a": 1}')


async def test_the_values_in_a_blob_path_are_binding_data(invoker, bindings, build):
    """They come with the trigger's metadata."""
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="source", path="in/{name}", connection="")
    @app.blob_output(arg_name="target", path="out/{name}", connection="")
    def copy(source: func.InputStream, target: func.Out[bytes]) -> None:
        target.set(source.read())

    outcome = await invoker.invoke(build(app), trigger_value=b"\xff", trigger_metadata={"name": "one"})
    assert isinstance(outcome, Returned)
    assert bindings.blobs == {(None, "out", "one"): b"\xff"}


async def test_a_cancelled_invocation_cancels_the_function(invoker, build):
    """An async function, which can clean up."""
    app = df.DFApp()
    steps: asyncio.Queue[str] = asyncio.Queue()
    host = asyncio.get_running_loop()

    @app.activity_trigger(input_name="x")
    async def endless(x):
        host.call_soon_threadsafe(steps.put_nowait, "begun")
        try:
            await asyncio.Event().wait()
        finally:
            host.call_soon_threadsafe(steps.put_nowait, "cleaned up")

    call = asyncio.create_task(invoker.invoke(build(app), trigger_value="1"))
    assert await steps.get() == "begun"
    call.cancel()
    assert await steps.get() == "cleaned up"
    with pytest.raises(asyncio.CancelledError):
        await call
