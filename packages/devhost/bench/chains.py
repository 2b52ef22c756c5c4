"""Measures chains of five activities on one host or more, in turns: one after the other, and many at once.

usage: python -m packages.devhost.bench.chains [--rounds N] [--many N] [COMMAND ...]

Each COMMAND starts a host, `durable-devhost start` for one; all are measured in the same run, so that their figures can
be compared. Without one it is the devhost of this Python. CPU is that of host and workers, without Azurite.
"""

import argparse
import shlex
import signal
import statistics
import sys
import time
from dataclasses import dataclass, field

from packages.devhost.bench.local_host import COMMAND, LocalHost
from packages.devhost.bench.workloads import WARM_UP


@dataclass
class Figures:
    """What one command took, round by round."""

    start_s: list[float] = field(default_factory=list)
    one_ms: list[float] = field(default_factory=list)
    many_per_s: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def measure(command: str, figures: Figures, *, many: int) -> None:
    """Add one round."""
    host = LocalHost(command, *shlex.split(command))
    try:
        began = time.perf_counter()
        host.start()
        figures.start_s.append(time.perf_counter() - began)
        host.work("chain", WARM_UP)
        figures.one_ms += [seconds * 1000 for seconds in host.work("chain", 50)]
        cpu = host.cpu_s()
        figures.many_per_s.append(many / host.work("at once", many, "many")[0])
        figures.cpu_ms.append((host.cpu_s() - cpu) * 1000 / many)
    finally:
        host.stop()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=200)
    parser.add_argument("commands", nargs="*", metavar="COMMAND")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # unwinds, so that the host is stopped too
    commands = given.commands or [shlex.join(COMMAND)]
    figures = {command: Figures() for command in commands}
    for number in range(given.rounds):
        for command in commands:
            print(f"round {number + 1} of {given.rounds}: {command}", file=sys.stderr)
            measure(command, figures[command], many=given.many)
    print(f"{'start s':>8} {'one ms p50':>11} {'p95':>6} {given.many:>5} at once /s {'CPU ms a chain':>15}  command")
    for command, found in figures.items():
        one = statistics.quantiles(found.one_ms, n=20)
        print(
            f"{statistics.median(found.start_s):8.2f} {statistics.median(found.one_ms):11.1f} {one[18]:6.1f} "
            f"{statistics.median(found.many_per_s):16.1f} {statistics.median(found.cpu_ms):15.1f}  {command}"
        )


if __name__ == "__main__":
    main()
