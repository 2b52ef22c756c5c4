"""The short form of `make chaos`: small scenarios whose answers are lost in turn, and a sample of all other faults.

All of it in both storage modes. In journal mode the host is killed at every call of the small scenarios too, as there
the host alone knows what is on its way.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from durable_devhost.azurite.process import running_azurite
from durable_devhost.storage_mode import StorageMode
from packages.devhost.tests.chaos.lane import Lane
from packages.devhost.tests.chaos.scenarios import BY_NAME, SCENARIOS, SUBJECTS
from packages.devhost.tests.chaos.verdicts import Run, red
from tests.long import LONG, long

ACCOUNTS = [f"chaos{number}" for number in range(100)]
SMALL = [scenario.name for scenario in SCENARIOS if scenario.is_small]
LARGER = [scenario.name for scenario in SCENARIOS if not scenario.is_small and scenario.name != "launch"]
WHOLE = ("chain", "event", "signal")
"""Scenarios whose every answer is always lost once; of the others it is each third, in `make long` every one too."""
KILLED = {("chain", "host dies before"), ("event", "host dies after")}
"""Where the host is always killed; in `make long` it is in all small scenarios, before and after each call."""
WAYS = ("refused", "body cut", "500 after", "429", "403", "garbage 200", "late answer")
"""Faults that differ in what the host can do about them."""

STATUS = {"matching": "PATCH ChaosHubInstances"}
COMMITS = {"matching": "$batch of ChaosHubHistory"}
MESSAGES = {"matching": "queue POST chaoshub-control"}
START = {"matching": "PUT chaoshub-"}
LEASES = {"choice": "idle", "matching": "table PUT ChaosHubPartitions"}
ONE_OF_A_KIND = {
    "a status row that is not written": ("chain", "403", STATUS),
    "a status row after an event": ("event", "429", STATUS),
    "a status row after a signal": ("signal", "429", STATUS),
    "a first commit after its messages": ("entity call", "429", COMMITS),
    "one message of several": ("entity order", "429", MESSAGES),
    "a queue or container at the start": ("launch", "429", START),
    "a lease that was taken after all": ("launch", "reset after", LEASES),
}
"""Calls in a scenario that fail, each alone."""
LATE = frozenset({"a first commit after its messages", "one message of several"})
"""What doubles its effect only when hidden messages come back."""
KNOWN: dict[str, str] = {}
"""What fails today, and why."""


def _marked(names: Iterable[str]) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.xfail(reason=KNOWN[name], strict=True)) if name in KNOWN else name
        for name in names
    ]


@pytest.fixture(scope="module", params=list(StorageMode), ids=str)
def mode(request: pytest.FixtureRequest) -> StorageMode:
    """Each of the two."""
    found: StorageMode = request.param
    return found


@pytest.fixture(scope="module")
def lane(request: pytest.FixtureRequest, mode: StorageMode) -> Iterator[Lane]:
    """One host for all runs, on an Azurite of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_azurite(Path(folder), request.config.rootpath, ACCOUNTS) as azurite,
        Lane(azurite, iter(ACCOUNTS), SUBJECTS[mode], patience_s=8.0) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def runs_of_modes() -> dict[StorageMode, list[Run]]:
    """What the tests have run so far."""
    return {}


@pytest.fixture(scope="module")
def all_runs(runs_of_modes: dict[StorageMode, list[Run]], mode: StorageMode) -> list[Run]:
    """What the tests have run so far in this mode."""
    return runs_of_modes.setdefault(mode, [])


@pytest.mark.parametrize("name", SMALL)
def test_a_lost_answer_loses_and_doubles_nothing(lane: Lane, all_runs: list[Run], name: str) -> None:
    """At each call in turn the connection breaks after the call took effect."""
    runs = lane.sweep(BY_NAME[name], "reset after", step=1 if LONG or name in WHOLE else 3)
    all_runs += runs
    assert len(runs) > 3
    assert red(runs) == []


@pytest.mark.parametrize("name", LARGER)
def test_a_sample_of_answers_is_lost_in_larger_scenarios(lane: Lane, all_runs: list[Run], name: str) -> None:
    """Every sixth call of each."""
    runs = lane.sweep(BY_NAME[name], "reset after", step=6)
    all_runs += runs
    assert red(runs) == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param(name, fault, marks=() if (name, fault) in KILLED else long)
        for name in SMALL
        for fault in ("host dies before", "host dies after")
        if name != "launch"
    ],
)
def test_a_host_that_is_killed_loses_and_doubles_nothing(
    lane: Lane, mode: StorageMode, all_runs: list[Run], name: str, fault: str
) -> None:
    """At each call in journal mode, before or after its effect; in standard mode `make chaos` does it."""
    if mode is StorageMode.STANDARD:
        pytest.skip("the queues keep what is on its way")
    runs = lane.sweep(BY_NAME[name], fault, step=1 if LONG else 3)
    all_runs += runs
    assert len(runs) > 1
    assert red(runs) == []


@pytest.mark.parametrize("name", WAYS)
def test_a_chain_survives_every_kind_of_storage_failure(lane: Lane, all_runs: list[Run], name: str) -> None:
    """Every seventh call of a chain fails; `make chaos` tries the rest."""
    runs = lane.sweep(BY_NAME["chain"], name, step=7)
    all_runs += runs
    assert red(runs) == []


@pytest.mark.parametrize("name", _marked(ONE_OF_A_KIND))
def test_the_critical_calls_may_fail(lane: Lane, name: str) -> None:
    """Their failure once lost or doubled something, or ended the host."""
    scenario, fault, script = ONE_OF_A_KIND[name]
    runs = lane.sweep(BY_NAME[scenario], fault, most=2 if scenario == "launch" else 4, **script)
    if name in LATE:
        lane.settle()
    assert red(runs) == []


def test_correct_results_stay_correct(lane: Lane, all_runs: list[Run]) -> None:
    """Hidden messages come back later and must not add a result."""
    was_right = [run for run in all_runs if not run.is_red]
    lane.settle()
    assert red(was_right) == []
