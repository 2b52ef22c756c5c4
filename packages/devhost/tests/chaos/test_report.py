"""The tables of a sweep."""

from packages.devhost.tests.chaos.report import line, report
from packages.devhost.tests.chaos.verdicts import Run, Verdict


def _run(scenario: str, fault: str, verdict: Verdict = Verdict.RIGHT, **more) -> Run:
    return Run(scenario=scenario, fault=fault, at=3, choice="work", call="queue POST x", verdict=verdict, **more)


RUNS = [
    _run("chain", "500"),
    _run("chain", "500", refused=["POST /: 500"]),
    _run("chain", "hang", Verdict.STUCK, found="Running", lines=["the last line"], after_restart="right"),
    _run("event", "500", denied=["POST /: 409"]),
]


def test_a_cell_counts_its_runs_and_what_failed():
    """What was not tried is a dash."""
    text = report(RUNS)
    assert "| scenario | 500 | hang |" in text
    assert "| chain | 2 | 1 s1 |" in text
    assert "| event | 1 r1 | - |" in text


def test_the_sums_tell_honest_refusals_from_untrue_ones():
    """By fault and by scenario, and of all."""
    text = report(RUNS)
    assert "| 500 | 3 | 3 | 0 | 0 | 0 | 0 | 1 | 1 | 0 | 0 |" in text
    assert "| **all** | 4 | 3 | 1 | 0 | 0 | 0 | 1 | 1 | 0 | 0 |" in text


def test_each_failure_has_an_example_that_can_be_run_again():
    """With the call, what was found, and what the host said."""
    text = report(RUNS)
    assert "### chain, hang: stuck" in text
    assert "* call 3 of the work: `queue POST x`" in text
    assert "after a restart of the host: right" in text
    assert "the last line" in text


def test_progress_is_a_line_for_each_cell():
    """Short, as there are hundreds."""
    assert line("chain", "hang", RUNS[2:3]).split() == ["chain", "hang", "1", "s1"]
