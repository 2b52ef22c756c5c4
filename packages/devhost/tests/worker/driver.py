"""A small blocking host for tests: starts a worker of any Python, talks to it by hand.

    with Driver(folder, python="/tmp/sdk/py39/bin/python") as driver:
        driver.load()
        driver.call("hello", {"type": "http", ...})
        driver.advance(begin=beginning("story"), events=[...])

It needs nothing but the standard library and `durable_devhost.wire`.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import durable_devhost
from durable_devhost.wire.frames import PREFIX_SIZE, decode, encode, read_prefix

MAIN = Path(durable_devhost.__file__).parent / "worker" / "worker.py"
PATIENCE = 20.0
_TIME = "2026-01-05T08:00:{:02d}Z"


class Driver:
    """One worker process over the app in `folder`; log records are kept in `logs`, everything else is answered."""

    def __init__(
        self,
        folder: Path,
        python: str = sys.executable,
        *,
        environ: Mapping[str, str] | None = None,
        stdout: Any = None,
    ) -> None:
        self._folder = folder
        self._python = python
        self._environ = environ
        self._stdout = stdout
        self._numbers = count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._hello: queue.Queue[dict[str, Any]] = queue.Queue()
        self.logs: list[dict[str, Any]] = []
        self.hello: dict[str, Any] = {}

    def __enter__(self) -> Driver:
        """Start the worker and wait for its hello."""
        here, there = socket.socketpair()
        self._socket = here
        self.process = subprocess.Popen(
            [self._python, str(MAIN), "--fd", str(there.fileno())],
            cwd=self._folder,
            env=self._environ,
            pass_fds=[there.fileno()],
            stdout=self._stdout,
        )
        there.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.hello = self._hello.get(timeout=PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up, and end a worker that does not end by itself."""
        self.hang_up()
        self._reader.join(PATIENCE)
        self._socket.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def hang_up(self) -> None:
        """Be gone, as far as the worker can tell."""
        with suppress(OSError):  # the worker may have gone before
            self._socket.shutdown(socket.SHUT_RDWR)

    def send(self, kind: str, **fields: Any) -> None:
        """A message without an answer."""
        for piece in encode({"kind": kind, **fields}):
            self._socket.sendall(piece)

    def begin(self, kind: str, **fields: Any) -> int:
        """Send a request and return its number."""
        number = next(self._numbers)
        self._answers[number] = queue.Queue()
        self.send(kind, id=number, **fields)
        return number

    def answer(self, number: int, patience: float = PATIENCE) -> dict[str, Any]:
        """The answer to a request."""
        return self._answers[number].get(timeout=patience)

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """A request and its answer."""
        return self.answer(self.begin(kind, **fields))

    def load(self, script: str = "function_app.py", **fields: Any) -> dict[str, Any]:
        """Load the app: the catalog or the refusal."""
        return self.ask("load", **{"script": script, "threads": None, "level": 20, "shown": 0, "debug": None, **fields})

    def call(self, function: str, trigger: Any, **fields: Any) -> dict[str, Any]:
        """Invoke a function."""
        return self.answer(self.begin_call(function, trigger, **fields))

    def begin_call(self, function: str, trigger: Any, **fields: Any) -> int:
        """Invoke a function without waiting for its end."""
        given = {"invocation": "inv-1", "instance": "", "inputs": {}, "metadata": {}, "attempt": None, **fields}
        return self.begin("invoke", function=function, trigger=trigger, **given)

    def advance(
        self, events: Sequence[dict[str, Any]], begin: dict[str, Any] | None = None, *, session: str = "s1"
    ) -> dict[str, Any]:
        """One step of an orchestrator."""
        return self.ask("advance", session=session, name="story", begin=begin, events=list(events))

    def ends_with(self) -> int:
        """Wait for the end of the process and return its code."""
        return self.process.wait(PATIENCE)

    def _read(self) -> None:
        with self._socket.makefile("rb") as stream:
            while len(prefix := stream.read(PREFIX_SIZE)) == PREFIX_SIZE:
                header, body = read_prefix(prefix)
                self._sort(decode(stream.read(header), stream.read(body)))

    def _sort(self, message: dict[str, Any]) -> None:
        if message["kind"] == "hello":
            self._hello.put(message)
        elif message["kind"] == "log":
            self.logs.append(message)
        else:
            self._answers[message["id"]].put(message)


def http(method: str = "GET", body: bytes = b"", **route_params: str) -> dict[str, Any]:
    """The trigger value of an HTTP function."""
    return {
        "type": "http", "method": method, "url": "http://localhost/api/x", "headers": [["x-test", "1"]],
        "params": {"q": "1"}, "route_params": route_params, "body": body,
    }  # fmt: skip


def text(value: str, kind: str = "json") -> dict[str, Any]:
    """A typed value: JSON text unless another kind is named."""
    return {"type": kind, "value": value}


def beginning(function: str, argument: str | None = None) -> dict[str, Any]:
    """What begins a session of an orchestrator."""
    return {"function": function, "instance_id": "i1", "parent_instance_id": None, "input": argument}


def event(kind: int, second: int = 0, *, event_id: int = -1, is_played: bool = False, **fields: Any) -> dict[str, Any]:
    """A history event in the SDK's JSON; `kind` is its EventType."""
    return {
        "EventType": kind, **fields, "EventId": event_id, "IsPlayed": is_played, "Timestamp": _TIME.format(second),
    }  # fmt: skip


def started(name: str, argument: str | None = None, **fields: Any) -> list[dict[str, Any]]:
    """The first two events of every history."""
    return [event(12), event(0, Name=name, Version=None, Input=argument, **fields)]


def task_completed(task_id: int, result: str | None, second: int = 1) -> list[dict[str, Any]]:
    """An episode that brings the result of an activity."""
    return [event(12, second), event(5, second, TaskScheduledId=task_id, Result=result)]
