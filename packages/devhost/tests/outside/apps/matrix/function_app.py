"""One function of each kind that every version of Python and of the SDK has to run."""

import json
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
TRIED = set()


@app.route(route="orchestrators/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client) -> func.HttpResponse:
    """Start an orchestrator through the SDK's client; the body is its input."""
    instance = await client.start_new(req.route_params["name"], client_input=json.loads(req.get_body() or b"null"))
    return client.create_check_status_response(req, instance)


@app.route(route="mirror/{word}", methods=["POST"])
def mirror(req: func.HttpRequest) -> func.HttpResponse:
    """Everything of a request, and something in every part of the answer."""
    seen = {
        "method": req.method,
        "word": req.route_params["word"],
        "query": dict(req.params),
        "header": req.headers.get("x-asked"),
        "body": req.get_json(),
    }
    return func.HttpResponse(json.dumps(seen), status_code=202, headers={"X-Said": "yes"}, mimetype="application/json")


@app.route(route="letters", methods=["POST"])
@app.queue_output(arg_name="letters", queue_name="letters", connection="AzureWebJobsStorage")
def post(req: func.HttpRequest, letters: func.Out[str]) -> func.HttpResponse:
    """Put the body on a queue."""
    letters.set(req.get_body().decode())
    return func.HttpResponse(status_code=204)


@app.queue_trigger(arg_name="letter", queue_name="letters", connection="AzureWebJobsStorage")
@app.durable_client_input(client_name="client")
async def deliver(letter: func.QueueMessage, client) -> None:
    """Tell the instance whose name the message is."""
    told = letter.get_json()
    await client.raise_event(told["to"], "Letter", {"text": told["text"], "tries": letter.dequeue_count})


@app.activity_trigger(input_name="number")
def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


@app.entity_trigger(context_name="context")
def counter(context):
    """A sum that can be added to and read."""
    total = context.get_state(lambda: 0)
    if context.operation_name == "add":
        context.set_state(total + context.get_input())
    else:
        context.set_result(total)


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    """Three doublings, one after the other."""
    number = context.get_input()
    for _ in range(3):
        number = yield context.call_activity("double", number)
    return number


@app.orchestration_trigger(context_name="context")
def fan(context: df.DurableOrchestrationContext):
    """Many doublings at once."""
    return (yield context.task_all([context.call_activity("double", number) for number in range(context.get_input())]))


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext):
    """An answer or three days, whichever is first."""
    answer = context.wait_for_external_event("Answer")
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=72))
    context.set_custom_status("waiting")
    winner = yield context.task_any([answer, deadline])
    if winner == deadline:
        return "nobody answered"
    deadline.cancel()
    return answer.result


@app.orchestration_trigger(context_name="context")
def family(context: df.DurableOrchestrationContext):
    """A child that fails once and one that always does."""
    options = df.RetryOptions(100, 2)
    good = yield context.call_sub_orchestrator_with_retry("child", options, context.instance_id)
    try:
        yield context.call_sub_orchestrator_with_retry("child", options, "never")
    except Exception:
        return [good, "gave up"]
    return [good, "was wrong"]


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    """Fail at the first try, or each time."""
    asked = context.get_input()
    is_first = asked not in TRIED
    TRIED.add(asked)
    if is_first or asked == "never":
        raise ValueError("not yet")
    return (yield context.call_activity("double", 4))


@app.orchestration_trigger(context_name="context")
def sums(context: df.DurableOrchestrationContext):
    """A signal and two calls of an entity."""
    entity = df.EntityId("counter", context.instance_id)
    context.signal_entity(entity, "add", 2)
    yield context.call_entity(entity, "add", 3)
    return (yield context.call_entity(entity, "read"))


@app.orchestration_trigger(context_name="context")
def mailbox(context: df.DurableOrchestrationContext):
    """Wait for a letter."""
    context.set_custom_status("waiting")
    letter = yield context.wait_for_external_event("Letter")
    return json.loads(letter)  # the SDK's client packs it twice


@app.orchestration_trigger(context_name="context")
def replay(context: df.DurableOrchestrationContext):
    """What the last pass sees of `is_replaying`."""
    seen = [context.is_replaying]
    for number in range(2):
        yield context.call_activity("double", number)
        seen.append(context.is_replaying)
    return seen
