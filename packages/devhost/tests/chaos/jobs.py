"""What a whole sweep consists of: parts, and in each part the cells of its table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packages.devhost.tests.chaos.faults import KILLS, STORAGE_FAULTS
from packages.devhost.tests.chaos.scenarios import BY_NAME, MANY, SCENARIOS, Scenario

GIVES_UP = 6
"""How many calls in a row fail until the host's own repetitions of one are used up."""
_POLLS = 12
"""How many of the polls after a scenario's beginning are tried: they go on when it has ended."""
_CHANCE = 0.02
_SEEDS = 3
_OUTAGES = ("reset before", "reset after", "503", "500 after", "429", "403")
_POLLED = ("chain", "event", "race", "queue", "launch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One cell of the table; `script` is what the proxy is told besides the fault."""

    scenario: Scenario
    fault: str
    label: str
    most: int | None = None
    script: Mapping[str, Any] = field(default_factory=dict)


def _work() -> Iterator[Job]:
    for fault in STORAGE_FAULTS:
        for scenario in SCENARIOS:
            yield Job(scenario=scenario, fault=fault.name, label=fault.name)


def _outages() -> Iterator[Job]:
    for fault in _OUTAGES:
        for scenario in SCENARIOS:
            yield Job(scenario=scenario, fault=fault, label=f"{fault} x{GIVES_UP}", script={"times": GIVES_UP})


def _polls() -> Iterator[Job]:
    for fault in STORAGE_FAULTS:
        for name in _POLLED:
            scenario = BY_NAME[name]
            label = f"{fault.name}, poll"
            yield Job(scenario=scenario, fault=fault.name, label=label, most=_POLLS, script={"choice": "idle"})


def _kills() -> Iterator[Job]:
    for fault in KILLS:
        for scenario in SCENARIOS:
            if scenario.name != "launch":
                yield Job(scenario=scenario, fault=fault.name, label=fault.name)


def _losses() -> Iterator[Job]:
    for fault in ("reset after", "reset before", "500 after"):
        for seed in range(_SEEDS):
            script = {"chance": _CHANCE, "seed": seed, "choice": "all"}
            yield Job(scenario=MANY, fault=fault, label=f"{fault}, {_CHANCE:.0%}", most=1, script=script)


PARTS: Mapping[str, Callable[[], Iterator[Job]]] = {
    "work": _work,
    "losses": _losses,
    "outages": _outages,
    "polls": _polls,
    "kills": _kills,
}
"""One failed call; a few of all; so many in a row that the host gives up; failed polls and leases; killed processes."""


def chosen(parts: Sequence[str], scenarios: Sequence[str], faults: Sequence[str]) -> list[Job]:
    """The cells of these parts; an empty choice means all."""
    return [
        job
        for part in parts or PARTS
        for job in PARTS[part]()
        if (not scenarios or job.scenario.name in scenarios) and (not faults or job.fault in faults)
    ]
