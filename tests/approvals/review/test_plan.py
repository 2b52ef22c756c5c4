"""The plan: never empty, every stage can pass, and the author decides on nothing of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.review.people import among, key
from approvals.review.plan import choose_stages
from approvals.review.policy import Stage, read_policy
from approvals.validation import Invalid
from tests.approvals.review.policies import COSTS, DEPARTMENTS, FINDINGS, PEOPLE, policies

PROPOSAL = st.fixed_dictionaries({"cost": COSTS, "department": DEPARTMENTS, "findings": FINDINGS})


def plan(policy, *, author="Zoe", cost=0.0, department=None, findings=("passed",)):
    """Return the names of the stages of a plan."""
    stages = choose_stages(read_policy(policy), cost=cost, department=department, findings=findings, author=author)
    return [stage.name for stage in stages]


@given(policies(), st.sampled_from([*PEOPLE, "Zoe", "ana "]), PROPOSAL)
def test_a_plan_holds_what_it_promises(policy, author, proposal):
    """Or there is none: not empty, each stage can pass, the author nowhere; and it can be kept in a record."""
    try:
        stages = choose_stages(policy, author=author, **proposal)
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


@given(policies(), PROPOSAL)
def test_somebody_from_outside_meets_the_stages_whose_conditions_hold_in_their_order(policy, proposal):
    """Without four eyes, and for an author who is nowhere named, they are as they were written."""
    loose = policy.model_copy(update={"four_eyes": False})
    stages = choose_stages(loose, author="Zoe", **proposal)
    reviews = [stage for stage in stages if stage.kind == "review"]
    assert [stage for stage in policy.stages if stage in reviews] == reviews
    assert (stages[-1].kind == "budget") is (policy.budget_limit is not None and proposal["cost"] > policy.budget_limit)


@pytest.mark.parametrize(
    ("when", "met", "missed"),
    [
        ({"costAbove": 100}, {"cost": 100.01}, {"cost": 100.0}),
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
def test_a_stage_is_there_when_its_condition_holds(when, met, missed):
    """All that is given must hold; checks that were not carried out may have found anything."""
    policy = {
        "stages": [{"name": "always", "approvers": ["Ana"]}, {"name": "also", "approvers": ["Ben"], "when": when}]
    }
    assert plan(policy, **met) == ["always", "also"]
    if missed is not None:
        assert plan(policy, **missed) == ["always"]


def test_a_plan_in_which_a_stage_cannot_pass_is_refused():
    """Whoever skipped the check at submission learns it here, not from a proposal that hangs."""
    policy = {"stages": [{"name": "only", "approvers": ["Ana"]}]}
    with pytest.raises(Invalid, match="the author is the only approver"):
        plan(policy, author="ANA")
    assert plan({**policy, "allowSelfApproval": True}, author="ANA") == ["only"]


def test_four_eyes_keep_people_free_for_the_stage_that_cannot_do_without_them():
    """Ben alone can sign, so he is not asked to review."""
    policy = {
        "stages": [
            {"name": "review", "approvers": ["Ana", "Ben", "Cem"], "veto": ["Ben"], "escalateTo": ["Dana"]},
            {"name": "sign", "approvers": ["Ben"]},
        ],
        "fourEyes": True,
    }
    review, sign = choose_stages(read_policy(policy), cost=0.0, department=None, findings=(), author="Cem")
    assert (review.approvers, review.veto, sign.approvers) == (("Ana",), (), ("Ben",))
    with pytest.raises(Invalid, match="fourEyes"):
        plan(policy | {"stages": [{"name": "a", "approvers": ["Ben"]}, policy["stages"][1]]})
