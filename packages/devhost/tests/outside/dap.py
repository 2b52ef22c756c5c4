"""A debugger's end of the Debug Adapter Protocol, as an editor speaks it: just enough to stop at a line and go on."""

from __future__ import annotations

import itertools
import json
import queue
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 20.0


class Debugger:
    """Attached to the debugger that listens on `port`, while the block runs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count(1)
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._responses: queue.Queue[dict[str, Any]] = queue.Queue()

    def __enter__(self) -> Self:
        self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S)
        self._connection.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, queue.Empty):
            self.ask("disconnect", terminateDebuggee=False)
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        self._reader.join(PATIENCE_S)

    def attach(self, stops: dict[Path, list[int]]) -> None:
        """Shake hands and set breakpoints: the lines to stop at in each file."""
        capabilities = self.ask("initialize", clientID="test", adapterID="debugpy", pathFormat="path")
        assert capabilities["supportsConfigurationDoneRequest"] is True
        self._send("attach", justMyCode=True)
        self.event("initialized")
        for path, lines in stops.items():
            given = [{"line": line} for line in lines]
            found = self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=given)["breakpoints"]
            assert [True] * len(lines) == [each["verified"] for each in found]
        self.ask("configurationDone")

    def stopped_at(self) -> int:
        """Wait until a thread stops, and give the line."""
        self._thread = self.event("stopped")["threadId"]
        (frame, *_) = self.ask("stackTrace", threadId=self._thread)["stackFrames"]
        self._frame = frame["id"]
        line: int = frame["line"]
        return line

    def value(self, expression: str) -> str:
        """What an expression is where the thread stopped."""
        result: str = self.ask("evaluate", expression=expression, frameId=self._frame)["result"]
        return result

    def go_on(self) -> None:
        """Let the stopped thread run."""
        self.ask("continue", threadId=self._thread)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Make a request and give the body of its response, which must be a success."""
        number = self._send(command, **arguments)
        while True:
            response = self._responses.get(timeout=PATIENCE_S)
            if response["request_seq"] == number:
                assert response["success"], response
                body: dict[str, Any] = response.get("body") or {}
                return body

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event and give its body."""
        while True:
            event = self._events.get(timeout=PATIENCE_S)
            if event["event"] == name:
                body: dict[str, Any] = event.get("body") or {}
                return body

    def _send(self, command: str, **arguments: Any) -> int:
        number = next(self._numbers)
        request = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        content = json.dumps(request).encode()
        self._connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        return number

    def _read(self) -> None:
        with suppress(OSError, ValueError), self._connection.makefile("rb") as stream:
            while header := stream.readline():
                stream.readline()  # the empty line between header and content
                message = json.loads(stream.read(int(header.partition(b":")[2])))
                (self._events if message["type"] == "event" else self._responses).put(message)
