"""Faults of policies: every one is named at once, with its place, and nobody's name is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policy.faults import find_faults
from approvals.policy.policy import EXAMPLE, Policy
from tests.approvals.policies import policies

TWO = {"name": "board", "approvers": ["Ana", "Ben"]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = [
    *(field.alias for field in Policy.model_fields.values()),
    *("name", "approvers", "required", "veto", "escalateTo", "when", "rule", "quorum", "kind", "remindAfterHours"),
]


_NO_QUORUM = "belongs to the rule 'quorum', and the rule here is 'first'"


def faults(*stages, **fields):
    """Return what is wrong with a policy of these stages."""
    return list(find_faults(Policy, {"stages": list(stages), **fields}))


@given(policies())
def test_a_valid_policy_has_no_fault(policy):
    """Neither as people write it nor as records store it."""
    assert find_faults(Policy, policy.to_dict()) == ()
    assert find_faults(Policy, EXAMPLE) == ()


@pytest.mark.parametrize("value", [None, [], "default", 3])
def test_a_value_that_is_not_an_object_is_no_policy(value):
    """Of any type."""
    assert find_faults(Policy, value) == ("must be an object",)


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ({"rule": "quorum"}, "quorum: is missing: say how many must agree"),
        ({"quorum": 2}, "quorum: belongs to the rule 'quorum', and the rule here is 'first'"),
        ({"rule": "quorum", "quorum": 3}, "quorum: 3 of 2 people cannot answer"),
        ({"rule": "quorum", "quorum": 0}, "quorum: must be greater than or equal to 1"),
        ({"rule": "most"}, "rule: must be 'first', 'all' or 'quorum'"),
        ({"approvers": []}, "approvers: must have at least 1 item, not 0"),
        ({"approvers": "Ana"}, "approvers: must be a list"),
        ({"approvers": ["Ana", "Ben", "ana "]}, "approvers.2: is somebody who is named before"),
        ({"approvers": ["Ana", "Nobody"]}, "approvers.1: stands for nobody; name a person"),
        ({"escalateTo": ["a system"]}, "escalateTo.0.to.0: stands for nobody; name a person"),
        ({"required": ["Cem"]}, "required.0: is not among the approvers"),
        ({"required": ["Ben", "BEN"]}, "required.1: is somebody who is named before"),
        ({"veto": ["Ana", "Cem"]}, "veto.1: is not among the approvers"),
        ({"veto": ["Ana", "ana"]}, "veto.1: is somebody who is named before"),
        ({"veto": "Ana"}, "veto: must be true, false or a list of people"),
        ({"veto": ["Ana", 3]}, "veto.1: must be a text"),
        ({"windowHours": 0}, "windowHours: must be greater than 0"),
        ({"windowHours": 8761}, "windowHours: must be less than or equal to 8760"),
        ({"windowHours": "72"}, "windowHours: must be a number"),
        ({"remindAfterHours": [72]}, "remindAfterHours.0: comes too late: the window is 72 hours"),
        ({"remindAfterHours": [5, 5]}, "remindAfterHours.1: must come later than the one before it"),
        ({"remindAfterHours": [0]}, "remindAfterHours.0: must be greater than 0"),
        ({"escalateTo": [3]}, "escalateTo.0: must be a name or an object"),
        ({"escalateTo": [{"to": []}]}, "escalateTo.0.to: must have at least 1 item, not 0"),
        ({"escalateTo": [{"to": ["Cem", "Cem"]}]}, "escalateTo.0.to.1: is somebody who is named before"),
        ({"escalateTo": ["ana"]}, "escalateTo.0: escalates to nobody else: all of them have been asked before"),
        ({"escalateTo": ["Cem", "Cem"]}, "escalateTo.1: escalates to nobody else: all of them have been asked before"),
        ({"escalateTo": ["Cem"], "onTimeout": "reject"}, "escalateTo: is never used, as onTimeout is 'reject'"),
        ({"when": {"costAbove": 5, "costUpTo": 5}}, "when: no cost is both above 5 and up to 5"),
        ({"when": {"costFrom": 6, "costUpTo": 5}}, "when: no cost is both 6 or more and up to 5"),
        (
            {"when": {"costFrom": 6, "costAbove": 5}},
            "when.costFrom: means the same as costAbove but for one amount; give one of them",
        ),
        ({"when": {"findings": ["virusses"]}}, "when.findings.0: must be 'passed', 'warnings', 'objections', "),
        ({"kind": "budget"}, "kind: is set by the plan; to ask for money, give a budgetLimit"),
        ({"windowhours": 3}, "windowhours: is not known here; did you mean windowHours?"),
        ({"zzz": 3}, "zzz: is not known here"),
    ],
)
def test_an_invalid_stage_has_one_fault_at_its_place(stage, fault):
    """One sentence, at the place to fix."""
    [told] = faults({**TWO, **stage})
    assert told.startswith(f"stages.0.{fault}")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"outcomes": {"Approved": "reject"}}, "outcomes.Approved: always means 'approve'; choose another word"),
        (
            {"outcomes": {"later": "changes", "Later ": "reject"}},
            "outcomes.Later : is there already, in other letters or with other spaces",
        ),
        (
            {"outcomes": {"Re\u200bject": "approve"}},
            "outcomes.Reject: must not contain control or format characters, nor others that RFC 8266 excludes",
        ),
        ({"outcomes": {"Rej\u0435ct": "approve"}}, "outcomes.Rej\u0435ct: reads like 'reject'; choose another word"),
        ({"outcomes": {"reject.": "approve"}}, "outcomes.reject.: reads like 'reject'; choose another word"),
        (
            {"outcomes": {"Ask for changes": "approve"}},
            "outcomes.Ask for changes: always means 'changes'; choose another word",
        ),
        (
            {"outcomes": {"later": "changes", "1ater": "reject"}},
            "outcomes.1ater: reads like 'later'; choose another word",
        ),
        ({"outcomes": {"later": "wait"}}, "outcomes.later: must be 'approve', 'reject' or 'changes'"),
        ({"outcomes": {"": "approve"}}, "outcomes.: must have at least 1 character"),
        ({"outcomes": []}, "outcomes: must be an object"),
        ({"budgetLimit": 1e99}, "budgetLimit: must be less than or equal to 1e+12"),
        ({"budgetOwners": ["Ana"]}, "budgetOwners: nobody asks them without a budgetLimit"),
        ({"budgetLimit": 5, "budgetOwners": ["Ana", "ana"]}, "budgetOwners.1: is somebody who is named before"),
        (
            {"budgetLimit": 5, "budgetOwners": ["An\u200ba"]},
            "budgetOwners.0: must not contain control or format characters, nor others that RFC 8266 excludes",
        ),
        ({"budgetLimit": -5}, "budgetLimit: must be greater than or equal to 0"),
        ({"otherwise": "reject"}, "otherwise: must be 'refuse' or a stage"),
        ({"otherwise": 3}, "otherwise: must be an object"),
        ({"otherwise": {**TWO, "name": "rest", "quorum": 2}}, f"otherwise.quorum: {_NO_QUORUM}"),
        ({"otherwise": TWO}, "otherwise.name: is taken, by another stage or by the one that budgetLimit adds"),
        (
            {"otherwise": {**TWO, "name": "rest", "when": {"costUpTo": 5}}},
            "otherwise.when: it is asked where no condition holds, and has none itself",
        ),
        ({"currency": "ZZZ"}, "currency: is not a currency of ISO 4217"),
        ({"rates": {"date": "2026-02-30", "worth": {"USD": 1}}}, "rates.date: is not a day of the calendar"),
        ({"rates": {"date": "2026-03-02", "worth": {"USD": 0}}}, "rates.worth.USD: must be greater than 0"),
        ({"stages": []}, "stages: must have at least 1 item, not 0"),
        (
            {"stages": [{**TWO, "name": "bo\u00adard"}]},
            "stages.0.name: must not contain control or format characters, nor others that RFC 8266 excludes",
        ),
        ({"stages": 3}, "stages: must be a list"),
        ({"stages": [None]}, "stages.0: must be an object"),
        ({"stages": [TWO] * 2}, "stages.1.name: is taken, by another stage or by the one that budgetLimit adds"),
        (
            {"stages": [{**TWO, "name": "Budget"}], "budgetLimit": 5},
            "stages.0.name: is taken, by another stage or by the one that budgetLimit adds",
        ),
    ],
)
def test_an_invalid_policy_has_one_fault_at_its_place(fields, fault):
    """Outside of its stages, and between them."""
    assert faults(TWO, **fields) == [fault]


def test_standard_words_may_be_listed_with_their_standard_meaning():
    """They change nothing."""
    assert faults(TWO, outcomes={"approve": "approve", "Rejected": "reject", "changes": "changes"}) == []


def test_a_stage_may_be_named_budget_if_no_budget_adds_one():
    """It is an ordinary stage then."""
    assert faults({**TWO, "name": "budget"}) == []


def test_every_fault_is_listed_at_once():
    """Contradictions are found beside wrong fields, in the same stage and in others."""
    told = faults(
        {"name": "a", "approvers": ["Ana", "Ben"], "rule": "quorum", "quorum": 3, "windowHours": -1, "veto": ["Cem"]},
        {"approvers": ["Ana"], "required": ["Ben"], "onTimeout": "panic"},
        {"name": "A", "approvers": "Ana", "required": ["Ben"], "escalateTo": ["Ana"]},
        7,
        fourEyes="yes",
        outcomes={"reject": "approve", "later": "wait"},
    )
    assert sorted(told) == [
        "fourEyes: must be true or false",
        "outcomes.later: must be 'approve', 'reject' or 'changes'",
        "outcomes.reject: always means 'reject'; choose another word",
        "stages.0.quorum: 3 of 2 people cannot answer",
        "stages.0.veto.0: is not among the approvers",
        "stages.0.windowHours: must be greater than 0",
        "stages.1.name: is missing",
        "stages.1.onTimeout: must be 'escalate', 'reject' or 'approve'",
        "stages.1.required.0: is not among the approvers",
        "stages.2.approvers: must be a list",
        "stages.2.name: is taken, by another stage or by the one that budgetLimit adds",
        "stages.3: must be an object",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"stages": [{}] * 10_000},
        {"budgetLimit": 5, "budgetOwners": ["Ana"] * 10_000},
        {"outcomes": {" " * n + "a": "approve" for n in range(10_000)}},
        {"stages": [{**TWO, "approvers": ["Ana"] * 10_000, "required": ["Zoe"] * 10_000}]},
    ],
)
def test_the_list_of_faults_is_limited(fields):
    """Some of ten thousand show what kind of mistake it is."""
    assert 1 <= len(faults(TWO, **fields)) <= 100


@given(JSON, st.sampled_from(FIELDS))
def test_no_json_makes_the_search_raise(value, field):
    """In place of the policy, of a field, of a stage, or of a stage's field."""
    find_faults(Policy, value)
    find_faults(Policy, {"stages": [TWO], field: value})
    find_faults(Policy, {"stages": [value, {**TWO, field: value}]})


@given(JSON, st.sampled_from(FIELDS))
def test_a_policy_without_faults_can_be_read(value, field):
    """The models alone accept some policies that have faults."""
    policy = {"stages": [{**TWO, field: value}]}
    if not find_faults(Policy, policy):
        assert Policy.from_dict(policy).stages[0].name


def test_faults_do_not_repeat_names_of_people():
    """The place shows whom it is about; many people may see the faults of a policy."""
    told = faults({"name": "a", "approvers": ["Zoe", "Zoe"], "required": ["Zack"], "escalateTo": ["zoe"]})
    assert len(told) == 3
    assert "zoe" not in " ".join(told).casefold()
    assert "zack" not in " ".join(told).casefold()
