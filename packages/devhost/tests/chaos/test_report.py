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


def test_a_cell_counts_its_runs_and_failures():
    """A dash stands for a cell that was not tried."""
    text = report(RUNS)
    assert "| scenario | 500 | hang |" in text
    assert "| chain | 2 | 1 s1 |" in text
    assert "| event | 1 r1 | - |" in text


def test_the_totals_separate_true_refusals_from_false_ones():
    """For each fault, for each scenario and in all."""
    text = report(RUNS)
    assert "| 500 | 3 | 3 | 0 | 0 | 0 | 0 | 1 | 1 | 0 | 0 |" in text
    assert "| **all** | 4 | 3 | 1 | 0 | 0 | 0 | 1 | 1 | 0 | 0 |" in text


def test_each_failure_has_an_example_that_can_be_repeated():
    """With the call, the finding and the host's output."""
    text = report(RUNS)
    assert "### chain, hang: stuck" in text
    assert "* call 3 of the work: `queue POST x`" in text
    assert "after a restart of the host: right" in text
    assert "the last line" in text


def test_progress_prints_one_line_for_each_cell():
    """Short, because there are hundreds."""
    assert line("chain", "hang", RUNS[2:3]).split() == ["chain", "hang", "1", "s1"]
