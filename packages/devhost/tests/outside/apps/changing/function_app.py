"""An app that a test edits while it runs."""

import azure.durable_functions as df
import azure.functions as func
from texts import GREETING

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="greeting")
def greeting(req: func.HttpRequest) -> func.HttpResponse:
    """The text of another module."""
    return func.HttpResponse(GREETING)


@app.activity_trigger(input_name="x")
def wording(x: str) -> str:
    """The same text, for the orchestrator."""
    return GREETING


@app.orchestration_trigger(context_name="context")
def waiting(context: df.DurableOrchestrationContext):
    """The text before an event and after it."""
    before = yield context.call_activity("wording", "")
    yield context.wait_for_external_event("Go")
    after = yield context.call_activity("wording", "")
    return [before, after]
