"""The soak on a small scale: an hour with some dozens of workflows, sweeps and one kill."""

import pytest

from tests.soak.report import table
from tests.soak.soak import Sizes, Soak

pytestmark = pytest.mark.timeout(240)


def test_all_books_are_right_after_an_hour_with_a_kill():
    """Records, list, counters, letters, budgets, bills and queues; the table shows which are not."""
    lines = Soak(Sizes(classics=40, reviews=20, kills=1, turns=4, sweep_s=0.5, seed=1), print).run()
    assert all(line.is_right for line in lines), table(lines)
