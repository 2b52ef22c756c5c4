"""An app to stop in: at a line of each kind of function, or at `breakpoint()`."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="sum")
def total(req: func.HttpRequest) -> func.HttpResponse:
    """Add two numbers."""
    a, b = (int(req.params[name]) for name in "ab")
    result = a + b
    return func.HttpResponse(str(result))  # line: http


@app.route(route="halt")
def halt(req: func.HttpRequest) -> func.HttpResponse:
    """Ask whoever sits at the terminal."""
    answer = 41
    breakpoint()
    return func.HttpResponse(str(answer))


@app.activity_trigger(input_name="x")
def step(x: int) -> int:
    """One more."""
    return x + 1  # line: activity


@app.orchestration_trigger(context_name="context")
def story(context: df.DurableOrchestrationContext):
    """Two steps."""
    first = yield context.call_activity("step", 1)
    second = yield context.call_activity("step", first)  # line: orchestrator
    return second
