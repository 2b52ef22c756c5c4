"""Coverage: what is proved of a policy's conditions is true of each single proposal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.names import key
from approvals.policy.coverage import ALWAYS, FORESEEN, AmountLimit, Band, band_of, find_gaps, find_overlaps
from approvals.policy.stages import Condition
from tests.approvals.policies import FINDINGS

LIMITS = [0.0, 0.01, 99.99, 100.0, 100.01, 1000.0, 2000.0]
AMOUNTS = [*LIMITS, 0.02, 99.98, 100.02, 999.99, 1000.01, 1999.99, 2000.01, 1e12]
DEPARTMENTS = ["Works", "IT", "Parks"]
WORDS = ["passed", "warnings", "objections", "incomplete", "type", "size", "virus", "text", "image"]


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Return a condition of any kind, one that nothing meets among them."""
    low = draw(st.sampled_from(["costAbove", "costFrom", None]))
    fields = {low: draw(st.sampled_from(LIMITS))} if low else {}
    if draw(st.booleans()):
        fields["costUpTo"] = draw(st.sampled_from(LIMITS))
    departments = draw(st.lists(st.sampled_from(["works", "IT ", "parks"]), unique=True))
    findings = draw(st.just([]) | st.lists(st.sampled_from(WORDS), unique=True, max_size=8))
    return Condition.from_dict({**fields, "departments": departments, "findings": findings})


some = st.lists(conditions(), min_size=1, max_size=5)


@settings(max_examples=150)
@given(some, st.sampled_from(AMOUNTS), st.sampled_from(DEPARTMENTS), FINDINGS)
def test_a_cost_outside_every_gap_meets_a_stage(given_, cost, department, findings):
    """So a policy without gaps has a stage for every proposal."""
    gaps = find_gaps(given_, DEPARTMENTS, 2)
    if any(each.holds(cost, department, findings) for each in given_):
        return
    assert any(lies_in(gap, cost, department, findings) for gap in gaps)


@settings(max_examples=150)
@given(some, st.sampled_from(AMOUNTS), st.sampled_from(DEPARTMENTS))
def test_a_cost_in_a_gap_meets_no_stage(given_, cost, department):
    """At least for some findings: no complete policy is refused."""
    for gap in find_gaps(given_, DEPARTMENTS, 2):
        if lies_in(gap, cost, department, gap.findings or ("passed",)):
            assert any(
                not any(each.holds(cost, department, findings) for each in given_)
                for findings in FORESEEN
                if not gap.findings or findings[0] in gap.findings
            )


def lies_in(gap, cost, department, findings):
    """Say whether a gap is about such a proposal."""
    where = not gap.departments or key(department) in map(key, gap.departments)
    return where and inside(gap.costs, cost) and (not gap.findings or findings[0] in gap.findings)


def inside(band, cost):
    """Say whether a cost is in a band."""
    low, high = float(band.low.at), float(band.high.at)
    return (cost > low if band.low.after else cost >= low) and (cost <= high if band.high.after else cost < high)


@given(conditions(), st.sampled_from(AMOUNTS))
def test_a_band_holds_the_costs_that_its_condition_accepts(condition, cost):
    """And no others."""
    only_cost = condition.model_copy(update={"departments": (), "findings": ()})
    assert inside(band_of(condition), cost) == only_cost.holds(cost, None, ("passed",))


def gaps(*given_, departments=(), decimals=2):
    """Return the gaps between conditions in words."""
    return [str(each) for each in find_gaps([Condition.from_dict(each) for each in given_], departments, decimals)]


@pytest.mark.parametrize(
    ("given_", "left_out"),
    [
        ([{"costUpTo": 1000}, {"costAbove": 2000}], ["a cost in (1000, 2000]"]),
        ([{"costUpTo": 1000}, {"costFrom": 2000}], ["a cost in (1000, 2000)"]),
        ([{"costAbove": 1000}], ["a cost in [0, 1000]"]),
        ([{"costFrom": 1000}], ["a cost in [0, 1000)"]),
        ([{"costUpTo": 1000}], ["a cost in (1000, ∞)"]),
        ([{"costAbove": 10, "costUpTo": 20}], ["a cost in [0, 10]", "a cost in (20, ∞)"]),
        ([{"costUpTo": 1000}, {"costAbove": 1000}], []),
        ([{"costUpTo": 999.99}, {"costFrom": 1000}], []),
        ([{"costUpTo": 999.98}, {"costFrom": 1000}], ["a cost in (999.98, 1000)"]),
        ([{"costUpTo": 1000}, {}], []),
        ([{"findings": ["objections"]}], ["any cost where the checks say passed or warnings"]),
        ([{"findings": ["passed"]}, {"findings": ["warnings", "objections"]}], []),
        ([{"findings": ["passed"]}, {"findings": ["type", "size", "virus", "text", "image"]}], []),
        (
            [{"findings": ["passed"]}, {"costUpTo": 5}],
            ["a cost in (5, ∞) where the checks say warnings or objections"],
        ),
    ],
)
def test_a_gap_is_described_by_its_interval(given_, left_out):
    """In mathematical notation: a round bracket excludes the number, a square one includes it."""
    assert gaps(*given_) == left_out


def test_two_adjacent_amounts_have_no_gap_between_them():
    """The next amount depends on the currency: there is no half yen, but a tenth of a cent in dinars."""
    bands = {"costUpTo": 999}, {"costFrom": 1000}
    assert gaps(*bands, decimals=0) == []
    assert gaps(*bands, decimals=2) == ["a cost in (999, 1000)"]
    assert gaps({"costUpTo": 999.99}, {"costFrom": 1000}, decimals=3) == ["a cost in (999.99, 1000)"]


def test_a_gap_names_its_departments():
    """Departments with the same gap share one line."""
    given_ = {"departments": ["it"]}, {"departments": ["WORKS"], "costUpTo": 5}
    assert gaps(*given_, departments=DEPARTMENTS) == [
        "a cost in (5, ∞) of the department Works",
        "any cost of the department Parks",
    ]
    assert gaps({"costUpTo": 5}, departments=DEPARTMENTS) == ["a cost in (5, ∞)"]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ({"costUpTo": 1000}, {"costAbove": 500}, "(500, 1000]"),
        ({"costUpTo": 1000}, {"costFrom": 1000}, "[1000, 1000]"),
        ({"costUpTo": 1000}, {"costUpTo": 5000}, "[0, 1000]"),
        ({"costAbove": 100, "costUpTo": 1000}, {"costAbove": 100}, "(100, 1000]"),
        ({"costUpTo": 1000}, {"costAbove": 1000}, None),
        ({"costUpTo": 1000}, {"costUpTo": 1000}, None),
        ({"costAbove": 1000}, {"costAbove": 5000}, None),
        ({"costUpTo": 1000}, {}, None),
        ({"costUpTo": 1000}, {"costAbove": 500, "departments": ["IT"]}, None),
        ({"costUpTo": 9, "departments": ["it"]}, {"costAbove": 5, "departments": ["IT", "Works"]}, "(5, 9]"),
        ({"costUpTo": 9, "departments": ["it"]}, {"costAbove": 5, "departments": ["Works"]}, None),
        ({"costUpTo": 9, "findings": ["virus"]}, {"costAbove": 5, "findings": ["passed"]}, None),
    ],
)
def test_an_overlap_of_two_stages_that_split_costs_is_found(one, other, shared):
    """Nested bands are meant, and so are two stages for the same costs."""
    found = find_overlaps([Condition.from_dict(one), Condition.from_dict(other)], 2)
    assert [(first, second, str(band)) for first, second, band in found] == ([(0, 1, shared)] if shared else [])


def test_without_a_condition_every_cost_is_accepted():
    """From zero on."""
    assert str(band_of(ALWAYS)) == "[0, ∞)"
    assert band_of(ALWAYS) == Band(low=AmountLimit(0, False), high=AmountLimit(float("inf"), False))
