"""Starts a worker: `APP_PYTHON …/worker/worker.py --fd N`, with the app's folder as working directory.

The file has the name of the real worker's under `func start`, for apps that read it from `sys.modules["__main__"]`.

It runs in an environment without devhost. So the package is registered by hand: a path entry would let
devhost's neighbours, or this very folder, hide modules of the app.
"""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__" and sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(_HERE):
    del sys.path[0]  # before anything else is imported: `loader` and `index` are names that an app may use


def _register_package() -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    package = os.path.dirname(_HERE)
    spec = spec_from_file_location(
        "durable_devhost", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"{package} holds no package; install durable-devhost again.")
    module = module_from_spec(spec)
    sys.modules["durable_devhost"] = module
    spec.loader.exec_module(module)


def _greet_from_the_past(descriptor: int) -> None:
    """Say which Python this is, in the form of `wire.frames`, which an old Python cannot import."""
    import json
    import socket
    import struct

    version = ".".join(map(str, sys.version_info[:3]))
    hello = {"kind": "hello", "protocol": 1, "python": version, "executable": sys.executable, "pid": os.getpid()}
    header = json.dumps(dict(hello, packages={}, parts=[])).encode("utf-8")
    connection = socket.socket(fileno=descriptor)
    connection.sendall(struct.pack("!II", len(header), 0) + header)
    connection.recv(1)  # until the host has read it and disconnects


def _arguments() -> list[str]:
    """The command line as from the real host (`RpcWorkerContext`): an app that parses it fails here as on Azure.

    Nobody listens at its address.
    """
    from uuid import uuid4

    worker, request, most = str(uuid4()), str(uuid4()), "2147483647"
    named = {
        "host": "127.0.0.1", "port": "0", "workerId": worker, "requestId": request, "grpcMaxMessageLength": most,
        "functions-uri": "http://127.0.0.1:0/", "functions-worker-id": worker, "functions-request-id": request,
        "functions-grpc-max-message-length": most,
    }  # fmt: skip
    return [part for name, value in named.items() for part in (f"--{name}", value)]


def _start() -> None:
    descriptor = int(sys.argv[sys.argv.index("--fd") + 1])
    if sys.version_info < (3, 9):  # noqa: UP036 - whoever started it may have such a one
        _greet_from_the_past(descriptor)
        return
    _register_package()
    from durable_devhost.worker.process import run

    sys.argv[1:] = _arguments()
    run(descriptor)


if __name__ == "__main__":
    _start()
