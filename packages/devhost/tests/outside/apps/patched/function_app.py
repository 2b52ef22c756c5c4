"""An app that does what tracing and gevent do: it replaces parts of aiohttp and of the standard library."""

import asyncio
import select
import socket
import ssl
import time

import aiohttp
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
SEEN = []


def _watched(owner, name):
    original = getattr(owner, name)

    def watched(*args, **kwargs):
        SEEN.append(f"{owner.__name__}.{name}")
        return original(*args, **kwargs)

    setattr(owner, name, watched)


class Socket(socket.socket):
    """As gevent does: every socket that is made from now on is another one."""

    def connect(self, address):
        SEEN.append(f"connect {address}")
        return super().connect(address)

    def sendall(self, *args):
        SEEN.append("sendall")
        return super().sendall(*args)


_watched(aiohttp.ClientSession, "_request")
_watched(socket, "create_connection")
_watched(socket, "getaddrinfo")
_watched(select, "select")
_watched(time, "sleep")
_watched(asyncio, "open_connection")
socket.socket = Socket
ssl.socket = Socket


@app.route(route="seen")
def seen(req: func.HttpRequest) -> func.HttpResponse:
    """The calls that passed here."""
    return func.HttpResponse("\n".join(SEEN))


@app.activity_trigger(input_name="number")
def double(number: int) -> int:
    """Work that gives the host something to store."""
    return 2 * number


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    """One step."""
    return (yield context.call_activity("double", 21))
