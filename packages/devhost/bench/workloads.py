"""What is measured, how much of it, and which figure comes out."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from packages.devhost.bench.contender import Contender, NotMeasured
from packages.devhost.bench.local_host import LocalHost

WARM_UP = 10
"""Chains that nobody times, before the work that counts."""
IDLE_S = 15.0
CALM_S = 45.0
"""Until a host counts as idle: it looks into its queues less and less often when nothing comes."""


@dataclass(frozen=True)
class Workload:
    """One row of the table."""

    title: str
    unit: str
    better: Literal["less", "more"]
    figure: Callable[[Contender, bool], float]
    """Has a contender do the work, a smaller amount of it if `quick`, and gives the figure in `unit`.

    Raises WorkFailed if this contender cannot do it."""


def _one(contender: Contender, quick: bool) -> float:
    return statistics.median(contender.work("chain", 15 if quick else 50)) * 1000


def _at_once(contender: Contender, quick: bool) -> float:
    count = 60 if quick else 200
    return count / contender.work("at once", count, "many")[0]


def _cpu(contender: Contender, quick: bool) -> float:
    host, count = _local(contender), 60 if quick else 200
    before = host.cpu_s()
    host.work("at once", count, "cpu")
    return (host.cpu_s() - before) * 1000 / count


def _fan_out(contender: Contender, quick: bool) -> float:
    return contender.work("fan-out", 200 if quick else 1000)[0]


def _loop(steps: int, quick_steps: int) -> Callable[[Contender, bool], float]:
    return lambda contender, quick: contender.work("loop", quick_steps if quick else steps)[0]


def _event(contender: Contender, quick: bool) -> float:
    return statistics.median(contender.work("event", 5 if quick else 20, "event")) * 1000


def _kill(contender: Contender, quick: bool) -> float:
    count = 60 if quick else 200
    contender.work("begin", count, "crash")
    contender.kill()
    began = time.perf_counter()
    contender.restart()
    contender.work("finish", count, "crash")
    return time.perf_counter() - began


def _idle_calls(contender: Contender, quick: bool) -> float:
    host, seconds = _local(contender), IDLE_S / 3 if quick else IDLE_S
    time.sleep(CALM_S / 3 if quick else CALM_S)
    before = host.storage_calls()
    time.sleep(seconds)
    return (host.storage_calls() - before) / seconds


def _idle_cpu(contender: Contender, quick: bool) -> float:
    host, seconds = _local(contender), IDLE_S / 3 if quick else IDLE_S
    time.sleep(CALM_S / 3 if quick else CALM_S)
    before = host.cpu_s()
    time.sleep(seconds)
    return (host.cpu_s() - before) / seconds * 100


def _waiting(contender: Contender, quick: bool) -> float:
    host, count = _local(contender), 200 if quick else 5000
    host.wait_for_events(count // 20, "warm")
    before = host.resident_bytes()
    host.wait_for_events(count, "parked")
    return (host.resident_bytes() - before) / count / 1024


def _local(contender: Contender) -> LocalHost:
    """devhost: only there can this be measured from outside."""
    if not isinstance(contender, LocalHost):
        raise NotMeasured("not measured")
    return contender


WORKLOADS = (
    Workload("one chain of five, p50", "ms", "less", _one),
    Workload("200 chains at once", "a second", "more", _at_once),
    Workload("CPU of host and worker, a chain", "ms", "less", _cpu),
    Workload("fan-out of 1,000", "s", "less", _fan_out),
    Workload("loop of 100", "s", "less", _loop(100, 50)),
    Workload("loop of 500", "s", "less", _loop(500, 100)),
    Workload("loop of 1,000", "s", "less", _loop(1000, 200)),
    Workload("loop of 2,000", "s", "less", _loop(2000, 300)),
    Workload("from an event to the end, p50", "ms", "less", _event),
    Workload("200 chains after `kill -9`", "s", "less", _kill),
    Workload("storage calls while idle", "a second", "less", _idle_calls),
    Workload("CPU while idle", "%", "less", _idle_cpu),
    Workload("one of 5,000 that wait", "KiB", "less", _waiting),
)
"""In the order in which they are done, each over new data: Azurite's tables get slower the more is in them."""
