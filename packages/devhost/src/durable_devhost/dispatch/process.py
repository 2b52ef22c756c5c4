"""One worker process: started with the app's Python, greeted, told to load the app, and ended in good order.

It stays in the host's process group and keeps its terminal, so that `breakpoint()` works there. Its standard error
is passed on, and the last lines are kept to explain a death.
"""

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import durable_devhost
from durable_devhost.dispatch.connection import Connection, Message, WorkerGone
from durable_devhost.dispatch.descendants import descendants
from durable_devhost.errors import AppError, AppImportError, DevhostError, SettingsError
from durable_devhost.wire.frames import PROTOCOL

BOOT = Path(durable_devhost.__file__).parent / "worker" / "worker.py"
OLDEST_PYTHON = (3, 9)
"""The oldest Python that the worker's code runs on."""

_GREETING_S = 30.0
_STOP_S = 1.0
_KEPT_LINES = 20
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """How workers of this host are started. `threads` and `debug` (a port) are None by default."""

    python: str
    app_dir: Path
    script: str
    environ: Mapping[str, str] = field(repr=False)
    threads: int | None = None
    log_level: int = 20
    """The level of the root logger, in Python's numbers; `shown_level` is the lowest level that is shown."""
    shown_level: int = 0
    debug: int | None = None
    debugpy: str | None = None
    """Where to look for a debugger after the app's own environment; by default the host's packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What the worker runs on; a package that is not installed is left out of `packages`."""

    python: str
    executable: str
    packages: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedApp:
    """The functions of an app as its worker found them, unchecked; `complaint` is the SDK's error, if any."""

    functions: tuple[Mapping[str, Any], ...]
    complaint: str | None
    versions: Versions


class WorkerProcess:
    """A running worker; `launch` starts one, `load` makes it import the app, `end` is called before it ends."""

    def __init__(self, process: asyncio.subprocess.Process, connection: Connection) -> None:
        self.process = process
        self.connection = connection
        self.is_leaving = False
        self._tail = deque[str](maxlen=_KEPT_LINES)
        self._greeting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._passing_on: asyncio.Task[None] | None = None

    @classmethod
    async def launch(cls, plan: WorkerPlan, on_message: Callable[[Message], None]) -> Self:
        """Start a worker; `on_message` gets its log records. Raises DevhostError if it cannot be started."""
        ours, theirs = socket.socketpair()
        # An own pipe: asyncio's own process pipe would wait for children that hold the other end.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                plan.python,
                str(BOOT),
                "--fd",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                cwd=plan.app_dir,
                env=dict(plan.environ),
                stderr=writing,
            )
        except BaseException as error:
            ours.close()
            os.close(reading)
            if not isinstance(error, OSError):
                raise
            raise SettingsError(
                f"{plan.python} cannot be started ({error.strerror}). Give the app's Python with --python."
            ) from None
        finally:
            theirs.close()
            os.close(writing)
        try:
            connection = await Connection.on_socket(ours, lambda message: worker.hear(message, on_message))
        except BaseException:  # the start was cut short
            process.kill()
            os.close(reading)
            await process.wait()
            raise
        worker = cls(process, connection)
        worker._passing_on = asyncio.create_task(worker._pass_on(reading))
        return worker

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def last_words(self) -> str:
        """The last lines that the worker wrote to its standard error."""
        return "\n".join(self._tail)

    @property
    def exit_reason(self) -> str:
        """How the process ended, in words."""
        status = self.process.returncode
        if status is None:
            return "it is still running"
        if status >= 0:
            return f"it exited with status {status}"
        with suppress(ValueError):
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it was ended by signal {-status}"

    def hear(self, message: Message, on_message: Callable[[Message], None]) -> None:
        """Handle a message that answers no call: the greeting, or a log record."""
        if message["kind"] == "hello":
            if not self._greeting.done():
                self._greeting.set_result(message)
        else:
            on_message(message)

    async def load(self, plan: WorkerPlan) -> LoadedApp:
        """Make the worker import the app; raises AppError, AppImportError, and DevhostError for a worker that ended."""
        try:
            versions = await self._greeted(plan)
            answer = await self.connection.call(
                {
                    "kind": "load",
                    "script": plan.script,
                    "threads": plan.threads,
                    "level": plan.log_level,
                    "shown": plan.shown_level,
                    "debug": _debugger(plan),
                }
            )
        except WorkerGone:
            await self.process.wait()
            if not self._greeting.done():
                raise SettingsError(
                    f"{plan.python} ended before it greeted: {self.exit_reason}. Give the app's Python with --python."
                ) from None
            raise AppError(
                f"The worker ended while it loaded the app: {self.exit_reason}. "
                f"Run {plan.python} -c 'import {Path(plan.script).stem}' in {plan.app_dir} to see why."
            ) from None
        if answer["kind"] == "refused":
            text, details = answer["text"], answer.get("details")
            raise AppImportError(text, details) if details else AppError(text)
        return LoadedApp(functions=tuple(answer["functions"]), complaint=answer.get("complaint"), versions=versions)

    async def wait(self) -> None:
        """Return when the process has ended and all its output is passed on."""
        await self.process.wait()
        self.connection.close()
        if self._passing_on is not None:
            # A child of the app may hold the pipe for longer than its worker lives.
            await asyncio.wait((self._passing_on,), timeout=_STOP_S)
            self._passing_on.cancel()

    async def stop(self, patience_s: float = _STOP_S) -> None:
        """Ask the worker to end, and kill it if it does not: no process of it stays."""
        self.is_leaving = True
        self.connection.note({"kind": "stop"})
        try:
            await asyncio.wait_for(self.process.wait(), patience_s)
        except TimeoutError:
            self.kill()
        await self.wait()

    def kill(self) -> None:
        """End the process at once, and all processes of the app."""
        self.is_leaving = True
        for pid in (*descendants(self.pid), self.pid):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    async def _greeted(self, plan: WorkerPlan) -> Versions:
        gone = asyncio.create_task(self.connection.closed.wait())
        await asyncio.wait((self._greeting, gone), timeout=_GREETING_S, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not self._greeting.done():
            if self.connection.closed.is_set():
                raise WorkerGone
            self.kill()
            raise DevhostError(
                f"{plan.python} was started, but did not greet within {_GREETING_S:g} s. Give the app's Python with "
                "--python, or look at what that one does when it starts (sitecustomize, .pth files)."
            )
        hello = self._greeting.result()
        if hello["protocol"] != PROTOCOL:
            raise DevhostError(
                f"The worker speaks version {hello['protocol']} of the protocol, this host version {PROTOCOL}. "
                "durable-devhost was updated while it ran; start it again."
            )
        if _numbers(hello["python"]) < OLDEST_PYTHON:
            raise AppError(
                f"{hello['executable']} is Python {hello['python']}, and apps run on Python 3.9 to 3.14. "
                "Give another one with --python."
            )
        packages = {name: version for name, version in hello["packages"].items() if version}
        return Versions(python=hello["python"], executable=hello["executable"], packages=packages)

    async def _pass_on(self, pipe: int) -> None:
        """Pass standard error on as it comes, also half a line, which may be a prompt."""
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb", buffering=0)
        )
        rest = ""
        try:
            while chunk := await stream.read(_CHUNK):
                text = chunk.decode(errors="replace")
                with suppress(OSError, ValueError):
                    sys.stderr.write(text)
                    sys.stderr.flush()
                *lines, rest = (rest + text).split("\n")
                self._tail.extend(lines)
        finally:
            transport.close()
            if rest:
                self._tail.append(rest)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _debugger(plan: WorkerPlan) -> dict[str, Any] | None:
    if plan.debug is None:
        return None
    return {"port": plan.debug, "path": plan.debugpy or _site_packages(), "python": sys.executable}


def _site_packages() -> str:
    """Where the host's own packages are, for a debugger that the app's environment lacks."""
    return os.path.dirname(os.path.dirname(os.path.abspath(sys.modules["aiohttp"].__file__ or "")))
