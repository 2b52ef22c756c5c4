"""devhost as a contender: its command, over HTTP, as any client of an app uses it.

That an instance has ended is read from the host's log. A client that asks again and again would make more calls of
storage than a chain does, and the figures would be about that.
"""

import http.client
import json
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from durable_devhost.azurite.process import stop_survivor
from packages.devhost.bench.contender import Depth, WorkFailed, cpu_s, kill_all, processes, resident_bytes

APP = Path(__file__).resolve().parent / "app"
API = "/runtime/webhooks/durabletask"
CLIENTS = 16
"""Connections that start instances when many are started at once."""
POLL_S = 0.02
LOG_LASTS_S = 0.25
"""After so long without a word the host is asked: what ended right before it was killed is in no log."""
STEPS = 5
_ALIVE = frozenset({"Pending", "Running"})


COMMAND = (sys.executable, "-m", "durable_devhost", "start")
"""devhost as it is here."""


class Ends:
    """The instances that have ended, as a host's log says."""

    def __init__(self) -> None:
        self._ended: set[str] = set()
        self._more = threading.Condition()

    def follow(self, log: Iterable[str]) -> None:
        """Read a log until it ends."""
        for line in log:
            record = json.loads(line) if '"orchestration"' in line else {}
            if record.get("status") in ("Completed", "Failed"):
                with self._more:
                    self._ended.add(record["instance"])
                    self._more.notify_all()

    def wait_for(self, instance_id: str) -> bool:
        """Return when an instance has ended, or False after `LOG_LASTS_S`."""
        with self._more:
            return self._more.wait_for(lambda: instance_id in self._ended, LOG_LASTS_S)


class LocalHost:
    """devhost with the app of the benchmark, on an Azurite that it starts itself."""

    depth = Depth.HOST

    def __init__(self, name: str, *command: str) -> None:
        """`command` starts it: `COMMAND`, perhaps with more options, or another version's."""
        self.name = name
        self._command = command
        self._data = ""
        self._process: subprocess.Popen[str] | None = None
        self._local = threading.local()
        self._address = ""
        self._ends = Ends()

    def start(self) -> None:
        """See `Contender`."""
        self._data = tempfile.mkdtemp(prefix="bench-")
        self.restart()

    def restart(self) -> None:
        """See `Contender`."""
        place = ["--app", str(APP), "--data", self._data, "--port", "0", "--json-logs"]
        self._process = subprocess.Popen([*self._command, *place], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{") and (record := json.loads(line)).get("event") == "ready":
                self._address = record["url"].removeprefix("http://").rstrip("/")
                break
        else:
            raise WorkFailed(f"`{shlex.join(self._command)}` did not start")
        self._local = threading.local()
        threading.Thread(target=self._ends.follow, args=[self._process.stdout], daemon=True).start()

    def kill(self) -> None:
        """See `Contender`."""
        kill_all(self._running)

    def stop(self) -> None:
        """See `Contender`."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(120)
        if self._data:
            stop_survivor(Path(self._data))  # of a host that was killed and has not come back
            shutil.rmtree(self._data, ignore_errors=True)

    def work(self, task: str, count: int, ids: str = "") -> list[float]:
        """See `Contender`."""
        match task:
            case "chain":
                return [self._timed("chain", None, STEPS) for _ in range(count)]
            case "at once":
                began = time.perf_counter()
                self._begin(count, ids)
                return [self._finish(count, ids) - began]
            case "begin":
                self._begin(count, ids)
                return []
            case "finish":
                began = time.perf_counter()
                return [self._finish(count, ids) - began]
            case "fan-out":
                return [self._timed("fan_out", str(count), count * (count - 1) // 2)]
            case "loop":
                return [self._timed("loop", str(count), count)]
            case "event":
                return [self._event(f"{ids}-{number}") for number in range(count)]
        raise WorkFailed(f"devhost knows no {task}")

    def cpu_s(self) -> float:
        """The processor time of the host and its workers since they started, in seconds."""
        return cpu_s(processes(self._running.pid))

    def resident_bytes(self) -> int:
        """The memory of the host and its workers."""
        return resident_bytes(processes(self._running.pid))

    def storage_calls(self) -> int:
        """The calls of storage since the start."""
        return int(self._ask("GET", "/admin/devhost/info")["storageCalls"]["total"])

    def wait_for_events(self, count: int, ids: str) -> None:
        """Start as many instances that wait for an event; returns when all of them wait."""
        self._start_all("wait", None, count, ids)
        for number in range(count):
            self._until(f"{ids}-{number}", "Running")

    def end_wait(self, instance_id: str) -> float:
        """Raise the event for which an instance waits; returns the time at which it had ended."""
        self._ask("POST", f"{API}/instances/{instance_id}/raiseEvent/go", "now")
        ended = self._end(instance_id)
        self._check(instance_id, "now")
        return ended

    def _timed(self, name: str, given: Any, right: Any) -> float:
        began = time.perf_counter()
        instance_id = self._ask("POST", f"{API}/orchestrators/{name}", given)["id"]
        ended = self._end(instance_id)
        self._check(instance_id, right)
        return ended - began

    def _begin(self, count: int, ids: str) -> None:
        self._start_all("chain", None, count, ids)

    def _finish(self, count: int, ids: str) -> float:
        """Wait for chains and check what they gave; returns the time at which the last one had ended."""
        ended = max(self._end(f"{ids}-{number}") for number in range(count))
        for number in range(count):
            self._check(f"{ids}-{number}", STEPS)
        return ended

    def _event(self, instance_id: str) -> float:
        self._ask("POST", f"{API}/orchestrators/wait/{instance_id}", None)
        self._until(instance_id, "Running")
        began = time.perf_counter()
        return self.end_wait(instance_id) - began

    def _start_all(self, name: str, given: Any, count: int, ids: str) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            paths = [f"{API}/orchestrators/{name}/{ids}-{number}" for number in range(count)]
            list(pool.map(lambda path: self._ask("POST", path, given), paths))

    def _end(self, instance_id: str) -> float:
        """Wait until an instance has ended; returns the time at which that is known."""
        while not self._ends.wait_for(instance_id):
            if self._status(instance_id)["runtimeStatus"] not in _ALIVE:
                break
        return time.perf_counter()

    def _check(self, instance_id: str, right: Any) -> None:
        output = self._until(instance_id, "Completed")["output"]
        if output != right:
            raise WorkFailed(f"{instance_id} gave {output}, not {right}")

    def _until(self, instance_id: str, wanted: str) -> dict[str, Any]:
        while (status := self._status(instance_id))["runtimeStatus"] != wanted:
            if status["runtimeStatus"] not in _ALIVE:
                raise WorkFailed(f"{instance_id} ended as {status['runtimeStatus']}: {status['output']}")
            time.sleep(POLL_S)
        return status

    def _status(self, instance_id: str) -> dict[str, Any]:
        status: dict[str, Any] = self._ask("GET", f"{API}/instances/{instance_id}")
        return status

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request on this thread's connection; gives the JSON of the answer, or nothing."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self._address, timeout=600)
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise WorkFailed(f"{method} {path} was answered with {answer.status}: {content[:200]!r}")
        return json.loads(content) if content else None

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process


def hosts(modes: Sequence[str]) -> list[LocalHost]:
    """devhost as it is, and in each further storage mode."""
    others = (LocalHost(f"devhost, {mode}", *COMMAND, "--storage-mode", mode) for mode in modes)
    return [LocalHost("devhost", *COMMAND), *others]
