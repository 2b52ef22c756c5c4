"""Programs that a test starts and looks at from outside: what they print, which of them run, and how they end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

PATIENCE_S = 30.0
_PAUSE_S = 0.02
Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], complaint: str | Callable[[], str], patience_s: float = PATIENCE_S) -> Seen:
    """The first thing seen that counts as true; fails with the complaint when patience ends."""
    give_up = time.monotonic() + patience_s
    while not (seen := look()):
        if time.monotonic() > give_up:
            raise AssertionError(complaint() if callable(complaint) else complaint)
        time.sleep(_PAUSE_S)
    return seen


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended and that nobody has asked about yet does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return not Path("/proc/self").exists()
    return False


def all_gone(pids: Iterable[int], patience_s: float = PATIENCE_S) -> None:
    """Wait until none of the processes runs any more."""
    left = set(pids)
    until(lambda: not any(map(is_alive, left)), lambda: f"still running: {sorted(filter(is_alive, left))}", patience_s)


def family(pid: int) -> set[int]:
    """The process and everything that it has started, as far as the system still knows who started it."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = dict(map(int, line.split()) for line in shown.splitlines())
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Whether a connection to the port is taken."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Program:
    """A program in a session of its own; `output` is all that it has printed, on both streams.

    It runs for as long as the block does. `environ` comes on top of this process's environment; None takes a name away.
    """

    def __init__(
        self, *command: str | Path, cwd: Path, environ: Mapping[str, str | None] | None = None, stdin: Any = None
    ) -> None:
        self._command = [str(word) for word in command]
        self._cwd = cwd
        self._environ = environ or {}
        self._stdin = subprocess.DEVNULL if stdin is None else stdin
        self._printed = bytearray()

    def __enter__(self) -> Self:
        given = {**os.environ, **self._environ}
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env={name: value for name, value in given.items() if value is not None},
            stdin=self._stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(1)

    @property
    def pid(self) -> int:
        """The process id, and that of its group."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return bytes(self._printed).decode(errors="replace")

    def says(self, text: str) -> None:
        """Wait until the text is printed; fails where the program ends before."""
        until(
            lambda: text in self.output or not self._reader.is_alive(), lambda: f"no {text!r} in:\n{self.output}", 60.0
        )
        assert text in self.output

    def ends(self, patience_s: float = PATIENCE_S) -> int:
        """Wait for the end and give the exit status."""
        until(lambda: self._process.poll() is not None, lambda: f"it still runs:\n{self.output}", patience_s)
        self._reader.join(1)  # a child that outlives the program may hold the pipe
        status: int = self._process.returncode
        return status

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as stream:
            while chunk := os.read(stream.fileno(), 1 << 16):  # also half a line, as a prompt is one
                self._printed += chunk


def run(*command: str | Path, cwd: Path, environ: Mapping[str, str | None] | None = None) -> str:
    """What a program prints that must succeed."""
    with Program(*command, cwd=cwd, environ=environ) as program:
        assert program.ends(300.0) == 0, program.output
        return program.output


def environment_without_pip(python: str, folder: Path, paths: Sequence[Path] = ()) -> Path:
    """A virtual environment that is made in a tenth of a second; its packages are those found in `paths`."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "neighbours.pth").write_text("".join(f"{path}\n" for path in paths))
    return packages
