"""An app to be killed: chains of slow activities, an approval that waits, and two that hear of events."""

import asyncio
import json
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()


@app.activity_trigger(input_name="step", activity="Step")
async def take_a_step(step: dict):
    """Take as long as told, and say which step it was."""
    await asyncio.sleep(step["seconds"])
    return step["number"]


@app.orchestration_trigger(context_name="context", orchestration="Chain")
def chain(context: df.DurableOrchestrationContext):
    """One step after the other; the output is their numbers."""
    done = []
    for number, seconds in enumerate(context.get_input()["steps"]):
        done.append((yield context.call_activity("Step", {"number": number, "seconds": seconds})))
    return done


@app.orchestration_trigger(context_name="context", orchestration="Family")
def family(context: df.DurableOrchestrationContext):
    """A chain as a child."""
    return (yield context.call_sub_orchestrator("Chain", context.get_input()))


@app.orchestration_trigger(context_name="context", orchestration="Approval")
def approval(context: df.DurableOrchestrationContext):
    """An answer or three days, whichever is first."""
    answer = context.wait_for_external_event("Answer")
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=72))
    context.set_custom_status("waiting")
    winner = yield context.task_any([answer, deadline])
    if winner is deadline:
        return "nobody answered"
    deadline.cancel()
    return answer.result


@app.orchestration_trigger(context_name="context", orchestration="Collector")
def collector(context: df.DurableOrchestrationContext):
    """All notes in the order in which they came, up to the last."""
    notes = []
    while not notes or notes[-1] != "last":
        notes.append((yield context.wait_for_external_event("Note")))
    return notes


@app.orchestration_trigger(context_name="context", orchestration="Turns")
def turns(context: df.DurableOrchestrationContext):
    """Hears notes of a hundred names, a turn for what is there, and begins anew each time until the last one came."""
    heard = context.get_input() or []
    yield context.call_activity("Step", {"number": len(heard), "seconds": 0.0})
    notes = [context.wait_for_external_event(f"Note{number}") for number in range(100)]
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    yield context.task_any([*notes, timer])
    timer.cancel()
    heard += [note.result for note in notes if note.is_completed]
    context.set_custom_status(heard)
    if "last" in heard:
        return heard
    context.continue_as_new(heard)


@app.queue_trigger(arg_name="message", queue_name="chains", connection="AzureWebJobsStorage")
@app.durable_client_input(client_name="client")
async def start_a_chain(message: func.QueueMessage, client):
    """Start the chain that the message describes, unless an earlier delivery did."""
    asked = json.loads(message.get_body())
    status = await client.get_status(asked["id"])
    if status.runtime_status is None:
        await client.start_new("Chain", asked["id"], {"steps": asked["steps"]})
