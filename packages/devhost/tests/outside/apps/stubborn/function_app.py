"""An app whose functions do not come back: each of them keeps something of the worker busy."""

import asyncio
import multiprocessing
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
BUSY = set()


@app.route(route="busy")
def busy(req: func.HttpRequest) -> func.HttpResponse:
    """Which functions are at it."""
    return func.HttpResponse(",".join(sorted(BUSY)))


@app.route(route="sleeper")
def sleeper(req: func.HttpRequest) -> func.HttpResponse:
    """A library that retries, a model that thinks."""
    BUSY.add("sleeper")
    time.sleep(90)
    return func.HttpResponse("woke")


@app.route(route="blocker")
async def blocker(req: func.HttpRequest) -> func.HttpResponse:
    """An async function that holds up its event loop."""
    BUSY.add("blocker")
    time.sleep(90)  # noqa: ASYNC251 - the mistake that this is about
    return func.HttpResponse("woke")


@app.orchestration_trigger(context_name="context")
def endless(context: df.DurableOrchestrationContext):
    """A step that is never over."""
    BUSY.add("endless")
    while True:
        pass
    yield


@app.activity_trigger(input_name="x")
def idle(x: str) -> str:
    """An activity that takes long."""
    BUSY.add("activity")
    time.sleep(90)
    return x


@app.orchestration_trigger(context_name="context")
def patient(context: df.DurableOrchestrationContext):
    """Waits for that activity."""
    return (yield context.call_activity("idle", ""))


@app.route(route="pool")
def pool(req: func.HttpRequest) -> func.HttpResponse:
    """Start a process of the app's own, which would live for long."""
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(90,))
    process.start()
    return func.HttpResponse(str(process.pid))


@app.route(route="cleanup")
async def cleanup(req: func.HttpRequest) -> func.HttpResponse:
    """Waits without end, and tidies up when it is cancelled."""
    BUSY.add("cleanup")
    try:
        await asyncio.Event().wait()
    finally:
        print("tidied up")
    return func.HttpResponse("never")
