"""Functions of each kind that take as long as they are told."""

import asyncio
import logging
import os
import time
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="pid")
def pid(req: func.HttpRequest) -> str:
    """Tell which worker this is."""
    return str(os.getpid())


@app.route(route="nap")
def nap(req: func.HttpRequest) -> str:
    """Block a thread."""
    time.sleep(float(req.params["s"]))
    return "awake"


@app.route(route="nap-async")
async def nap_async(req: func.HttpRequest) -> str:
    """Wait on the loop."""
    await asyncio.sleep(float(req.params["s"]))
    return "awake"


@app.route(route="start/{name}")
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an orchestration."""
    instance = await client.start_new(req.route_params["name"], client_input={"s": float(req.params.get("s", "0"))})
    return client.create_check_status_response(req, instance)


@app.activity_trigger(input_name="seconds")
def nap_activity(seconds):
    """Block a thread."""
    time.sleep(seconds)
    return "awake"


@app.orchestration_trigger(context_name="context")
def napping(context: df.DurableOrchestrationContext):
    """Tell how an activity failed that takes too long."""
    try:
        return (yield context.call_activity("nap_activity", context.get_input()["s"]))
    except Exception as error:
        return str(error)


@app.orchestration_trigger(context_name="context")
def dozing(context: df.DurableOrchestrationContext):
    """Take too long in the orchestrator's own code, but for the third try; a file counts them."""
    tries = Path(context.get_input()["tries"])
    with tries.open("a") as file:
        file.write("x")
    if tries.stat().st_size < 3:
        time.sleep(60)
    return "awake"


@app.orchestration_trigger(context_name="context")
def sleepless(context: df.DurableOrchestrationContext):
    """Take too long at each try."""
    time.sleep(60)


@app.entity_trigger(context_name="context")
def dreamer(context: df.DurableEntityContext):
    """Block in an operation."""
    time.sleep(context.get_input())


@app.orchestration_trigger(context_name="context")
def asking(context: df.DurableOrchestrationContext):
    """Tell how an operation of an entity failed that takes too long."""
    try:
        return (yield context.call_entity(df.EntityId("dreamer", "d"), "sleep", context.get_input()["s"]))
    except Exception as error:
        return str(error)


@app.queue_trigger(arg_name="message", queue_name="naps", connection="AzureWebJobsStorage")
def on_nap(message: func.QueueMessage) -> None:
    """Block a thread."""
    time.sleep(float(message.get_body().decode()))


@app.route(route="chatty")
def chatty(req: func.HttpRequest) -> str:
    """Log at each level."""
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.log(level, "chat at %s", logging.getLevelName(level))
    return str(logging.getLogger().level)


@app.timer_trigger(arg_name="timer", schedule="0 0 9 * * *")
def at_nine(timer: func.TimerRequest) -> None:
    """Run at nine of the zone that local.settings.json names."""


@app.route(route="left-out")
def left_out(req: func.HttpRequest) -> str:
    """Never run."""
    return "host.json does not name this function"
