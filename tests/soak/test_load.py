"""What comes in is a matter of the seed alone, and there is something of everything."""

import pytest

from approvals.policy.policy import read_policy
from approvals.rules.forms import SubmissionForm
from approvals.workflows import find_workflow
from tests.soak.load import SHARES, Load


def drawn(seed=1):
    """Return a load of some size."""
    return Load.drawn(seed, classics=300, reviews=100, turns=6)


def test_the_same_seed_gives_the_same_load():
    """Another seed gives another."""
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_the_load_has_every_kind():
    """Each kind, each answer, reviews without an answer, in each turn."""
    load = drawn()
    assert {each.kind for each in load.classics} == set(SHARES)
    assert {each.answer for each in load.classics} == {True, False, None}
    assert {each.is_left_alone for each in load.reviews} == {True, False}
    assert {each.turn for each in load.classics} == {each.turn for each in load.reviews} == set(range(6))


@pytest.mark.parametrize("seed", range(5))
def test_every_form_is_accepted(seed):
    """A refused one would be missing at the end."""
    load = drawn(seed)
    for each in load.classics:
        find_workflow(each.workflow).form.from_dict(dict(each.form))
    for each in load.reviews:
        SubmissionForm.from_dict(dict(each.form))
        read_policy(each.form["policy"])


def test_half_of_the_reservations_of_a_budget_fit():
    """The rest is less than one of them."""
    load = drawn()
    for each in load.classics:
        if each.kind == "ReserveBudget":
            limit, spent = round(each.form["limit"] * 100), load.budgets[each.form["budget"]]
            assert 0 <= limit - spent < each.form["amount"] * 100
