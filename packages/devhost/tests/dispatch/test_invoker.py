"""One invocation from the trigger's payload to the stored outputs."""

# The functions of these small apps must have the bound parameters, used or not.
# ruff: noqa: ARG001

import asyncio
import json
import logging
import threading
from typing import List  # noqa: UP035 - as apps must write it

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.invocation import InvocationFilter, current_invocation
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Raised, Returned

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")
CLIENT = json.dumps({"taskHubName": "H", "creationUrls": {}, "managementUrls": {"id": "x"}, "rpcBaseUrl": "http://x/"})


class Ends:
    """Remembers what ended."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    def ended(self, function, invocation, outcome, seconds) -> None:
        """Keep the function, the id and the kind of outcome."""
        assert seconds >= 0
        self.seen.append((function.name, invocation.id, type(outcome).__name__))


@pytest.fixture
def ends() -> Ends:
    """An observer."""
    return Ends()


@pytest.fixture
async def invoker(bindings, ends):
    """An invoker over the store in memory."""
    clock = VirtualClock()
    async with Invoker(store=bindings, client_json=lambda _: CLIENT, clock=clock, observer=ends) as invoker:
        yield invoker


def _request(method: str = "GET", body: bytes = b"", **route_params: str) -> func.HttpRequest:
    return func.HttpRequest(method, "http://localhost/api/x", route_params=route_params, body=body)


async def test_an_http_function_returns_its_response_and_its_outputs_are_stored(invoker, bindings, build):
    """The recorded blob-out: the path comes from the route."""
    app = func.FunctionApp()

    @app.route(route="blob-out/{name}")
    @app.blob_output(arg_name="target", path="blobs/{name}.txt", connection="Other")
    def out(req: func.HttpRequest, target: func.Out[str]) -> func.HttpResponse:
        target.set("stored: " + req.get_body().decode())
        return func.HttpResponse(status_code=201)

    outcome = await invoker.invoke(build(app), trigger_value=_request("POST", "hällo".encode(), name="one"))
    assert outcome.value.status_code == 201
    assert outcome.outputs == {"target": "stored: hällo"}
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
    assert (await invoker.invoke(function, trigger_value=_request(name="one"))).value == "here"
    assert (await invoker.invoke(function, trigger_value=_request(name="two"))).value == "none"


async def test_a_queue_function_enqueues_to_a_queue_named_by_its_message(invoker, bindings, build):
    """Properties of a JSON message are binding data."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    @app.queue_output(arg_name="out", queue_name="for-{who}", connection="")
    async def relay(msg: func.QueueMessage, out: func.Out[List[str]]) -> None:  # noqa: UP006 - the worker refuses list[str]
        out.set(["a", str(msg.dequeue_count)])

    outcome = await invoker.invoke(
        build(app), trigger_value='{"who": "ann"}', trigger_metadata={"Id": "1", "DequeueCount": 2}
    )
    assert outcome == Returned(outputs={"out": ["a", "2"]})
    assert bindings.queues == {(None, "for-ann"): ["a", "2"]}


async def test_an_output_that_was_not_set_is_not_written(invoker, bindings, build):
    """Nor is its path resolved."""
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
    assert outcome == Returned(value="H abc start")


async def test_an_activity_takes_and_gives_json(invoker, build, ends):
    """The thin path; the observer hears of it."""
    app = df.DFApp()

    @app.activity_trigger(input_name="n")
    async def square(n: int) -> int:
        return n * n

    assert await invoker.invoke_activity(build(app), "7", invocation_id="i") == Returned(value="49")
    assert ends.seen == [("square", "i", "Returned")]


async def test_a_failing_activity_is_told_in_the_workers_words(invoker, build):
    """Recorded: `ValueError: always: ü "quoted"`."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def always_fails(x):
        raise ValueError('always: ü "quoted"')

    outcome = await invoker.invoke_activity(build(app), "null")
    assert isinstance(outcome, Raised)
    assert outcome.message == 'ValueError: always: ü "quoted"'
    assert "in always_fails" in outcome.stack
    assert "devhost/dispatch/" not in outcome.stack.replace("tests/devhost/dispatch/", "")


async def test_an_unserialisable_result_is_a_failure(invoker, build):
    """With the SDK's own text."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def odd(x):
        return {1, 2}

    outcome = await invoker.invoke_activity(build(app), "null")
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
    outcome = await invoker.invoke_entity(build(app), json.dumps(payload))
    assert isinstance(outcome, Returned)
    answer = json.loads(outcome.value)
    assert (answer["entityState"], answer["results"][0]["result"]) == ("5", "5")


async def test_an_orchestrators_wrapper_can_be_invoked_too(invoker, build):
    """The engine uses the SDK's executor directly; this is the worker's way."""
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context")
    def story(context):
        return "end"
        yield

    function = build(app)
    outcome = await invoker.invoke(function, trigger_value='{"history": [], "instanceId": "x", "input": "null"}')
    assert isinstance(outcome, Raised | Returned)
    assert function.orchestrator_function.__name__ == "story"


async def test_a_value_without_a_place_to_go_is_a_failure(invoker, build):
    """A queue function has no return binding."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    def one(msg: func.QueueMessage):
        return 5

    outcome = await invoker.invoke(build(app), trigger_value="x")
    assert isinstance(outcome, Raised)
    assert outcome.message == "RuntimeError: function 'one' without a $return binding returned a non-None value"


@pytest.mark.parametrize("value", [None, 5, {"a": 1}])
async def test_an_http_function_that_returns_no_response_fails(invoker, build, value):
    """The caller sees a 500."""
    app = func.FunctionApp()

    @app.route()
    def one(req: func.HttpRequest):
        return value

    assert isinstance(await invoker.invoke(build(app), trigger_value=_request()), Raised)


async def test_an_expression_that_nothing_fills_fails_the_invocation(invoker, build):
    """Before the function is called, as it is about an input."""
    app = func.FunctionApp()

    @app.route()
    @app.blob_input(arg_name="source", path="blobs/{nope}", connection="")
    def one(req: func.HttpRequest, source: func.InputStream) -> str:
        raise AssertionError("must not run")

    outcome = await invoker.invoke(build(app), trigger_value=_request())
    assert isinstance(outcome, Raised)
    assert outcome.message == "UnknownExpression: No value for named parameter 'nope'."


async def test_a_timer_function_is_tried_again_by_its_policy_and_knows_the_try(invoker, build, ends):
    """The retry context counts and carries the failure before."""
    app = func.FunctionApp()
    seen: list[tuple[int, int, str]] = []

    @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
    @app.timer_trigger(arg_name="tick", schedule="0 * * * * *")
    def flaky(tick: func.TimerRequest, context: func.Context) -> None:
        retry = context.retry_context
        seen.append((retry.retry_count, retry.max_retry_count, retry.exception.message))
        if retry.retry_count < 2:
            raise ValueError(f"try {retry.retry_count}")

    assert await invoker.invoke(build(app), trigger_value={"IsPastDue": False}) == Returned()
    assert seen == [(0, 2, ""), (1, 2, "ValueError: try 0"), (2, 2, "ValueError: try 1")]
    assert [kind for _, _, kind in ends.seen] == ["Raised", "Raised", "Returned"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_log_records_of_an_invocation_carry_its_id(invoker, build, is_async):
    """In pool threads, in async functions and in the tasks that they start."""
    app = df.DFApp()
    logger = logging.getLogger("the.app")
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.addFilter(InvocationFilter())
    handler.emit = records.append
    logger.addHandler(handler)

    async def write_async(x):
        await asyncio.gather(asyncio.to_thread(logger.warning, "here"))

    def write(x):
        logger.warning("here")

    app.activity_trigger(input_name="x")(write_async if is_async else write)
    await invoker.invoke_activity(build(app), "null", invocation_id="abc")
    logger.warning("outside")
    logger.removeHandler(handler)
    name = "write_async" if is_async else "write"
    assert [(r.invocation_id, r.function_name) for r in records] == [("abc", name), ("", "")]
    assert current_invocation() is None


async def test_a_thread_of_the_users_own_is_known_by_the_thread_local_id(invoker, build):
    """As the worker documents `context.thread_local_storage`."""
    app = df.DFApp()
    marked: list[str] = []

    @app.activity_trigger(input_name="x")
    def one(x, context: func.Context):
        def work() -> None:
            context.thread_local_storage.invocation_id = context.invocation_id
            record = logging.makeLogRecord({})
            InvocationFilter().filter(record)
            marked.append(record.invocation_id)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return [context.trace_context.trace_parent.count("-"), context.retry_context.retry_count]

    assert (await invoker.invoke_activity(build(app), "null", invocation_id="abc")).value == "[3, 0]"
    assert marked == ["abc"]


async def test_an_episode_belongs_to_its_instance_in_the_log(invoker):
    """The step runs in a thread, with the id that the engine gives."""
    invocation = await invoker.run_episode(current_invocation, "story", "instance-1")
    assert (invocation.id, invocation.function_name) == ("instance-1", "story")
