"""What counts as flat, and which process is measured."""

import os

import pytest

from tests.soak.memory import is_flat, is_there, sampling


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        ([50.0] * 40, True),
        ([*range(20, 60), *[60.0] * 60], True),
        ([float(50 + number) for number in range(200)], False),
        ([90.0] * 60 + [180.0] * 20, False),
        ([50.0, 60.0], True),
        ([], True),
    ],
    ids=["level", "level when warm", "growing", "growing late", "too short to tell", "never sampled"],
)
def test_memory_is_flat_if_the_end_is_as_high_as_the_warm_phase(values, flat):
    """The first quarter is the warm-up."""
    assert is_flat(values) == flat


def test_a_process_is_sampled_while_the_block_runs(monkeypatch):
    """This process stands for a host; it has no workers."""
    monkeypatch.setattr("tests.soak.memory.PAUSE_S", 0.001)
    with sampling(os.getpid) as samples:
        while not samples:
            assert is_there(os.getpid())
    assert samples[0].host_mb > 1
    assert samples[0].worker_mb == 0
