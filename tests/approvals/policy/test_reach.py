"""Reach: conditions that together leave something out, or name what there is not, are refused with the place."""

import pytest

from approvals.policy.faults import find_faults
from approvals.policy.policy import Policy

SMALL = {"name": "small", "approvers": ["Ana"], "when": {"costUpTo": 1000}}
LARGE = {"name": "large", "approvers": ["Ben"], "when": {"costAbove": 2000}}
REST = {"name": "rest", "approvers": ["Cem"]}
IT = {"name": "security", "approvers": ["Dana"], "when": {"departments": ["IT"]}}
CLEAN = {"name": "clean", "approvers": ["Eli"], "when": {"findings": ["passed"]}}
GAP = "stages: nothing covers a cost in (1000, 2000]; add a stage for it, or set otherwise"


@pytest.mark.parametrize(
    ("policy", "faults"),
    [
        ({"stages": [SMALL, LARGE]}, [GAP]),
        ({"stages": [SMALL, LARGE], "otherwise": None, "budgetLimit": 1000}, [GAP]),
        ({"stages": [SMALL, LARGE], "otherwise": "refuse"}, []),
        ({"stages": [SMALL, LARGE], "otherwise": REST}, []),
        ({"stages": [SMALL, LARGE, REST]}, []),
        (
            {"stages": [SMALL, {**LARGE, "when": {"costFrom": 900}}]},
            ["stages.1.when: a cost in [900, 1000] meets stages.0 as well; start one where the other ends"],
        ),
        (
            {"stages": [REST, IT]},
            ["departments: is missing; conditions choose by department, so list all departments"],
        ),
        ({"stages": [REST, IT], "departments": ["it", "works"]}, []),
        (
            {"stages": [REST, IT], "departments": ["works"]},
            ["stages.1.when.departments.0: is not among the policy's departments"],
        ),
        (
            {"stages": [IT], "departments": ["IT", "Works", "Parks"]},
            ["stages: nothing covers any cost of the department Works or Parks; add a stage for it, or set otherwise"],
        ),
        (
            {"stages": [CLEAN], "otherwise": "refuse"},
            [
                "otherwise: any cost where the checks say warnings or objections cannot be refused, "
                "because the checks end only after submission; give a stage"
            ],
        ),
        ({"stages": [CLEAN], "otherwise": REST}, []),
        (
            {"stages": [REST], "budgetLimit": 0.5, "currency": "JPY"},
            ["budgetLimit: has too many decimals: JPY has none"],
        ),
        (
            {"stages": [REST, {**LARGE, "when": {"costAbove": 0.005}}]},
            ["stages.1.when: a cost has too many decimals: EUR has 2"],
        ),
        ({"stages": [REST, {**LARGE, "when": {"costAbove": 0.005}}], "currency": "KWD"}, []),
    ],
)
def test_gaps_in_the_conditions_of_a_policy_are_faults(policy, faults):
    """Unless the policy has an otherwise."""
    assert list(find_faults(Policy, policy)) == faults
