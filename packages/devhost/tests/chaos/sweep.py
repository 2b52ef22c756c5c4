"""A sweep: the cells of a table, done in lanes side by side, with a line of progress for each."""

import argparse
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

from durable_devhost.azurite.process import Azurite, running_azurite
from packages.devhost.tests.chaos.controls import ROOT
from packages.devhost.tests.chaos.jobs import Job
from packages.devhost.tests.chaos.lane import Lane
from packages.devhost.tests.chaos.report import line, report
from packages.devhost.tests.chaos.scenarios import Subject
from packages.devhost.tests.chaos.stage import Ending
from packages.devhost.tests.chaos.verdicts import Run

_MOST_ACCOUNTS = 1000


class Sweep:
    """Jobs, the lanes that do them side by side, and the runs so far, in the order of the jobs."""

    def __init__(
        self,
        jobs: Sequence[Job],
        azurite: Azurite,
        subject: Subject,
        *,
        step: int,
        at: int | None,
        written: Path | None,
    ) -> None:
        self._jobs = deque(enumerate(jobs))
        self._total = len(jobs)
        self._azurite = azurite
        self._subject = subject
        self._calls = {"step": step} if at is None else {"first": at, "most": 1}
        self._written = written
        self._accounts = (f"chaos{number}" for number in count())
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._began = time.monotonic()
        self._runs: dict[int, list[Run]] = {}
        self.is_broken = False

    @property
    def runs(self) -> list[Run]:
        """All runs so far."""
        return [run for _, runs in sorted(self._runs.items()) for run in runs]

    def run(self, number: int) -> None:
        """Do all jobs in so many lanes, which end with this call however it ends.

        First the threads end and then the lanes: a thread would start a host again that it sees die.
        """
        with ExitStack() as stack:
            lanes = [
                stack.enter_context(Lane(self._azurite, self._next_accounts(), self._subject, ending=self._ending))
                for _ in range(number)
            ]
            threads = [threading.Thread(target=self._work, args=(lane,), daemon=True) for lane in lanes]
            for each in threads:
                each.start()
            try:
                for each in threads:
                    each.join()
            finally:
                self._ending.set()
                for each in threads:
                    each.join()

    def _work(self, lane: Lane) -> None:
        with suppress(Ending):
            while True:
                with self._lock:
                    if not self._jobs:
                        break
                    number, job = self._jobs.popleft()
                self._do(lane, number, job)
            lane.settle()

    def _next_accounts(self) -> Iterator[str]:
        while True:
            with self._lock:
                account = next(self._accounts)
            yield account

    def _do(self, lane: Lane, number: int, job: Job) -> None:
        runs: list[Run] = []
        try:
            most = {} if job.most is None else {"most": job.most}
            runs = lane.sweep(job.scenario, job.fault, label=job.label, **{**most, **self._calls, **job.script})
        except Ending:
            raise
        except Exception:  # noqa: BLE001 - the bench itself is broken: the other cells are tried all the same
            self.is_broken = True
            traceback.print_exc()
        with self._lock:
            self._runs[number] = runs
            took, done = time.monotonic() - self._began, len(self._runs)
            said = line(job.scenario.name, job.label, runs)
            print(f"{took:6.0f} s  {done:3}/{self._total}  {said}", file=sys.stderr, flush=True)
            if self._written:
                self._written.write_text(report(self.runs), "utf-8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to sweep, whatever is swept."""
    parser.add_argument("--step", type=int, default=1, help="try only each such call; default: every call")
    parser.add_argument("--at", type=int, metavar="N", help="fail this call alone")
    parser.add_argument("--hosts", type=int, default=3, help="hosts side by side; default: 3")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables there too, after each cell")


def sweep(jobs: Sequence[Job], subject: Subject, given: argparse.Namespace) -> bool:
    """Do all jobs, print the tables, and say whether nothing has failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # unwinds, so that all processes are stopped
    accounts = [f"chaos{number}" for number in range(_MOST_ACCOUNTS)]
    with (
        tempfile.TemporaryDirectory(prefix="chaos-azurite-") as folder,
        running_azurite(Path(folder), ROOT, accounts) as azurite,
    ):
        under_way = Sweep(jobs, azurite, subject, step=given.step, at=given.at, written=given.write)
        under_way.run(given.hosts)
    print(report(under_way.runs))
    if given.write:
        given.write.write_text(report(under_way.runs), "utf-8")
    return not (under_way.is_broken or any(run.is_red for run in under_way.runs))
