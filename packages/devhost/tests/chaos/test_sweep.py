"""The short form of `make chaos`: small scenarios whose every answer is lost once, and a sample of all other faults."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from durable_devhost.azurite.process import running_azurite
from packages.devhost.tests.chaos.faults import STORAGE_FAULTS
from packages.devhost.tests.chaos.lane import Lane
from packages.devhost.tests.chaos.scenarios import BY_NAME, SCENARIOS
from packages.devhost.tests.chaos.verdicts import Run

ACCOUNTS = [f"chaos{number}" for number in range(100)]
SMALL = [scenario.name for scenario in SCENARIOS if scenario.is_small]
LARGER = [scenario.name for scenario in SCENARIOS if not scenario.is_small and scenario.name != "launch"]
KNOWN: dict[str, str] = {}
"""Tests that fail today, and why."""


def _marked(*names: str) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.xfail(reason=KNOWN[name], strict=True)) if name in KNOWN else name
        for name in names
    ]


@pytest.fixture(scope="module")
def lane(request: pytest.FixtureRequest) -> Iterator[Lane]:
    """One host for all runs, on an Azurite of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_azurite(Path(folder), request.config.rootpath, ACCOUNTS) as azurite,
        Lane(azurite, iter(ACCOUNTS), patience_s=10.0) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def all_runs() -> list[Run]:
    """What the tests have run so far."""
    return []


@pytest.mark.parametrize("name", _marked(*SMALL))
def test_an_answer_that_is_lost_loses_and_doubles_nothing(lane: Lane, all_runs: list[Run], name: str) -> None:
    """At each call of the scenario, the connection breaks after the call had its effect."""
    runs = lane.sweep(BY_NAME[name], "reset after")
    all_runs += runs
    assert len(runs) > 5
    assert [run for run in runs if run.is_red] == []


@pytest.mark.parametrize("name", _marked(*LARGER))
def test_a_sample_of_answers_is_lost_in_larger_scenarios(lane: Lane, all_runs: list[Run], name: str) -> None:
    """Every fifth call of each."""
    runs = lane.sweep(BY_NAME[name], "reset after", step=5)
    all_runs += runs
    assert [run for run in runs if run.is_red] == []


@pytest.mark.parametrize("name", _marked(*(fault.name for fault in STORAGE_FAULTS if fault.hang_s < 5)))
def test_storage_may_fail_in_any_way(lane: Lane, all_runs: list[Run], name: str) -> None:
    """A chain in which every seventh call fails so; `make chaos` tries the rest."""
    runs = lane.sweep(BY_NAME["chain"], name, step=7)
    all_runs += runs
    assert [run for run in runs if run.is_red] == []


def test_what_was_right_stays_right(lane: Lane, all_runs: list[Run]) -> None:
    """When every message that was hidden has come back."""
    was_right = [run for run in all_runs if not run.is_red]
    lane.settle()
    assert [run for run in was_right if run.is_red] == []
