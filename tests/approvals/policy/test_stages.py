"""Stages: how many must agree, and what is left of one when somebody may not decide."""

import pytest

from approvals.policy.stages import Stage


def stage(**fields):
    """Return a stage of Ana, Ben and Cem."""
    return Stage.from_dict({"name": "board", "approvers": ["Ana", "Ben", "Cem"], **fields})


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        ({}, 1),
        ({"rule": "all"}, 3),
        ({"rule": "quorum", "quorum": 2}, 2),
        ({"required": ["Ana", "Ben"]}, 2),
        ({"rule": "quorum", "quorum": 1, "required": ["Ana", "Ben", "Cem"]}, 3),
    ],
)
def test_the_needed_answers_are_the_larger_of_rule_and_required_people(fields, needed):
    """Each stage computes them."""
    assert stage(**fields).needed == needed


def test_a_person_who_may_not_decide_is_asked_nowhere():
    """Nor on the ladder: an empty rung is removed, and the others move up."""
    ladder = ["ben", {"to": ["Dana", "BEN "], "windowHours": 3}]
    left = stage(required=["Ben"], veto=["Ana", "Ben"], escalateTo=ladder).without("Ben")
    assert (left.approvers, left.required, left.veto) == (("Ana", "Cem"), (), ("Ana",))
    assert [(rung.to, rung.window_hours) for rung in left.escalate_to] == [(("Dana",), 3.0)]
    assert stage(veto=True).without("Ben").veto is True


@pytest.mark.parametrize(
    ("fields", "without", "can_pass"),
    [
        ({"rule": "quorum", "quorum": 2}, "Ana", True),
        ({"rule": "quorum", "quorum": 3}, "Ana", False),
        ({"rule": "all"}, "Ana", True),
        ({"approvers": ["Ana"], "rule": "all"}, "Ana", False),
        ({"approvers": ["Ana"]}, "Ana", False),
        ({"rule": "quorum", "quorum": 3}, "Dana", True),
    ],
)
def test_a_stage_passes_only_with_enough_people(fields, without, can_pass):
    """All of nobody is no approval."""
    assert stage(**fields).without(without).can_pass is can_pass
