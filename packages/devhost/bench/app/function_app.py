"""The work that the benchmark measures: as little as there is in each step, so that the engine is what takes time."""

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


@app.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext):
    """Run as many activities at once as the input says, and add up what they give."""
    results = yield context.task_all(
        [context.call_activity("give_back", number) for number in range(int(context.get_input()))]
    )
    return sum(results)


@app.orchestration_trigger(context_name="context")
def loop(context: df.DurableOrchestrationContext):
    """Add one, as often as the input says."""
    total = 0
    for _ in range(int(context.get_input())):
        total = yield context.call_activity("add_one", total)
    return total


@app.orchestration_trigger(context_name="context")
def wait(context: df.DurableOrchestrationContext):
    """Wait for one event and give it back."""
    return (yield context.wait_for_external_event("go"))


@app.activity_trigger(input_name="number")
def add_one(number: int) -> int:
    """Add one."""
    return number + 1


@app.activity_trigger(input_name="number")
def give_back(number: int) -> int:
    """Give the number back."""
    return number
