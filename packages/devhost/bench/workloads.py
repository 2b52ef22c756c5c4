"""What is measured, how much of it, and which figure comes out."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from packages.devhost.bench.contender import Contender, Depth
from packages.devhost.bench.local_host import LocalHost

WARM_UP = 10
"""Chains that nobody times, before the work that counts."""
IDLE_S = 15.0
CALM_S = 45.0
"""Until a host counts as idle: it looks into its queues less and less often when nothing comes."""


Figure = Callable[[Contender, bool], float]
"""Has a contender do the work, a smaller amount of it if that is True, and gives the figure in the workload's unit.

Raises WorkFailed if the contender could not do it."""


@dataclass(frozen=True)
class Workload:
    """One row of the table."""

    title: str
    unit: str
    better: Literal["less", "more"]
    figure: Figure
    depth: Depth = Depth.STORAGE
    """Contenders of less depth have no such figure."""


def _many(quick: bool) -> int:
    return 60 if quick else 200


def _one(contender: Contender, quick: bool) -> float:
    return statistics.median(contender.work("chain", 15 if quick else 50)) * 1000


def _at_once(contender: Contender, quick: bool) -> float:
    return _many(quick) / contender.work("at once", _many(quick), "many")[0]


def _fan_out(contender: Contender, quick: bool) -> float:
    return contender.work("fan-out", 200 if quick else 1000)[0]


def _loop(steps: int, quick_steps: int) -> Figure:
    return lambda contender, quick: contender.work("loop", quick_steps if quick else steps)[0]


def _event(contender: Contender, quick: bool) -> float:
    return statistics.median(contender.work("event", 5 if quick else 20, "event")) * 1000


def _kill(contender: Contender, quick: bool) -> float:
    contender.work("begin", _many(quick), "crash")
    contender.kill()
    began = time.perf_counter()
    contender.restart()
    contender.work("finish", _many(quick), "crash")
    return time.perf_counter() - began


def _of_host(figure: Callable[[LocalHost, bool], float]) -> Figure:
    """A figure that only devhost can give, which is all that a workload of that depth gets."""

    def measure_host(contender: Contender, quick: bool) -> float:
        assert isinstance(contender, LocalHost)
        return figure(contender, quick)

    return measure_host


def _cpu(host: LocalHost, quick: bool) -> float:
    before = host.cpu_s()
    host.work("at once", _many(quick), "cpu")
    return (host.cpu_s() - before) * 1000 / _many(quick)


def _idle(read: Callable[[LocalHost], float], times: float = 1) -> Figure:
    """How much something that is counted up grows in a second while nothing happens, `times` as much of it."""

    def figure(host: LocalHost, quick: bool) -> float:
        part = 3 if quick else 1
        time.sleep(CALM_S / part)
        before = read(host)
        time.sleep(IDLE_S / part)
        return (read(host) - before) / (IDLE_S / part) * times

    return _of_host(figure)


def _back(host: LocalHost, quick: bool) -> float:
    host.wait_for_events(200 if quick else 5000, "back")
    host.kill()
    began = time.perf_counter()
    host.restart()
    return host.end_wait("back-0") - began


def _waiting(host: LocalHost, quick: bool) -> float:
    count = 200 if quick else 5000
    host.wait_for_events(count // 20, "warm")
    before = host.resident_bytes()
    host.wait_for_events(count, "parked")
    return (host.resident_bytes() - before) / count / 1024


WORKLOADS = (
    Workload("one chain of five, p50", "ms", "less", _one),
    Workload("200 chains at once", "a second", "more", _at_once),
    Workload("CPU of host and worker, a chain", "ms", "less", _of_host(_cpu), Depth.HOST),
    Workload("fan-out of 1,000", "s", "less", _fan_out),
    Workload("loop of 100", "s", "less", _loop(100, 50)),
    Workload("loop of 500", "s", "less", _loop(500, 100)),
    Workload("loop of 1,000", "s", "less", _loop(1000, 200)),
    Workload("loop of 2,000", "s", "less", _loop(2000, 300)),
    Workload("from an event to the end, p50", "ms", "less", _event, Depth.ENGINE),
    Workload("200 chains after `kill -9`", "s", "less", _kill, Depth.ENGINE),
    Workload("one of 5,000 that wait goes on after `kill -9`", "s", "less", _of_host(_back), Depth.HOST),
    Workload("storage calls while idle", "a second", "less", _idle(LocalHost.storage_calls), Depth.HOST),
    Workload("CPU while idle", "%", "less", _idle(LocalHost.cpu_s, 100), Depth.HOST),
    Workload("one of 5,000 that wait", "KiB", "less", _of_host(_waiting), Depth.HOST),
)
"""In the order in which they are done, each over new data: Azurite's tables get slower the more is in them."""
