"""Policies: what is read is what was written, and no author gets one that cannot decide on what they wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.review.plan import choose_stages
from approvals.review.policy import EXAMPLE, Policy, check_for, read_policy
from approvals.review.stages import Rung
from approvals.validation import Invalid
from tests.approvals.review.policies import COSTS, DEPARTMENTS, FINDINGS, PEOPLE, policies


def of(*stages, **fields):
    """Return a policy of stages that are named by their place where they name themselves nothing."""
    return read_policy({"stages": [{"name": f"s{n}", **stage} for n, stage in enumerate(stages)], **fields})


@given(policies())
def test_a_policy_survives_being_written_and_read(policy):
    """As JSON text, through both readers: the strict one for people and the one for records."""
    written = json.loads(json.dumps(policy.to_dict()))
    assert read_policy(written) == Policy.from_dict(written) == policy


def test_what_is_left_out_has_a_default():
    """Those that are promised: three days, the first answer, escalation, nobody on what they wrote themselves."""
    policy = of({"approvers": ["Ana"]})
    [stage] = policy.stages
    assert (stage.rule, stage.quorum, stage.required, stage.veto) == ("first", None, (), False)
    assert (stage.window_hours, stage.remind_after_hours) == (72.0, ())
    assert (stage.escalate_to, stage.on_timeout, stage.when) == ((), "escalate", None)
    assert (stage.anyone, stage.kind) == (False, "review")
    assert (policy.budget_limit, policy.budget_owners) == (None, ("the budget owner",))
    assert (policy.four_eyes, policy.allow_self_approval, policy.outcomes) == (False, False, {})
    assert (policy.changes_window_hours, policy.delegate_to) == (720.0, "anyone")


def test_a_rung_is_a_name_or_an_object():
    """One that says no window has the stage's."""
    [stage] = of({"approvers": ["Ana"], "escalateTo": ["Ben", {"to": ["Cem", "Dana"], "windowHours": 6}]}).stages
    assert stage.escalate_to == (Rung(to=("Ben",)), Rung(to=("Cem", "Dana"), window_hours=6.0))


def test_a_policy_that_cannot_be_used_is_refused_with_every_fault():
    """The text is short enough for a custom status, the faults are all there."""
    with pytest.raises(Invalid) as raised:
        read_policy({"stages": [{"name": f"{n}", "approvers": ["Ana"], "quorum": 2} for n in range(20)]})
    assert len(raised.value.errors) == 40
    assert len(str(raised.value)) == 400


def test_where_no_stage_is_left_the_first_is_taken():
    """A gap between two conditions approves nothing."""
    policy = of(
        {"approvers": ["Ana"], "when": {"costUpTo": 100}},
        {"approvers": ["Ben"], "when": {"costAbove": 200}},
    )
    assert [each.name for each in policy.stages_for(cost=150, department=None, findings=())] == ["s0"]


def test_the_budget_owners_come_last_where_the_cost_is_above_the_limit():
    """At the limit nobody asks them."""
    policy = of({"approvers": ["Ana"]}, budgetLimit=100, budgetOwners=["Ben"])
    assert [each.name for each in policy.stages_for(cost=100, department=None, findings=())] == ["s0"]
    [_, budget] = policy.stages_for(cost=100.01, department=None, findings=())
    assert (budget.name, budget.kind, budget.approvers) == ("budget", "budget", ("Ben",))


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ({"approvers": ["ana "]}, "the author is the only approver; name somebody else, or set allowSelfApproval"),
        (
            {"approvers": ["Ana", "Ben"], "rule": "all", "required": ["Ana"]},
            "the author is required; name somebody else, or set allowSelfApproval",
        ),
        (
            {"approvers": ["Ana", "Ben"], "rule": "quorum", "quorum": 2},
            "the author does not count, and 2 of the other 1 cannot answer",
        ),
    ],
)
def test_a_stage_that_needs_the_author_is_told_at_submission(stage, fault):
    """Whether or not the cost is known; where authors may decide there is nothing to tell."""
    for known in ({}, {"cost": 1.0, "department": "works"}):
        with pytest.raises(Invalid) as raised:
            check_for(of(stage), "Ana", **known)
        assert raised.value.errors == (f"stage 's0': {fault}",)
    check_for(of(stage, allowSelfApproval=True), "Ana")
    check_for(of({**stage, "approvers": [*stage["approvers"], "Cem", "Dana"], "required": []}), "Ana")


def test_all_stages_that_come_short_are_told_at_once_and_each_once():
    """Both ways that the findings may turn out are looked at."""
    policy = of({"approvers": ["Ana"]}, {"approvers": ["Ana"], "when": {"findings": ["objections"]}})
    with pytest.raises(Invalid) as raised:
        check_for(policy, "Ana", cost=1.0)
    assert [each.partition(":")[0] for each in raised.value.errors] == ["stage 's0'", "stage 's1'"]


def test_a_stage_that_this_proposal_never_meets_does_not_stand_in_its_way():
    """Known cost and department; without them it might."""
    policy = of({"approvers": ["Ben"]}, {"approvers": ["Ana"], "when": {"costAbove": 1000}})
    check_for(policy, "Ana", cost=1000.0)
    for known in ({}, {"cost": 1000.01}):
        with pytest.raises(Invalid):
            check_for(policy, "Ana", **known)


def test_a_budget_that_only_the_author_owns_is_told_where_it_is_asked_for():
    """Below the limit nobody minds."""
    policy = of({"approvers": ["Ben"]}, budgetLimit=100, budgetOwners=["Ana"])
    check_for(policy, "Ana", cost=100.0)
    for known in ({}, {"cost": 101.0}):
        with pytest.raises(Invalid, match="'budget': the author is the only approver"):
            check_for(policy, "Ana", **known)


def test_four_eyes_that_cannot_be_met_are_told():
    """Two stages of the same one person, the budget's among them."""
    policy = of({"approvers": ["Ben"]}, budgetLimit=100, budgetOwners=["ben"], fourEyes=True)
    check_for(policy, "Ana", cost=100.0)
    with pytest.raises(Invalid, match="with fourEyes it comes short of people who decide in no other stage"):
        check_for(policy, "Ana", cost=101.0)


@given(policies(), st.sampled_from(PEOPLE), COSTS, DEPARTMENTS, FINDINGS)
def test_after_the_check_the_plan_never_fails(policy, author, cost, department, findings):
    """And the check without a cost is the stricter one."""
    proposal = {"cost": cost, "department": department}
    if not passes(policy, author, **proposal):
        assert not passes(policy, author)
        return
    assert choose_stages(policy, author=author, findings=findings, **proposal)


@given(policies(), st.sampled_from(PEOPLE), COSTS, DEPARTMENTS, FINDINGS)
def test_the_check_without_a_cost_holds_for_every_proposal(policy, author, cost, department, findings):
    """Whatever is written into it in later rounds."""
    if passes(policy, author):
        assert choose_stages(policy, author=author, cost=cost, department=department, findings=findings)


@given(policies(), st.sampled_from(PEOPLE), COSTS, DEPARTMENTS)
def test_the_check_refuses_nothing_that_could_be_decided(policy, author, cost, department):
    """What it refuses for a known cost fails for some findings."""
    if passes(policy, author, cost=cost, department=department):
        return
    proposal = {"author": author, "cost": cost, "department": department}
    assert not all(can_be_planned(policy, findings=findings, **proposal) for findings in (("incomplete",), ()))


def passes(policy, author, **proposal):
    """Say whether the policy passes the check."""
    try:
        check_for(policy, author, **proposal)
    except Invalid:
        return False
    return True


def can_be_planned(policy, **proposal):
    """Say whether there is a plan."""
    try:
        return bool(choose_stages(policy, **proposal))
    except Invalid:
        return False


def test_the_schema_is_for_what_people_send():
    """With names as in JSON, descriptions, and an example that is accepted as it stands."""
    schema = Policy.model_json_schema()
    assert schema["required"] == ["stages"]
    assert schema["examples"] == [EXAMPLE]
    read_policy(schema["examples"][0])
    stage = schema["$defs"]["Stage"]["properties"]
    assert stage["windowHours"]["maximum"] == 8760
    assert "readOnly" in stage["kind"]
    assert stage["required"]["description"].startswith("Of the approvers those")
    assert {each.get("type") or each["$ref"] for each in stage["escalateTo"]["items"]["anyOf"]} == {
        "string",
        "#/$defs/Rung",
    }
    json.dumps(schema)
