"""An app whose process dies: by itself, by a fault, by the system; in each kind of function, once for each name."""

import ctypes
import os
import signal
import sys
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
DEATHS = {
    "exit": lambda: os._exit(3),
    "segfault": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


def _die_once(how, where):
    grave = Path(os.environ["GRAVES"], f"{how}-{where}")
    if not grave.exists():
        grave.touch()
        _die(how, where)


def _die(how, where):
    sys.stderr.write(f"{where} is about to {how}\n")
    DEATHS[how]()


@app.route(route="die/{how}")
def die(req: func.HttpRequest) -> func.HttpResponse:
    """Die each time."""
    _die(req.route_params["how"], "http")
    return func.HttpResponse("unreachable")


@app.route(route="alive")
def alive(req: func.HttpRequest) -> func.HttpResponse:
    """The process that answers."""
    return func.HttpResponse(str(os.getpid()))


@app.activity_trigger(input_name="how")
def risky(how: str) -> str:
    """Die at the first try."""
    _die_once(how, "activity")
    return f"survived {how}"


@app.orchestration_trigger(context_name="context")
def employer(context: df.DurableOrchestrationContext):
    """The risky activity between two harmless ones."""
    first = yield context.call_activity("plain", 1)
    middle = yield context.call_activity("risky", context.get_input()["how"])
    last = yield context.call_activity("plain", 2)
    return [first, middle, last]


@app.activity_trigger(input_name="number")
def plain(number: int) -> int:
    """A harmless activity."""
    return number


@app.orchestration_trigger(context_name="context")
def daring(context: df.DurableOrchestrationContext):
    """Die in the second step."""
    first = yield context.call_activity("plain", 1)
    _die_once(context.get_input()["how"], "orchestrator")
    last = yield context.call_activity("plain", 2)
    return [first, last]


@app.orchestration_trigger(context_name="context")
def bystander(context: df.DurableOrchestrationContext):
    """Wait for an event while others die."""
    before = yield context.call_activity("plain", 1)
    event = yield context.wait_for_external_event("Go")
    return [before, event]


@app.route(route="busy")
def busy(req: func.HttpRequest) -> func.HttpResponse:
    """Compute without end."""
    while True:
        pass
