"""Bodies that are made to take time and memory: each is read by a process of its own, and takes little of either."""

import pytest

from tools.bench_bodies import CASES, Measurement, excess, measure


@pytest.fixture(scope="module")
def measured_cases() -> dict[str, Measurement]:
    """What each body took."""
    return dict(measure(CASES))


@pytest.mark.parametrize("name", CASES)
def test_a_body_costs_little(measured_cases: dict[str, Measurement], name: str) -> None:
    """Under a second, and under four times its size; a refusal is short."""
    measured = measured_cases[name]
    assert excess(name, measured, len(CASES[name].make())) is None
    assert measured.status in ((0,) if name.startswith("honest") else (400, 413))
    assert measured.answer < 50_000
