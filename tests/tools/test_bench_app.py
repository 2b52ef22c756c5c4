"""The benchmark of the app runs. What it measures on a busy machine means nothing, so no figure is tested."""

from collections import defaultdict

from durable_devhost.testing.app import AppUnderTest
from tools.bench_app import OPERATIONS, ROOT, SETTINGS, Timings, measure, table


def test_the_table_has_a_row_for_each_operation_and_its_medians():
    """What was not measured has no figure."""
    rows = table({"comment": Timings([3, 1, 2], [20, 10], [5]), "at once": Timings([7])}).splitlines()
    assert rows[2:] == ["| comment | 2 | 15 | 5 |", "| at once | 7 |  |  |"]


def test_every_operation_can_be_done_once(tmp_path):
    """On the app as it is, so that a change of its API is noticed here."""
    measured = defaultdict(Timings)
    with AppUnderTest(ROOT, tmp_path, ("--clock", "virtual"), SETTINGS) as app:
        measure(app, measured, 1, at_once=3)
    assert [*measured][: len(OPERATIONS)] == [*OPERATIONS]
    assert all(taken.answer_ms for taken in measured.values())
