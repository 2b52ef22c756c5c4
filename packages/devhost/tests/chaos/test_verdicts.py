"""What came of a run is told from its result alone."""

import pytest

from packages.devhost.tests.chaos.verdicts import Run, Verdict, judge


@pytest.mark.parametrize(
    ("wanted", "found", "verdict"),
    [
        ([1, 2, 3], [1, 2, 3], Verdict.RIGHT),
        ([1, 2, 3], [1, 1, 2], Verdict.DOUBLED),
        ([1, 2, 3], [1, 1, 2, 3], Verdict.DOUBLED),
        ([1, 2, 3], [1, 2], Verdict.LOST),
        ([101, 202, 303], [101, 303, 404], Verdict.DOUBLED),
        ([[101, 202, 303], 303], [[101, 202, 303], 404], Verdict.DOUBLED),
        (3, 4, Verdict.DOUBLED),
        (3, 2, Verdict.LOST),
        ("Terminated", "Completed", Verdict.LOST),
        ("done", "Failed: no such thing", Verdict.LOST),
    ],
)
def test_a_final_result_is_right_doubled_or_lost(wanted, found, verdict):
    """More results than wanted count as doubled, even if another one is missing."""
    assert verdict == judge(wanted, found, is_final=True)


@pytest.mark.parametrize("found", [None, "Running", 2, []])
def test_a_result_that_is_not_final_may_still_become_right(found):
    """Only one with too many results never can."""
    assert judge(3, found, is_final=False) is None
    assert judge(3, 4, is_final=False) is Verdict.DOUBLED


def test_a_false_refusal_is_a_failure_even_if_the_result_is_right():
    """A caller who gets 409 for his own successful call was told something false."""
    run = Run(scenario="chain", fault="500", at=0, choice="work", call="", verdict=Verdict.RIGHT)
    assert not run.is_red
    run.denied.append("409")
    assert run.is_red
