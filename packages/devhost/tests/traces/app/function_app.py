"""Functions that say what their `context.trace_context` holds."""

import json

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def told(context):
    """The three fields."""
    trace = context.trace_context
    return {"parent": trace.trace_parent, "state": trace.trace_state, "attributes": dict(trace.attributes)}


@app.activity_trigger(input_name="x")
def act(x: str, context: func.Context) -> dict:
    """An activity."""
    return told(context)


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    """One activity."""
    return (yield context.call_activity("act", "c"))


@app.orchestration_trigger(context_name="context")
def flow(context: df.DurableOrchestrationContext):
    """Two activities and a child."""
    first = yield context.call_activity("act", "a")
    second = yield context.call_activity("act", "b")
    return [first, second, (yield context.call_sub_orchestrator("child", 1))]


@app.route("go", methods=["GET"])
@app.durable_client_input(client_name="client")
async def go(req: func.HttpRequest, client, context: func.Context) -> func.HttpResponse:
    """Start the flow, and say what this function is told itself."""
    answer = {"id": await client.start_new("flow"), "http": told(context)}
    return func.HttpResponse(json.dumps(answer), mimetype="application/json")
