"""Measures chains of five activities on one host or more, in turns: one after the other, and many at once.

usage: python packages/devhost/bench/chains.py [--rounds N] [--many N] [COMMAND ...]

Each COMMAND starts a host, `durable-devhost start` for one; all are measured in the same run, so that their figures can
be compared. Without one it is the `durable-devhost` of this Python. CPU is that of host and workers, without Azurite.
"""

import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from durable_devhost.dispatch.descendants import descendants

APP = Path(__file__).resolve().parent / "app"
API = "/runtime/webhooks/durabletask"
TICKS = os.sysconf("SC_CLK_TCK")
WARM_UP = 10


@dataclass
class Figures:
    """What one command took, round by round."""

    start_s: list[float] = field(default_factory=list)
    one_ms: list[float] = field(default_factory=list)
    many_per_s: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Running:
    """A host that runs."""

    url: str
    pid: int
    start_s: float

    def start(self) -> str:
        """Start a chain and return its id."""
        request = urllib.request.Request(f"{self.url}{API}/orchestrators/chain", data=b'"0"', method="POST")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as response:
            return str(json.load(response)["id"])

    def wait(self, instance_id: str, pause_s: float) -> None:
        """Return when the chain has ended; raises RuntimeError for one that has not ended well."""
        while True:
            with urllib.request.urlopen(f"{self.url}{API}/instances/{instance_id}") as response:
                status = json.load(response)
            if status["runtimeStatus"] == "Completed":
                if status["output"] != 5:
                    raise RuntimeError(f"a chain gave {status['output']}")
                return
            if status["runtimeStatus"] not in ("Pending", "Running"):
                raise RuntimeError(f"a chain ended as {status}")
            time.sleep(pause_s)

    def cpu_s(self) -> float:
        """The CPU that the host and its workers have used."""
        return sum(_cpu_s(pid) for pid in [self.pid, *_workers(self.pid)])


@contextmanager
def running(command: list[str]) -> Iterator[Running]:
    """Start a host with `command` over a new folder and stop it again."""
    with tempfile.TemporaryDirectory() as data:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--app", str(APP), "--data", data, "--port", "0", "--json-logs"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        url = ""
        for line in process.stdout:
            if line.startswith("{") and (record := json.loads(line)).get("event") == "ready":
                url = record["url"]
                break
        if not url:
            raise RuntimeError(f"{shlex.join(command)} did not start")
        took = time.perf_counter() - began
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            yield Running(url=url, pid=process.pid, start_s=took)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def measure(command: list[str], figures: Figures, *, many: int) -> None:
    """Add one round."""
    with running(command) as host:
        figures.start_s.append(host.start_s)
        for _ in range(WARM_UP):
            host.wait(host.start(), 0.001)
        for _ in range(50):
            began = time.perf_counter()
            host.wait(host.start(), 0.001)
            figures.one_ms.append((time.perf_counter() - began) * 1000)
        cpu, began = host.cpu_s(), time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            ids = list(pool.map(lambda _: host.start(), range(many)))
        for instance_id in ids:
            host.wait(instance_id, 0.05)
        figures.many_per_s.append(many / (time.perf_counter() - began))
        figures.cpu_ms.append((host.cpu_s() - cpu) * 1000 / many)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=200)
    parser.add_argument("commands", nargs="*", metavar="COMMAND")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # unwinds, so that the host is stopped too
    commands = given.commands or [f"{shlex.quote(sys.executable)} -m durable_devhost start"]
    figures = {command: Figures() for command in commands}
    for number in range(given.rounds):
        for command in commands:
            print(f"round {number + 1} of {given.rounds}: {command}", file=sys.stderr)
            measure(shlex.split(command), figures[command], many=given.many)
    print(f"{'start s':>8} {'one ms p50':>11} {'p95':>6} {given.many:>5} at once /s {'CPU ms a chain':>15}  command")
    for command, found in figures.items():
        one = statistics.quantiles(found.one_ms, n=20)
        print(
            f"{statistics.median(found.start_s):8.2f} {statistics.median(found.one_ms):11.1f} {one[18]:6.1f} "
            f"{statistics.median(found.many_per_s):16.1f} {statistics.median(found.cpu_ms):15.1f}  {command}"
        )


def _workers(pid: int) -> list[int]:
    """What the host has started, without Azurite."""
    return [each for each in descendants(pid) if b"azurite" not in Path(f"/proc/{each}/cmdline").read_bytes()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
