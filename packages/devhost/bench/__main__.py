"""Measures devhost against its storage alone and against other engines: the same work, in turns, with checked results.

usage: python -m packages.devhost.bench [--quick] [--rounds N] [--only WORDS] [--write DOCUMENT]

For each workload of a round each contender starts over nothing, warms up, does the work, and stops. What stands in the
table is the median of the rounds. --write puts the table between the marks of a document, and a picture beside it.
"""

import argparse
import datetime
import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packages.devhost.bench import peer_setup
from packages.devhost.bench.contender import Contender, WorkFailed
from packages.devhost.bench.local_host import hosts
from packages.devhost.bench.report import Cell, Figures, picture, table, write_between
from packages.devhost.bench.storage_floor import StorageFloor
from packages.devhost.bench.workloads import WARM_UP, WORKLOADS, Workload

PART = "engines"
PICTURE = "pictures/bench.svg"


def main() -> int:
    """Measure, print the table, and write it where that is asked for."""
    given = _given()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # unwinds, so that what was started is stopped too
    workloads = [each for each in WORKLOADS if given.only in each.title]
    try:
        if not given.no_peers:
            peer_setup.install()
        with peer_setup.postgres() as postgres:
            peers: Sequence[Contender] = () if given.no_peers else peer_setup.peers(postgres)
            if not given.no_peers and postgres is None:
                print("Without PostgreSQL there is no DBOS here: `apt install postgresql` brings it.", file=sys.stderr)
            contenders: list[Contender] = [*hosts(given.mode), StorageFloor(), *peers]
            names, text = [each.name for each in contenders], ""
            for done, figures in measure(contenders, workloads, given.rounds, quick=given.quick):
                text = table(workloads, names, figures)
                if given.write:  # after each round, so that a long run that is ended early has not been for nothing
                    whole = f"{_about(done)}\n\n{text}\n\n![Times as fast as devhost]({PICTURE})"
                    write_between(given.write, PART, whole)
                    (given.write.parent / PICTURE).write_text(picture(workloads, names, figures))
    except WorkFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if given.quick:
        print("Each workload was a fraction of what its title says.")
    print(text)
    return 0


def measure(
    contenders: Sequence[Contender], workloads: Sequence[Workload], rounds: int, *, quick: bool
) -> Iterator[tuple[int, Figures]]:
    """Have every contender do every workload, in turns; gives the number of rounds done and all figures after each."""
    figures = {workload.title: {each.name: Cell() for each in contenders} for workload in workloads}
    for number in range(1, rounds + 1):
        for workload in workloads:
            for contender in contenders:
                _one(contender, workload, figures[workload.title][contender.name], quick, f"{number}/{rounds}")
        yield number, figures


def _one(contender: Contender, workload: Workload, cell: Cell, quick: bool, turn: str) -> None:
    if contender.depth < workload.depth:
        cell.missing = "-"
    if cell.missing:
        return
    try:
        contender.start()
        contender.work("chain", WARM_UP)
        figure = workload.figure(contender, quick)
    except WorkFailed as error:
        cell.missing = error.in_table
        print(f"round {turn}  {contender.name}: {workload.title}: {error}", file=sys.stderr, flush=True)
        return
    finally:
        contender.stop()
    cell.figures.append(figure)
    print(f"round {turn}  {contender.name}: {workload.title} {figure:.2f} {workload.unit}", file=sys.stderr, flush=True)


def _about(rounds: int) -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"Measured by `make bench` on {today}: {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"median of {rounds} round{'s' if rounds > 1 else ''}. In brackets: the ratio to devhost. "
        "**Bold** is better than devhost."
    )


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fraction of each workload, for a look")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="WORDS", help="the workloads with these words in their title")
    parser.add_argument("--no-peers", action="store_true", help="devhost and its storage only")
    parser.add_argument("--mode", action="append", default=[], metavar="MODE", help="devhost in this storage mode too")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
