"""The plan: never empty, every stage can pass, and the author decides on nothing of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.names import among, key
from approvals.policy.plan import choose_stages
from approvals.policy.policy import Policy, Stage, read_policy
from approvals.validation import Invalid
from tests.approvals.policies import FINDINGS, PEOPLE, PROPOSALS, policies


def chosen(policy, *, author="Zoe", cost=0.0, currency="EUR", department=None, findings=("passed",)):
    """Return the stages of a plan."""
    fields = {"cost": cost, "currency": currency, "department": department, "findings": findings}
    return choose_stages(read_policy(policy), author=author, **fields)


def plan(policy, **proposal):
    """Return the names of the stages of a plan."""
    return [stage.name for stage in chosen(policy, **proposal)]


@given(policies(), st.sampled_from([*PEOPLE, "Zoe", "ana "]), PROPOSALS, FINDINGS)
def test_every_plan_is_valid(policy, author, proposal, findings):
    """It is not empty, each stage can pass, the author is not asked, and a record can store it; or there is none."""
    try:
        stages = choose_stages(policy, author=author, findings=findings, **proposal)
    except Invalid:
        return
    assert stages
    assert all(stage.can_pass for stage in stages)
    assert len({key(stage.name) for stage in stages}) == len(stages)
    asked = {person for stage in stages for person in (*stage.approvers, *stage.required)}
    higher = {person for stage in stages for rung in stage.escalate_to for person in rung.to}
    assert policy.allow_self_approval or not among(author, (*asked, *higher))
    assert all(among(person, stage.approvers) for stage in stages for person in stage.required)
    assert tuple(Stage.from_dict(stage.to_dict()) for stage in stages) == stages


@given(policies(), PROPOSALS, FINDINGS)
def test_an_outside_author_meets_the_stages_whose_conditions_hold_in_order(policy, proposal, findings):
    """Without four eyes, and for an author whom no stage names, stages are as written."""
    loose = policy.model_copy(update={"four_eyes": False})
    try:
        stages = choose_stages(loose, author="Zoe", findings=findings, **proposal)
    except Invalid:
        assert policy.otherwise == "refuse"
        return
    reviews = [stage for stage in stages if stage.kind == "review"]
    assert [stage for stage in policy.stages if stage in reviews] == reviews or reviews == [policy.otherwise]
    worth = policy.worth(proposal["cost"], proposal["currency"])
    assert (stages[-1].kind == "budget") is (policy.budget_limit is not None and worth > policy.budget_limit)


@pytest.mark.parametrize(
    ("when", "met", "missed"),
    [
        ({"costAbove": 100}, {"cost": 100.01}, {"cost": 100.0}),
        ({"costFrom": 100}, {"cost": 100.0}, {"cost": 99.99}),
        ({"costUpTo": 100}, {"cost": 100.0}, {"cost": 100.01}),
        ({"departments": ["Works", "IT"]}, {"department": "works "}, {"department": "finance"}),
        ({"departments": ["Works"]}, {"department": "WORKS"}, {"department": None}),
        ({"findings": ["objections", "virus"]}, {"findings": ("warnings", "virus")}, {"findings": ("warnings",)}),
        ({"findings": ["objections"]}, {"findings": ("incomplete",)}, {"findings": ("passed",)}),
        ({"findings": ["objections"]}, {"findings": ("objections", "text")}, {"findings": ()}),
        (
            {"costAbove": 100, "departments": ["works"]},
            {"cost": 200.0, "department": "works"},
            {"cost": 200.0, "department": "IT"},
        ),
        ({}, {}, None),
    ],
)
def test_a_stage_is_included_if_its_condition_holds(when, met, missed):
    """All given parts must hold; checks that did not run may have found anything."""
    policy = {
        "stages": [{"name": "always", "approvers": ["Ana"]}, {"name": "also", "approvers": ["Ben"], "when": when}],
        "departments": ["works", "it", "finance"],
    }
    assert plan(policy, **met) == ["always", "also"]
    if missed is not None:
        assert plan(policy, **missed) == ["always"]


def test_a_plan_with_a_stage_that_cannot_pass_is_refused():
    """This catches a proposal that skipped the check at submission and would hang."""
    policy = {"stages": [{"name": "only", "approvers": ["Ana"]}]}
    with pytest.raises(Invalid, match="the author is the only approver"):
        plan(policy, author="ANA")
    assert plan({**policy, "allowSelfApproval": True}, author="ANA") == ["only"]


def test_four_eyes_reserve_a_person_for_the_stage_that_needs_them():
    """Only Ben can sign, so he is not asked to review."""
    policy = {
        "stages": [
            {"name": "review", "approvers": ["Ana", "Ben", "Cem"], "veto": ["Ben"], "escalateTo": ["Dana"]},
            {"name": "sign", "approvers": ["Ben"]},
        ],
        "fourEyes": True,
    }
    review, sign = chosen(policy, author="Cem")
    assert (review.approvers, review.veto, sign.approvers) == (("Ana",), (), ("Ben",))
    with pytest.raises(Invalid, match="fourEyes"):
        plan(policy | {"stages": [{"name": "a", "approvers": ["Ben"]}, policy["stages"][1]]})


BANDS = {
    "stages": [
        {"name": "small", "approvers": ["Ana"], "when": {"costUpTo": 1000}},
        {"name": "large", "approvers": ["Ben"], "when": {"costAbove": 2000}},
    ]
}


def test_a_proposal_without_a_stage_goes_to_the_otherwise_stage():
    """Followed by the budget stage if the cost is above the limit."""
    policy = {**BANDS, "otherwise": {"name": "rest", "approvers": ["Cem"]}, "budgetLimit": 1200}
    assert plan(policy, cost=1500.0) == ["rest", "budget"]
    assert plan(policy, cost=1000.0) == ["small"]


def test_a_refused_proposal_has_no_plan():
    """This catches one that skipped the check at submission."""
    with pytest.raises(Invalid, match="no stage for a proposal of this cost"):
        plan({**BANDS, "otherwise": "refuse"}, cost=1500.0)


def test_a_gap_in_the_policy_of_an_old_record_asks_every_stage():
    """Such a policy is no longer accepted, and the strictest way is the safe one."""
    old = Policy.from_dict(BANDS)
    fields = {"currency": "EUR", "department": None, "findings": ("passed",)}
    assert [each.name for each in choose_stages(old, author="Zoe", cost=1500.0, **fields)] == ["small", "large"]


def test_a_cost_in_another_currency_is_compared_by_its_rate():
    """Rounded up to the policy's decimals, and above every limit if an old record has no rate."""
    policy = {
        "stages": [{"name": "a", "approvers": ["Ana"]}],
        "budgetLimit": 100_000,
        "rates": {"date": "2026-03-02", "worth": {"KWD": 3.02, "USD": 0.9}},
    }
    assert plan(policy, cost=99_999.0, currency="KWD") == ["a", "budget"]
    assert plan(policy, cost=99_999.0, currency="USD") == ["a"]
    assert plan(policy, cost=1.0, currency="JPY") == ["a", "budget"]
    assert read_policy(policy).worth(1.111, "KWD") == 3.36
