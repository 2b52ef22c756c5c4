"""An app of small orchestrations, one of each kind, whose outputs tell what was lost and what was counted twice."""

import json
import os
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()

RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=100, max_number_of_attempts=3)


@app.activity_trigger(input_name="step", activity="Step")
def take_a_step(step: dict) -> int:
    """Note in a file that the step was taken, and give its number."""
    _note(f"{step['of']} {step['number']}")
    return step["number"]


@app.activity_trigger(input_name="step", activity="Stumble")
def stumble(step: dict) -> str:
    """Fail the first time."""
    if _note(f"{step['of']} stumble") == 1:
        raise ValueError("the first try fails")
    return "done"


@app.orchestration_trigger(context_name="context", orchestration="Chain")
def chain(context: df.DurableOrchestrationContext):
    """As many steps as asked for, one after the other."""
    done = []
    while len(done) < context.get_input()["steps"]:
        done.append((yield context.call_activity("Step", _step(context, len(done)))))
    return done


@app.orchestration_trigger(context_name="context", orchestration="FanOut")
def fan_out(context: df.DurableOrchestrationContext):
    """As many steps as asked for, all at once."""
    return (
        yield context.task_all(
            [context.call_activity("Step", _step(context, number)) for number in range(context.get_input()["steps"])]
        )
    )


@app.orchestration_trigger(context_name="context", orchestration="Family")
def family(context: df.DurableOrchestrationContext):
    """Two chains as children, one after the other."""
    first = yield context.call_sub_orchestrator("Chain", {"steps": 1})
    second = yield context.call_sub_orchestrator("Chain", {"steps": 2})
    return [*first, *second]


@app.orchestration_trigger(context_name="context", orchestration="Retry")
def retry(context: df.DurableOrchestrationContext):
    """A step that fails once."""
    return (yield context.call_activity_with_retry("Stumble", RETRY, _step(context, 0)))


@app.orchestration_trigger(context_name="context", orchestration="Race")
def race(context: df.DurableOrchestrationContext):
    """An answer or a deadline, whichever is first, and a step after it."""
    answer = context.wait_for_external_event("Answer")
    deadline = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()["seconds"]))
    winner = yield context.task_any([answer, deadline])
    if winner is not deadline:
        deadline.cancel()
    yield context.call_activity("Step", _step(context, 0))
    return "nobody answered" if winner is deadline else answer.result


@app.orchestration_trigger(context_name="context", orchestration="Collector")
def collector(context: df.DurableOrchestrationContext):
    """As many notes as asked for, in the order in which they came."""
    notes = []
    while len(notes) < context.get_input()["notes"]:
        notes.append((yield context.wait_for_external_event("Note")))
        context.set_custom_status(notes)
    return notes


@app.orchestration_trigger(context_name="context", orchestration="Adder")
def adder(context: df.DurableOrchestrationContext):
    """Three times 101 to a counter of its own; the output is what each call gave."""
    counter = df.EntityId("Counter", context.instance_id)
    sums = []
    while len(sums) < 3:
        sums.append((yield context.call_entity(counter, "add", 101)))
    return sums


@app.orchestration_trigger(context_name="context", orchestration="Signaller")
def signaller(context: df.DurableOrchestrationContext):
    """Two signals and then a call to a counter of its own, which comes after them."""
    counter = df.EntityId("Counter", context.instance_id)
    context.signal_entity(counter, "add", 1)
    context.signal_entity(counter, "add", 10)
    return (yield context.call_entity(counter, "add", 100))


@app.orchestration_trigger(context_name="context", orchestration="Rounds")
def rounds(context: df.DurableOrchestrationContext):
    """Four rounds, each a generation of its own that hands on what was done so far."""
    done = context.get_input() or []
    done.append((yield context.call_activity("Step", _step(context, len(done)))))
    if len(done) < 4:
        context.continue_as_new(done)
        return None
    return done


@app.orchestration_trigger(context_name="context", orchestration="Waiting")
def waiting(context: df.DurableOrchestrationContext):
    """Wait for something that never comes."""
    yield context.wait_for_external_event("Never")


@app.orchestration_trigger(context_name="context", orchestration="Delivery")
def delivery(context: df.DurableOrchestrationContext):
    """One for the counter of this instance, so that a second run of the orchestration shows."""
    context.signal_entity(df.EntityId("Counter", context.instance_id), "add", 1)
    yield context.call_activity("Step", _step(context, 0))
    return "delivered"


@app.entity_trigger(context_name="context", entity_name="Counter")
def counter(context: df.DurableEntityContext):
    """Add, and give the sum."""
    total = context.get_state(lambda: 0) + int(context.get_input())
    context.set_state(total)
    context.set_result(total)


@app.queue_trigger(arg_name="message", queue_name="deliveries", connection="AzureWebJobsStorage")
@app.durable_client_input(client_name="client")
async def deliver(message: func.QueueMessage, client):
    """Start the delivery that the message names, unless an earlier delivery of it did."""
    name = message.get_body().decode()
    status = await client.get_status(name)
    if status.runtime_status is None:
        await client.start_new("Delivery", name)


def _step(context, number: int) -> dict:
    return {"of": context.instance_id, "number": number}


def _note(line: str) -> int:
    """Append to the record, and say how often the line is in it."""
    with open(os.environ["CHAOS_RECORD"], "a+", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")
        record.flush()
        record.seek(0)
        return record.read().splitlines().count(json.dumps(line))
