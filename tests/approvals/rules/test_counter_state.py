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
def test_repeated_shares_in_any_order_add_nothing(lives, data):
    """Each share arrives in turn, with earlier ones in between from workflows that know less."""
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


def test_a_lost_signal_is_made_up_by_the_next_one():
    """Shares are totals, so a gap closes."""
    assert told(CounterState(), share(total=1), share(known=2, total=3)).value == 3


def test_the_state_stays_small():
    """It remembers the reviews that were counted last, and fits a table cell as JSON inside JSON."""
    tally = told(CounterState(value=10**9), *(share(f"p-{number}", 98, 99) for number in range(MOST_SEEN + 50)))
    assert len(tally.seen) == MOST_SEEN
    assert len(json.dumps(json.dumps(tally.to_state()))) < 30_000
    assert told(tally, share(f"p-{MOST_SEEN + 49}", 0, 99)).value == tally.value


def test_a_forgotten_review_continues_from_the_total_of_its_sender():
    """Which is in its row of the list."""
    others = (share(f"p-{number}", 0, 1) for number in range(MOST_SEEN))
    tally = told(CounterState(), share("old", 0, 2), *others)
    assert told(tally, share("old", 2, 3)).value == tally.value + 1


def test_a_review_that_is_counted_again_is_remembered_longer():
    """The one counted longest ago is forgotten first."""
    shares = [share(f"p-{number}", 0, 1) for number in range(MOST_SEEN)]
    tally = told(CounterState(), *shares, shares[0], share("new"))
    assert told(tally, shares[0]).value == MOST_SEEN + 1
    assert told(tally, shares[1]).value == MOST_SEEN + 2


def test_an_anonymous_number_adds_each_time_and_a_reset_forgets_no_share():
    """Workflows without a record, and operators, send a plain number."""
    tally = told(CounterState().plus(2), share(total=3))
    assert (tally.plus(1).value, tally.reset().value) == (6, 0)
    assert told(tally.reset(), share(total=3)).value == 0


@pytest.mark.parametrize(("state", "value"), [(None, 0), (0, 0), (41, 41), ({"value": 3, "seen": {"ab": 1}}, 3)])
def test_every_old_form_of_the_state_is_read(state, value):
    """Before there were shares it was only the number."""
    assert CounterState.from_state(state).value == value
    assert CounterState.from_state(state).to_state() == (state or 0)


@given(st.lists(st.integers(0, 5), min_size=1))
def test_a_share_never_lowers_a_number(totals):
    """An old look reports less than is known."""
    values = [CounterState().value]
    tally = CounterState()
    for total in totals:
        tally = tally.with_contribution(share(total=total))
        values.append(tally.value)
    assert all(before <= after for before, after in pairwise(values))
    assert tally.value == max(totals)
