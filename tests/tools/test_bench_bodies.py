"""Bodies that are made to take time and memory: each is read by a process of its own, and takes little of either."""

import pytest

from tools.bench_bodies import CASES, excess, measure


@pytest.mark.parametrize("name", CASES)
def test_a_body_costs_little(name):
    """Under a second, and under four times its size; a refusal is short."""
    measured = measure(name)
    assert excess(name, measured, len(CASES[name].make())) is None
    assert measured.status in ((0,) if name.startswith("honest") else (400, 413))
    assert measured.answer < 50_000
