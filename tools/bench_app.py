"""Times what people do with proposals, on a host of its own: the answer, and the processor time of host and worker.

usage: python -m tools.bench_app [--rounds N] [--quick] [--write DOCUMENT]

Each figure is the median over all rounds. "In all" is over when the host has nothing left to do: letters are written
and workflows wait. `make bench` runs it after the engines. How many calls to storage each operation costs is not
measured here but tested, in `tests/storage_calls/`.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from durable_devhost.testing.app import AppUnderTest
from packages.devhost.bench.contender import cpu_s, processes
from packages.devhost.bench.report import write_between

ROOT = Path(__file__).resolve().parents[1]
PART = "app"
AT_ONCE = 50
SETTINGS = {"ALLOWED_HOSTS": "127.0.0.1"}


@dataclass
class Timings:
    """What one operation took, each time that it was done."""

    answer_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


class Desk:
    """The app, as the people use it who are measured."""

    def __init__(self, app: AppUnderTest) -> None:
        self._app = app
        self._handed_in = 0

    def submit(self, files: int = 0, people: int = 1) -> str:
        """Hand in a proposal that waits for these people; gives its id."""
        self._handed_in += 1
        form = {
            "title": f"Footbridge {self._handed_in}",
            "author": "Ines",
            "policy": {"stages": [{"name": "board", "rule": "all", "approvers": _people(people)}]},
            "attachments": [_file(number) for number in range(files)],
        }
        return str(self._ask("POST", "/api/proposals", form, 202)["proposalId"])

    def comment(self, proposal: str) -> None:
        """Say something."""
        self._ask("POST", f"/api/proposals/{proposal}/comments", {"by": "Person 0", "comment": "A ramp?"}, 200)

    def decide(self, proposal: str, person: int = 0) -> None:
        """Approve."""
        body = {"approver": f"Person {person}", "decision": "approve"}
        self._ask("POST", f"/api/proposals/{proposal}/decisions", body, 200)

    def show(self, proposal: str) -> None:
        """Read the proposal."""
        self._ask("GET", f"/api/proposals/{proposal}", None, 200)

    def list(self) -> None:
        """Read the first page of the list."""
        self._ask("GET", "/api/proposals?top=20", None, 200)

    def sweep(self) -> None:
        """Run the sweep, as its timer does."""
        self._ask("POST", "/admin/functions/SweepReviews", {}, 202)

    def quiet(self) -> None:
        """Return when the host has nothing left to do: a jump by nothing waits for that."""
        self._app.advance(hours=0)

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None, wanted: int) -> Mapping[str, object]:
        answer = self._app.request(method, path, body) if body is not None else self._app.request(method, path)
        if answer.status != wanted:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {answer.body}")
        return answer.body if isinstance(answer.body, dict) else {}


def measure(app: AppUnderTest, taken: dict[str, Timings], times: int, at_once: int = AT_ONCE) -> None:
    """Do every operation so many times, one after the other, and one of them by `at_once` people at the same moment."""
    desk = Desk(app)
    desk.decide(desk.submit())  # tables and containers are made now
    desk.quiet()
    for _ in range(times):
        proposal = desk.submit(people=2)
        desk.quiet()
        for title, work in OPERATIONS.items():
            _time(app, desk, taken[title], partial(work, desk, proposal))
    answers = _at_once(desk, at_once)
    taken[f"{at_once} decisions at once, median"].answer_ms.append(statistics.median(answers))
    taken[f"{at_once} decisions at once, slowest"].answer_ms.append(max(answers))


OPERATIONS: Mapping[str, Callable[[Desk, str], object]] = {
    "submit, no files": lambda desk, _: desk.submit(),
    "submit, three files": lambda desk, _: desk.submit(files=3),
    "comment": lambda desk, proposal: desk.comment(proposal),
    "decision, not the last": lambda desk, proposal: desk.decide(proposal, 0),
    "decision, the last": lambda desk, proposal: desk.decide(proposal, 1),
    "GET proposal": lambda desk, proposal: desk.show(proposal),
    "list of 20": lambda desk, _: desk.list(),
    "sweep": lambda desk, _: desk.sweep(),
}
"""In this order, on a proposal that waits for two people."""


def _at_once(desk: Desk, people: int) -> list[float]:
    """Have many people decide about one proposal at the same moment; gives the ms of each answer."""
    proposal = desk.submit(people=people)
    desk.quiet()

    def decide(person: int) -> float:
        began = time.perf_counter()
        desk.decide(proposal, person)
        return (time.perf_counter() - began) * 1000

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(decide, range(people)))


def _time(app: AppUnderTest, desk: Desk, taken: Timings, work: Callable[[], object]) -> None:
    pids = processes(app.pid)
    cpu, began = cpu_s(pids), time.perf_counter()
    work()
    answered = time.perf_counter()
    desk.quiet()
    taken.answer_ms.append((answered - began) * 1000)
    taken.whole_ms.append((time.perf_counter() - began) * 1000)
    taken.cpu_ms.append((cpu_s(pids) - cpu) * 1000)


def table(taken: dict[str, Timings]) -> str:
    """The figures as Markdown."""
    lines = ["| | answer, ms | in all, ms | CPU, ms |", "| --- | --- | --- | --- |"]
    for title, found in taken.items():
        columns = (found.answer_ms, found.whole_ms, found.cpu_ms)
        lines.append(
            f"| {title} | {' | '.join(f'{statistics.median(each):.0f}' if each else '' for each in columns)} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure, print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a few of each")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT")
    given = parser.parse_args()
    taken: dict[str, Timings] = defaultdict(Timings)
    for number in range(given.rounds):
        print(f"round {number + 1} of {given.rounds}: the app", file=sys.stderr)
        with (
            tempfile.TemporaryDirectory() as data,
            AppUnderTest(ROOT, Path(data), ("--clock", "virtual"), SETTINGS) as app,
        ):
            measure(app, taken, 3 if given.quick else 15)
    print(table(taken))
    if given.write:
        about = f"Measured by `make bench`: {os.cpu_count()} cores, median of {given.rounds} rounds."
        write_between(given.write, PART, f"{about}\n\n{table(taken)}")
    return 0


def _people(count: int) -> list[str]:
    return [f"Person {number}" for number in range(count)]


def _file(number: int) -> dict[str, str]:
    content = b64encode(f"# Note {number}\n".encode()).decode()
    return {"name": f"note-{number}.md", "contentType": "text/markdown", "content": content}


if __name__ == "__main__":
    sys.exit(main())
