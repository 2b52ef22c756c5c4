"""Functions of the extension for FastAPI: what they return, what they read, and how both flow."""

import asyncio
from collections.abc import AsyncIterator

import azure.functions as func
from azurefunctions.extensions.http.fastapi import JSONResponse, Request, Response, StreamingResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
gates: dict[str, asyncio.Event] = {}
seen: list[str] = []


class Parcel(BaseModel):
    """A model of the app's own."""

    weight: int


@app.route("gate/{name}", methods=["POST"])
async def gate(req: Request) -> str:
    """Let the download of that name go on."""
    gates.setdefault(req.path_params["name"], asyncio.Event()).set()
    return "open"


@app.route("download/{name}")
async def download(req: Request) -> StreamingResponse:
    """One part, and the other when the gate is open."""
    passed = gates.setdefault(req.path_params["name"], asyncio.Event())

    async def parts() -> AsyncIterator[str]:
        yield "first "
        try:
            await passed.wait()
        finally:
            seen.append("left")
        yield "second"

    return StreamingResponse(parts(), media_type="text/event-stream", headers={"x-kind": "stream"})


@app.route("broken")
async def broken(req: Request) -> StreamingResponse:
    """Fails behind its first part."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise LookupError("in the middle")

    return StreamingResponse(parts())


@app.route("upload", methods=["POST"])
async def upload(req: Request) -> JSONResponse:
    """Tell of each piece of the body, and open a gate with the first."""
    sizes = []
    async for piece in req.stream():
        gates.setdefault("upload", asyncio.Event()).set()
        sizes.append(len(piece))
    return JSONResponse({"sum": sum(sizes), "pieces": len(sizes), "query": dict(req.query_params)}, 201)


@app.route("uploading")
async def uploading(req: Request) -> str:
    """Answer when an upload has begun."""
    await gates.setdefault("upload", asyncio.Event()).wait()
    return "begun"


@app.route("big")
async def big(req: Request) -> StreamingResponse:
    """A hundred parts of a mebibyte."""

    async def parts() -> AsyncIterator[bytes]:
        for number in range(100):
            yield bytes([number]) * (1 << 20)

    return StreamingResponse(parts())


@app.route("returns/{kind}")
def returns(req: Request):
    """A plain value, which the application makes a response of; this function is a sync one."""
    return {
        "text": "hé", "dict": {"a": [1]}, "list": [1, "x"], "number": 5, "model": Parcel(weight=3), "none": None,
        "response": Response(content=b"\xff", status_code=202, media_type="application/x"),
    }[req.path_params["kind"]]  # fmt: skip


@app.route("later/{name}")
async def later(req: Request) -> Response:
    """Goes on behind its response until the gate is open."""
    passed = gates.setdefault(req.path_params["name"], asyncio.Event())
    return Response("done", background=BackgroundTask(passed.wait))


@app.route("fails")
async def fails(req: Request, context: func.Context) -> Response:
    """An exception is the application's 500."""
    raise LookupError(context.function_name)


@app.route("queued", methods=["POST"])
@app.queue_output(arg_name="letter", queue_name="letters", connection="AzureWebJobsStorage")
async def queued(req: Request, letter: func.Out[str]) -> Response:
    """An output beside the response."""
    letter.set((await req.body()).decode())
    return Response("sent", headers={"set-cookie": "a=1"})


@app.queue_trigger(arg_name="msg", queue_name="letters", connection="AzureWebJobsStorage")
def on_letter(msg: func.QueueMessage) -> None:
    """Remember what came."""
    seen.append(msg.get_body().decode())


@app.route("seen")
async def tell_seen(req: Request) -> JSONResponse:
    """What was remembered."""
    return JSONResponse(seen)
