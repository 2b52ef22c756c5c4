"""How much memory a host and its workers take, sampled while they run: Linux alone, from /proc."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAUSE_S = 1.0
"""Between two samples."""
GROWTH = 1.25
SLACK_MB = 24.0
"""How much more a process may take in the last quarter of its life than in the second one, which is warm."""
_PAGES_PER_MB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a host and its workers together took at a moment, in MB; `at` is in seconds since the beginning."""

    at: float
    pid: int
    host_mb: float
    worker_mb: float


def is_flat(values: Sequence[float]) -> bool:
    """Say whether the last quarter is as high as the second one, but for `GROWTH` and `SLACK_MB`."""
    match quarters(values):
        case [_, warm, _, late]:
            return late <= warm * GROWTH + SLACK_MB
        case _:
            return True


def quarters(values: Sequence[float]) -> list[float]:
    """The median of each quarter; none of fewer values than four."""
    size = len(values) // 4
    return [statistics.median(values[at : at + size]) for at in range(0, 4 * size, size)] if size else []


@contextmanager
def sampling(pid: Callable[[], int]) -> Iterator[list[Sample]]:
    """Sample the host whose process `pid` returns, and its workers, as long as the block runs."""
    samples: list[Sample] = []
    done, began = threading.Event(), time.monotonic()

    def sample() -> None:
        while not done.wait(PAUSE_S):
            host = pid()
            if host_mb := _resident_mb(host):
                worker_mb = sum(map(_resident_mb, workers(host)))
                samples.append(Sample(at=time.monotonic() - began, pid=host, host_mb=host_mb, worker_mb=worker_mb))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield samples
    finally:
        done.set()
        sampler.join()


def workers(host: int) -> list[int]:
    """The process ids of a host's workers."""
    children = (int(each) for file in Path(f"/proc/{host}/task").glob("*/children") for each in _read(file).split())
    return [child for child in children if "durable_devhost/worker" in _read(Path(f"/proc/{child}/cmdline"))]


def is_there(pid: int) -> bool:
    """Whether a process runs."""
    return _resident_mb(pid) > 0


def _resident_mb(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) / _PAGES_PER_MB if fields else 0.0


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:  # it has ended meanwhile
        return ""
