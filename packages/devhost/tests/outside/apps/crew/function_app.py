"""An app that tells about the process that it runs in."""

import asyncio
import hashlib
import json
import os
import sys
import threading

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
PAIR = threading.Barrier(2)


@app.route(route="pid")
def pid(req: func.HttpRequest) -> func.HttpResponse:
    """Which process answers."""
    return func.HttpResponse(str(os.getpid()))


@app.route(route="company")
def company(req: func.HttpRequest) -> func.HttpResponse:
    """Whether another call runs beside this one, within so many seconds."""
    try:
        PAIR.wait(timeout=float(req.params["patience"]))
    except threading.BrokenBarrierError:
        PAIR.reset()
        return func.HttpResponse("alone")
    return func.HttpResponse("together")


@app.route(route="async-company")
async def async_company(req: func.HttpRequest) -> func.HttpResponse:
    """The same on the event loop."""
    loop = asyncio.get_running_loop()
    waiting = vars(loop).setdefault("waiting", [])
    waiting.append(loop.create_future())
    if len(waiting) > 1:
        for each in waiting:
            each.set_result(None)
    try:
        await asyncio.wait_for(asyncio.shield(waiting[0]), timeout=5)
    except TimeoutError:
        return func.HttpResponse("alone")
    return func.HttpResponse("together")


@app.route(route="echo", methods=["POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """The body as it came, and its digest."""
    body = req.get_body()
    return func.HttpResponse(body, headers={"X-Digest": hashlib.sha256(body).hexdigest()})


@app.route(route="self")
def myself(req: func.HttpRequest) -> func.HttpResponse:
    """Working directory, environment, search path and command line of this process."""
    facts = {"cwd": os.getcwd(), "environ": dict(os.environ), "path": sys.path, "argv": sys.argv}
    return func.HttpResponse(json.dumps(facts), mimetype="application/json")


@app.route(route="package")
def package(req: func.HttpRequest) -> func.HttpResponse:
    """Where a package comes from that the deployment carries."""
    import carried

    return func.HttpResponse(carried.__file__)
