"""Every threat of the model has a control, and every control a test that exists."""

import re

import pytest

from tests.docs.threat_rules import ROOT, THREATS, findings, read_rows

PAGE = (ROOT / "docs/SECURITY.md").read_text("utf-8")
HERE = "tests/docs/test_threats.py::test_each_threat_names_tests_that_exist"
GOOD = "\n".join(f"| {threat} | somebody does it | it is refused | `{HERE}` |" for threat in THREATS)


def test_each_threat_names_tests_that_exist() -> None:
    """A control without a test cannot be relied on."""
    assert [] == list(findings(PAGE))


def test_no_row_promises_a_later_control() -> None:
    """A missing control is none."""
    rows = [" ".join(row.cells) for row in read_rows(PAGE)]
    assert [] == [row for row in rows if re.search(r"\b(?:to come|todo|planned|later|will be)\b", row, re.IGNORECASE)]


def test_the_table_for_seeded_mistakes_breaks_no_rule() -> None:
    """Otherwise a rule could fail for another reason than the seeded mistake."""
    assert [] == list(findings(GOOD))


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("| S7 |", "| S8 |", "there must be S1 to S22, in order"),
        ("| S22 | somebody", "| S22 and more | somebody", "there must be S1 to S22, in order"),
        ("::test_each_threat_names_tests_that_exist", "::test_none", "S1: there is no tests/docs/test_threats.py::"),
        ("tests/docs/test_threats.py", "tests/docs/test_hopes.py", "S1: there is no tests/docs/test_hopes.py::"),
        (f"`{HERE}`", "by inspection", "S1: no test is named"),
        ("| it is refused |", "|", "S1: the row has not three filled cells"),
    ],
)  # fmt: skip
def test_a_seeded_mistake_is_found(right: str, wrong: str, finding: str) -> None:
    """A check that cannot fail proves nothing."""
    assert right in GOOD
    found = list(findings(GOOD.replace(right, wrong, 1)))
    assert any(finding in one for one in found), found


def test_the_security_policy_links_to_the_threats() -> None:
    """So that reporters find what is already known."""
    assert "(docs/SECURITY.md)" in (ROOT / "SECURITY.md").read_text("utf-8")
