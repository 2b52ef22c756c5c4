"""A peer as a contender: one of the programs in `peers/`, in a process with the packages of the peers."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from packages.devhost.bench.contender import AllLost, Depth, WorkFailed, kill_all

PEERS = Path(__file__).resolve().parent / "peers"


class PeerProcess:
    """One program that answers as `peers/serving.py` says."""

    depth = Depth.ENGINE

    def __init__(self, name: str, program: Callable[[Path], tuple[list[str], Mapping[str, str]]]) -> None:
        """`program` gives the command and the environment for a folder of data."""
        self.name = name
        self._program = program
        self._data = Path()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """See `Contender`."""
        self._data = Path(tempfile.mkdtemp(prefix="bench-"))
        self.restart()

    def restart(self) -> None:
        """See `Contender`."""
        command, environment = self._program(self._data)
        with (self._data / "errors.log").open("a") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=PEERS,
                env={**os.environ, **environment},
            )
        if "ready" not in self._answer():
            raise WorkFailed(f"{self.name} did not start: {self._last_words()}")

    def work(self, task: str, count: int, ids: str = "") -> list[float]:
        """See `Contender`."""
        process = self._running
        assert process.stdin
        process.stdin.write(json.dumps({"do": task, "count": count, "ids": ids}) + "\n")
        process.stdin.flush()
        answer = self._answer()
        if "lost" in answer:
            raise AllLost(f"{self.name} keeps nothing")
        if "seconds" not in answer:
            raise WorkFailed(str(answer.get("failed") or self._last_words()))
        return [float(each) for each in answer["seconds"]]

    def kill(self) -> None:
        """See `Contender`."""
        kill_all(self._running)

    def stop(self) -> None:
        """See `Contender`."""
        if self._process is not None and self._process.poll() is None:
            kill_all(self._process)  # it keeps nothing that anybody needs
        shutil.rmtree(self._data, ignore_errors=True)

    def _answer(self) -> dict[str, list[float]]:
        stdout = self._running.stdout
        assert stdout
        line = stdout.readline()
        return dict(json.loads(line)) if line else {}

    def _last_words(self) -> str:
        lines = (self._data / "errors.log").read_text().strip().splitlines()
        return lines[-1] if lines else "it ended without a word"

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process
