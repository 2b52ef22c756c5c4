"""Counters hold what the records say, however often, in whatever order and by whomever they are told."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules.counter_state import MOST_SEEN, Contribution, CounterState

PROPOSALS = ("p-1", "p-2", "p-3")
LIVES = st.dictionaries(st.sampled_from(PROPOSALS), st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1)
"""By how much each proposal's share grows at each look at its record."""


def share(proposal="p-1", known=0, total=1):
    """What a workflow tells a counter."""
    return Contribution(proposal_id=proposal, known=known, total=total)


def told(tally, *shares):
    """The tally after these, stored in between."""
    for each in shares:
        tally = CounterState.from_state(json.loads(json.dumps(tally.with_contribution(each).to_state())))
    return tally


@given(LIVES, st.data())
def test_repeats_in_any_order_add_nothing(lives, data):
    """Each share is told in its turn, and any of those before it again in between, by workflows that know less."""
    tally, sent = CounterState(value=7), []
    steps = [proposal for proposal, growths in lives.items() for _ in growths]
    totals = dict.fromkeys(lives, 0)
    for proposal in data.draw(st.permutations(steps)):
        before = totals[proposal]
        totals[proposal] += lives[proposal].pop(0)
        known = data.draw(st.integers(0, before))
        sent.append(share(proposal, known, totals[proposal]))
        tally = told(tally, sent[-1], *data.draw(st.lists(st.sampled_from(sent), max_size=4)))
    assert tally.value == 7 + sum(totals.values())


def test_what_a_signal_lost_comes_with_the_next_one():
    """Shares are totals, so that a gap closes."""
    assert told(CounterState(), share(total=1), share(known=2, total=3)).value == 3


def test_the_state_stays_small():
    """The reviews that were counted last are remembered; it fits a table cell as JSON inside JSON."""
    tally = told(CounterState(value=10**9), *(share(f"p-{number}", 98, 99) for number in range(MOST_SEEN + 50)))
    assert len(tally.seen) == MOST_SEEN
    assert len(json.dumps(json.dumps(tally.to_state()))) < 30_000
    assert told(tally, share(f"p-{MOST_SEEN + 49}", 0, 99)).value == tally.value


def test_a_forgotten_review_counts_from_what_its_sender_knows():
    """Which its row in the list says."""
    others = (share(f"p-{number}", 0, 1) for number in range(MOST_SEEN))
    tally = told(CounterState(), share("old", 0, 2), *others)
    assert told(tally, share("old", 2, 3)).value == tally.value + 1


def test_who_is_counted_again_is_remembered_longer():
    """What goes first is what was told longest ago."""
    shares = [share(f"p-{number}", 0, 1) for number in range(MOST_SEEN)]
    tally = told(CounterState(), *shares, shares[0], share("new"))
    assert told(tally, shares[0]).value == MOST_SEEN + 1
    assert told(tally, shares[1]).value == MOST_SEEN + 2


def test_what_is_nobodys_is_added_each_time_and_a_reset_counts_nothing_again():
    """Workflows without a record, and operators, tell a number."""
    tally = told(CounterState().plus(2), share(total=3))
    assert (tally.plus(1).value, tally.reset().value) == (6, 0)
    assert told(tally.reset(), share(total=3)).value == 0


@pytest.mark.parametrize(("state", "value"), [(None, 0), (0, 0), (41, 41), ({"value": 3, "seen": {"ab": 1}}, 3)])
def test_every_state_that_was_ever_stored_is_read(state, value):
    """Before there were shares it was the number alone."""
    assert CounterState.from_state(state).value == value
    assert CounterState.from_state(state).to_state() == (state or 0)


@given(st.lists(st.integers(0, 5), min_size=1))
def test_a_number_never_falls_by_a_share(totals):
    """A look that is old says less than is known."""
    values = [CounterState().value]
    tally = CounterState()
    for total in totals:
        tally = tally.with_contribution(share(total=total))
        values.append(tally.value)
    assert all(before <= after for before, after in pairwise(values))
    assert tally.value == max(totals)
