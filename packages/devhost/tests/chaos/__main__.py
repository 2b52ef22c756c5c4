"""The whole sweep: each scenario, with each fault at each of its calls. `make chaos` runs it.

usage: python -m packages.devhost.tests.chaos [--scenario NAME ...] [--fault NAME ...] [--kills] [--idle] [--write FILE]

Exit status 1 where anything was stuck, lost, doubled or refused without a reason, or a host has ended.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from durable_devhost.azurite.process import Azurite, running_azurite
from packages.devhost.tests.chaos.faults import FAULTS, KILLS, STORAGE_FAULTS
from packages.devhost.tests.chaos.lane import MOST_CALLS, Lane
from packages.devhost.tests.chaos.report import line, report
from packages.devhost.tests.chaos.scenarios import BY_NAME, SCENARIOS, Scenario
from packages.devhost.tests.chaos.verdicts import Run

ROOT = Path(__file__).resolve().parents[4]
_MOST_ACCOUNTS = 1000
_IDLE_CALLS = 12
"""How many of the polls after a scenario's beginning are tried: it has ended when they go on."""


@dataclass(frozen=True, slots=True)
class Job:
    """One cell of the table."""

    scenario: Scenario
    fault: str
    choice: str
    times: int
    step: int


class Sweep:
    """Jobs, the lanes that do them side by side, and the runs so far."""

    def __init__(self, jobs: Sequence[Job], azurite: Azurite) -> None:
        self._jobs = deque(jobs)
        self._total = len(jobs)
        self._done = 0
        self._azurite = azurite
        self._accounts = (f"chaos{number}" for number in count())
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.runs: list[Run] = []
        self.is_broken = False

    def run(self, lanes: int) -> None:
        """Do all jobs."""
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(lanes)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def _work(self) -> None:
        with Lane(self._azurite, self._next_accounts()) as lane:
            while True:
                with self._lock:
                    if not self._jobs:
                        break
                    job = self._jobs.popleft()
                self._do(lane, job)
            lane.settle()

    def _next_accounts(self) -> Iterator[str]:
        while True:
            with self._lock:
                account = next(self._accounts)
            yield account

    def _do(self, lane: Lane, job: Job) -> None:
        most = _IDLE_CALLS if job.choice == "idle" else MOST_CALLS
        try:
            runs = lane.sweep(job.scenario, job.fault, step=job.step, most=most, choice=job.choice, times=job.times)
        except Exception:  # noqa: BLE001 - the bench itself is broken: the other cells are tried all the same
            runs = []
            self.is_broken = True
            traceback.print_exc()
        with self._lock:
            self.runs += runs
            self._done += 1
            took = time.monotonic() - self._began
            said = line(job.scenario.name, job.fault, runs)
            print(f"{took:6.0f} s  {self._done:3}/{self._total}  {said}", file=sys.stderr, flush=True)


def main() -> None:
    """Sweep and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=list(BY_NAME), help="only this one; may be repeated")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only this one; may be repeated")
    parser.add_argument("--kills", action="store_true", help="kill host and worker in place of what storage does")
    parser.add_argument("--idle", action="store_true", help="fail the polls and lease renewals in place of the work")
    parser.add_argument("--times", type=int, default=1, help="how many calls in a row meet the fault; default: 1")
    parser.add_argument("--step", type=int, default=1, help="try only each such call; default: every call")
    parser.add_argument("--hosts", type=int, default=3, help="hosts side by side; default: 3")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables there too")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    faults = given.fault or [fault.name for fault in (KILLS if given.kills else STORAGE_FAULTS)]
    scenarios = [BY_NAME[name] for name in given.scenario] if given.scenario else SCENARIOS
    choice = "idle" if given.idle else "work"
    jobs = [Job(scenario, fault, choice, given.times, given.step) for fault in faults for scenario in scenarios]
    accounts = [f"chaos{number}" for number in range(_MOST_ACCOUNTS)]
    with (
        tempfile.TemporaryDirectory(prefix="chaos-azurite-") as folder,
        running_azurite(Path(folder), ROOT, accounts) as azurite,
    ):
        sweep = Sweep(jobs, azurite)
        sweep.run(given.hosts)
    order = {name: number for number, name in enumerate(BY_NAME)}
    rank = {name: number for number, name in enumerate(FAULTS)}
    runs = sorted(sweep.runs, key=lambda run: (order[run.scenario], rank[run.fault]))
    text = report(runs)
    print(text)
    if given.write:
        given.write.write_text(text, "utf-8")
    sys.exit(sweep.is_broken or any(run.is_red for run in runs))


if __name__ == "__main__":
    main()
