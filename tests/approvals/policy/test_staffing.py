"""Staffing: with four eyes each stage finds its own people if there is any way at all."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.names import among
from approvals.policy.staffing import staff
from approvals.policy.stages import Stage
from approvals.validation import Invalid
from tests.approvals.policies import stages as random_stages


def stage(name, approvers, **fields):
    """Return a stage of people with names of one letter."""
    return Stage.from_dict({"name": name, "approvers": list(approvers), **fields})


def two_of(name, approvers, **fields):
    """Return a stage in which two must agree."""
    return stage(name, approvers, rule="quorum", quorum=2, **fields)


def can_be_met(stages):
    """Try out every way to give each stage as many people as it needs, nobody twice; the bodies have enough."""
    ways = [
        [set(some) for some in combinations(each.approvers, each.needed) if set(each.required) <= set(some)]
        for each in stages
        if not each.anyone
    ]
    return any(sum(map(len, way)) == len(set().union(*way)) for way in product(*ways))


@given(st.lists(st.integers(0, 9).flatmap(random_stages), min_size=1, max_size=4))
def test_four_eyes_are_refused_only_if_no_staffing_exists(written):
    """Compared with trying every staffing; every stage keeps its people and its own way."""
    stages = tuple(Stage.from_dict(each) for each in written)
    try:
        staffed = staff(stages, author=None, four_eyes=True)
    except Invalid:
        assert not can_be_met(stages)
        return
    assert can_be_met(stages)
    assert can_be_met(staffed)
    assert [each.needed for each in staffed] == [each.needed for each in stages]
    assert [each.required for each in staffed] == [each.required for each in stages]


@given(st.lists(st.integers(0, 9).flatmap(random_stages), min_size=1, max_size=4))
def test_a_person_whom_one_stage_needs_is_asked_in_no_other(written):
    """Neither as an approver nor on a ladder."""
    try:
        staffed = staff(tuple(Stage.from_dict(each) for each in written), author=None, four_eyes=True)
    except Invalid:
        return
    for index, each in enumerate(staffed):
        if each.anyone:
            continue
        needed = each.approvers if each.needed == len(each.approvers) else each.required
        for other in (each for each in staffed[:index] + staffed[index + 1 :] if not each.anyone):
            asked = (*other.approvers, *(person for rung in other.escalate_to for person in rung.to))
            assert not any(among(person, asked) for person in needed)


def test_a_stage_gives_up_a_person_if_it_has_another():
    """The first could have A, but the third needs A, which pushes through both."""
    stages = (stage("1", "AB"), stage("2", "AC"), stage("3", "A"))
    assert [each.approvers for each in staff(stages, author=None, four_eyes=True)] == [("B",), ("C",), ("A",)]


@pytest.mark.parametrize(
    ("stages", "short"),
    [
        ((stage("1", "A"), stage("2", "A")), "2"),
        ((two_of("1", "ABC"), two_of("2", "ABC")), "2"),
        ((stage("1", "AB", rule="all"), stage("2", "BC", required=["B"])), "1"),
        ((stage("1", "AB", required=["A"]), stage("2", "AC", required=["a"])), "2"),
        ((stage("1", "AB"), stage("2", "AB"), stage("3", "AB")), "3"),
    ],
)
def test_the_error_names_an_understaffed_stage(stages, short):
    """One of those that compete; without four eyes nothing is wrong."""
    with pytest.raises(Invalid) as raised:
        staff(stages, author=None, four_eyes=True)
    [fault] = raised.value.errors
    assert fault == f"stage {short!r}: with fourEyes it has too few people who decide in no other stage"
    assert staff(stages, author=None, four_eyes=False) == stages


def test_the_author_is_removed_before_four_eyes_are_checked():
    """Two people for two stages are enough only while both may decide."""
    stages = (stage("1", "AB"), stage("2", "AB"))
    assert len(staff(stages, author=None, four_eyes=True)) == 2
    with pytest.raises(Invalid, match="fourEyes"):
        staff(stages, author="A", four_eyes=True)


def test_the_largest_policy_is_staffed_quickly():
    """Twenty stages that share the same thousand seats; the test's time limit is the measure."""
    people = [f"p{number}" for number in range(1000)]
    crowd = [stage(str(n), people[n * 49 : n * 49 + 50], rule="quorum", quorum=49) for n in range(20)]
    assert len(staff(crowd, author=None, four_eyes=True)) == 20


def test_two_stages_may_ask_the_same_body():
    """A system may name different members of it."""
    stages = (stage("1", ["the board"], anyone=True), stage("2", ["the board"], anyone=True))
    assert staff(stages, author="Ana", four_eyes=True) == stages
