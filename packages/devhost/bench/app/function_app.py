"""A chain of five activities: the work that the benchmark measures."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    """Add one, five times."""
    total = context.get_input() or 0
    for _ in range(5):
        total = yield context.call_activity("add_one", total)
    return total


@app.activity_trigger(input_name="number")
def add_one(number: int) -> int:
    """Do as little as there is."""
    return number + 1
