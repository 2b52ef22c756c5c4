"""Policies: what is read is what was written, and no author gets one that cannot decide on what they wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policy.coverage import FORESEEN
from approvals.policy.plan import choose_stages
from approvals.policy.policy import EXAMPLE, REFUSED, Policy, check_for, read_policy
from approvals.policy.stages import Rung
from approvals.validation import Invalid
from tests.approvals.policies import FINDINGS, PEOPLE, PROPOSALS, policies

CHEAP = {"cost": 1.0, "currency": "EUR", "department": None}


def of(*stages, **fields):
    """Return a policy of stages that are named by their place where they name themselves nothing."""
    return read_policy({"stages": [{"name": f"s{n}", **stage} for n, stage in enumerate(stages)], **fields})


@given(policies())
def test_a_policy_reads_back_equal(policy):
    """As JSON text, through both readers: the strict one for people and the one for records."""
    written = json.loads(json.dumps(policy.to_dict()))
    assert read_policy(written) == Policy.from_dict(written) == policy


def test_a_missing_field_has_its_documented_default():
    """Three days, the first answer, escalation, no self-approval."""
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
    """Without a window it has the stage's."""
    [stage] = of({"approvers": ["Ana"], "escalateTo": ["Ben", {"to": ["Cem", "Dana"], "windowHours": 6}]}).stages
    assert stage.escalate_to == (Rung(to=("Ben",)), Rung(to=("Cem", "Dana"), window_hours=6.0))


def test_an_invalid_policy_is_refused_with_every_fault():
    """The text is short enough for a custom status; the list has all faults."""
    with pytest.raises(Invalid) as raised:
        read_policy({"stages": [{"name": f"{n}", "approvers": ["Ana"], "quorum": 2} for n in range(20)]})
    assert len(raised.value.errors) == 40
    assert len(str(raised.value)) == 400


def test_the_budget_owners_come_last_if_the_cost_is_above_the_limit():
    """At the limit they are not asked."""
    policy = of({"approvers": ["Ana"]}, budgetLimit=100, budgetOwners=["Ben"])
    fields = {"currency": "EUR", "department": None, "findings": ("passed",)}
    assert [each.name for each in policy.stages_for(cost=100, **fields)] == ["s0"]
    [_, budget] = policy.stages_for(cost=100.01, **fields)
    assert (budget.name, budget.kind, budget.approvers) == ("budget", "budget", ("Ben",))


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ({"approvers": ["ana "]}, "the author is the only approver; add another approver, or set allowSelfApproval"),
        (
            {"approvers": ["Ana", "Ben"], "rule": "all", "required": ["Ana"]},
            "the author is required; require another person, or set allowSelfApproval",
        ),
        (
            {"approvers": ["Ana", "Ben"], "rule": "quorum", "quorum": 2},
            "the author does not count, and 2 answers are needed from the other 1",
        ),
    ],
)
def test_a_stage_that_needs_the_author_is_reported_at_submission(stage, fault):
    """Unless authors may decide."""
    with pytest.raises(Invalid) as raised:
        check_for(of(stage), "Ana", **CHEAP)
    assert raised.value.errors == (f"stage 's0': {fault}",)
    check_for(of(stage, allowSelfApproval=True), "Ana", **CHEAP)
    check_for(of({**stage, "approvers": [*stage["approvers"], "Cem", "Dana"], "required": []}), "Ana", **CHEAP)


def test_all_understaffed_stages_are_reported_at_once_and_once_each():
    """For every possible result of the checks."""
    policy = of({"approvers": ["Ana"]}, {"approvers": ["Ana"], "when": {"findings": ["objections"]}})
    with pytest.raises(Invalid) as raised:
        check_for(policy, "Ana", **CHEAP)
    assert [each.partition(":")[0] for each in raised.value.errors] == ["stage 's0'", "stage 's1'"]


def test_a_stage_that_the_proposal_does_not_meet_is_not_checked():
    """It counts only above its cost."""
    policy = of({"approvers": ["Ben"]}, {"approvers": ["Ana"], "when": {"costAbove": 1000}})
    check_for(policy, "Ana", **{**CHEAP, "cost": 1000.0})
    with pytest.raises(Invalid):
        check_for(policy, "Ana", **{**CHEAP, "cost": 1000.01})


def test_a_budget_that_only_the_author_owns_is_reported_above_the_limit():
    """Below it nobody is asked."""
    policy = of({"approvers": ["Ben"]}, budgetLimit=100, budgetOwners=["Ana"])
    check_for(policy, "Ana", **{**CHEAP, "cost": 100.0})
    with pytest.raises(Invalid, match="'budget': the author is the only approver"):
        check_for(policy, "Ana", **{**CHEAP, "cost": 101.0})


def test_four_eyes_that_cannot_be_met_are_reported():
    """Two stages with the same single person, the budget's among them."""
    policy = of({"approvers": ["Ben"]}, budgetLimit=100, budgetOwners=["ben"], fourEyes=True)
    check_for(policy, "Ana", **{**CHEAP, "cost": 100.0})
    with pytest.raises(Invalid, match="with fourEyes it has too few people who decide in no other stage"):
        check_for(policy, "Ana", **{**CHEAP, "cost": 101.0})


@given(policies(), st.sampled_from(PEOPLE), PROPOSALS, FINDINGS)
def test_a_plan_never_fails_after_the_check(policy, author, proposal, findings):
    """Whatever the checks find."""
    if passes(policy, author, **proposal):
        assert choose_stages(policy, author=author, findings=findings, **proposal)


@given(policies(), st.sampled_from(PEOPLE), PROPOSALS)
def test_the_check_refuses_no_proposal_that_could_be_decided(policy, author, proposal):
    """A refused one lacks a field that the policy needs, or fails for some findings."""
    if passes(policy, author, **proposal) or lacks(policy, **proposal):
        return
    assert not all(can_be_planned(policy, author=author, findings=each, **proposal) for each in FORESEEN)


def lacks(policy, *, cost, currency, department):
    """Say whether a proposal does not say by what the policy chooses its way."""
    del cost
    chooses = [stage.when for stage in policy.stages if stage.when]
    by_department = any(each.departments for each in chooses)
    by_cost = policy.budget_limit is not None or any(each.costs for each in chooses)
    return (by_department and department is None) or (by_cost and currency != "EUR" and policy.rates is None)


@pytest.mark.parametrize(
    ("fields", "proposal", "faults"),
    [
        ({"budgetLimit": 100}, {"cost": None}, ["cost: is missing; this policy depends on it"]),
        ({}, {"cost": None, "currency": "JPY"}, []),
        ({"budgetLimit": 100}, {"currency": "KWD"}, ["currency: this policy has limits in EUR, and no rate for KWD"]),
        ({"budgetLimit": 100, "currency": "KWD"}, {"currency": "KWD"}, []),
        ({"budgetLimit": 100, "rates": {"date": "2026-03-02", "worth": {"KWD": 3.02}}}, {"currency": "KWD"}, []),
        ({}, {"cost": 0.5, "currency": "JPY"}, ["cost: has too many decimals: JPY has none"]),
        ({}, {"cost": 0.005}, ["cost: has too many decimals: EUR has 2"]),
        ({}, {"cost": 0.005, "currency": "KWD"}, []),
        ({"departments": ["IT"]}, {"department": "works"}, ["department: use one of IT"]),
        ({"departments": ["IT"]}, {"department": "it "}, []),
        ({"departments": ["IT"]}, {}, []),
    ],
)
def test_a_proposal_has_every_field_that_the_policys_conditions_need(fields, proposal, faults):
    """A missing cost is not zero, and a figure without its currency compares with nothing."""
    assert told(of({"approvers": ["Ben"]}, **fields), proposal) == faults


def test_a_department_is_required_if_a_condition_uses_it():
    """Otherwise leaving it out would avoid the stage."""
    policy = of({"approvers": ["Ben"]}, {"approvers": ["Cem"], "when": {"departments": ["IT"]}}, departments=["IT"])
    assert told(policy, {}) == ["department: is missing; this policy depends on it"]
    assert told(policy, {"department": "IT"}) == []


def test_a_proposal_that_no_stage_covers_is_refused_if_the_policy_says_so():
    """At submission, not after the checks."""
    policy = of({"approvers": ["Ben"], "when": {"costUpTo": 100}}, otherwise="refuse")
    assert told(policy, {"cost": 100.0}) == []
    assert told(policy, {"cost": 100.01}) == [REFUSED]


def told(policy, proposal):
    """Return what is in the way of a proposal of somebody from outside."""
    try:
        check_for(policy, "Zoe", **{**CHEAP, **proposal})
    except Invalid as error:
        return list(error.errors)
    return []


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


def test_the_schema_describes_what_people_send():
    """With the JSON names, descriptions, and an example that is valid."""
    schema = Policy.model_json_schema()
    assert schema["required"] == ["stages"]
    assert schema["examples"] == [EXAMPLE]
    read_policy(schema["examples"][0])
    stage = schema["$defs"]["Stage"]["properties"]
    assert stage["windowHours"]["maximum"] == 8760
    assert "readOnly" in stage["kind"]
    assert stage["required"]["description"].startswith("The approvers whose yes is required")
    assert {each.get("type") or each["$ref"] for each in stage["escalateTo"]["items"]["anyOf"]} == {
        "string",
        "#/$defs/Rung",
    }
    json.dumps(schema)


@pytest.mark.parametrize("wrong", [["cost"], ["replacedFiles"], "title", [7]])
def test_a_policy_cannot_keep_answers_on_a_new_cost_or_a_replaced_file(wrong):
    """Nor on a change that is no part of a document."""
    with pytest.raises(Invalid, match=r"^keepAnswersOn"):
        read_policy({"stages": [{"name": "a", "approvers": ["Ana"]}], "keepAnswersOn": wrong})
