"""What the benchmark measures against each other: each does the same work and says how long it took."""

import os
import signal
import subprocess
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from durable_devhost.dispatch.descendants import descendants

TICKS = os.sysconf("SC_CLK_TCK")


class WorkFailed(Exception):
    """A contender could not do what it was asked, in one sentence."""

    in_table = "failed"
    """What stands where a figure would."""


class AllLost(WorkFailed):
    """A contender keeps nothing that would survive a crash."""

    in_table = "all lost"


class Depth(IntEnum):
    """How much there is of a contender, and how much a workload needs."""

    STORAGE = 1
    """The calls alone."""
    ENGINE = 2
    """Workflows that wait and that survive a crash."""
    HOST = 3
    """devhost, of which more can be seen from outside."""


class Contender(Protocol):
    """One engine. `start` comes first, over nothing; `stop` last, and it leaves nothing behind."""

    name: str
    """As it stands in the table."""
    depth: Depth

    def start(self) -> None:
        """Come up over new, empty data; returns when work can be given."""

    def work(self, task: str, count: int, ids: str = "") -> list[float]:
        """Do one task of `serving.WORK`; gives seconds, one for the whole or one for each of `count`.

        Raises WorkFailed if a result is not right.
        """

    def kill(self) -> None:
        """End at once with SIGKILL, as a crash would. What was stored stays."""

    def restart(self) -> None:
        """Come up again over what was stored."""

    def stop(self) -> None:
        """End, and remove the data."""


def processes(pid: int) -> list[int]:
    """The process and what it has started, without databases and storage emulators."""
    storage = (b"azurite", b"postgres")
    return [pid, *(each for each in descendants(pid) if not any(name in _command(each) for name in storage))]


def cpu_s(pids: list[int]) -> float:
    """The processor time that these processes have used, in seconds."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_bytes(pids: list[int]) -> int:
    """The memory that these processes hold."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def kill_all(process: subprocess.Popen[str]) -> None:
    """Send SIGKILL to the process and everything it has started but its storage, and wait for it."""
    for pid in reversed(processes(process.pid)):
        os.kill(pid, signal.SIGKILL)
    process.wait()


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
