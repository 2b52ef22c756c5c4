"""Budgets: whatever is asked in whatever order, what is free, reserved and spent adds up to the limit."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.budgets import (
    MOST_ENDED,
    MOST_OPEN,
    REFUSALS,
    TRANSITIONS,
    Budget,
    Entry,
    ReservationForm,
    ReservationState,
    Step,
    serve,
)
from approvals.validation import Invalid

KEYS = st.sampled_from(["p-1", "p-2", "p-3", "p-4"])
OPERATIONS = st.one_of(
    st.tuples(st.just("open"), st.fixed_dictionaries({"limit": st.integers(0, 300)})),
    st.tuples(st.just("reserve"), st.fixed_dictionaries({"key": KEYS, "amount": st.integers(-1, 200)})),
    st.tuples(st.sampled_from(["confirm", "release"]), st.fixed_dictionaries({"key": KEYS})),
    st.tuples(st.sampled_from(["get", "explode"]), st.none()),
)
RESERVE = {"key": "p-1", "amount": 60}
KEY = {"key": "p-1"}


def after(*operations, limit=100):
    """Return a budget of 100 cents after some operations on it, and the last reply."""
    budget, reply = serve(Budget(), "open", {"limit": limit})
    for operation, argument in operations:
        budget, reply = serve(budget, operation, argument)
    return budget, reply


@given(st.lists(OPERATIONS, max_size=40))
def test_the_budget_adds_up_and_is_never_below_zero(operations):
    """The invariant of the module, with invalid operations among the others."""
    budget = Budget()
    for operation, argument in operations:
        budget, reply = serve(budget, operation, argument)
        assert budget.available + budget.reserved + budget.spent == (budget.limit or 0)
        assert min(budget.available, budget.reserved, budget.spent) >= 0
        assert reply["available"] == budget.available
        assert reply["granted"] is not bool(reply["reason"])
        assert Budget.from_dict(json.loads(json.dumps(budget.to_dict()))) == budget


@given(st.lists(OPERATIONS, max_size=20))
def test_a_repeated_operation_changes_nothing(operations):
    """At once, and after all others: each step of a key is final or was refused before."""
    budget = Budget()
    for operation, argument in operations:
        budget, reply = serve(budget, operation, argument)
        again, same = serve(budget, operation, argument)
        assert again == budget
        assert same == {**reply, "new": False}


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.data())
def test_a_repeated_run_changes_nothing(amounts, data):
    """Reserve, then confirm or release, for several keys; then the same steps again in the same order."""
    steps = []
    for number, amount in enumerate(amounts):
        end = data.draw(st.sampled_from(["confirm", "release"]))
        steps += [("reserve", {"key": f"k{number}", "amount": amount}), (end, {"key": f"k{number}"})]
    once, _ = after(*steps)
    granted = [step for step in steps if once.state_of(step[1]["key"]) is not ReservationState.UNKNOWN]
    assert after(*steps, *granted)[0] == once
    assert once.reserved == 0


def test_the_tables_have_each_case_once():
    """A step leads to a state, or it is refused with a reason."""
    assert set(itertools.product(ReservationState, Step)) == set(TRANSITIONS) | set(REFUSALS)
    assert not set(TRANSITIONS) & set(REFUSALS)


@pytest.mark.parametrize(
    ("steps", "granted", "standing", "available", "told"),
    [
        ([("reserve", RESERVE)], True, "reserved", 40, ""),
        ([("reserve", RESERVE), ("reserve", RESERVE)], True, "reserved", 40, ""),
        ([("reserve", RESERVE), ("reserve", {**RESERVE, "amount": 61})], False, "reserved", 40, "another amount"),
        ([("reserve", RESERVE), ("reserve", {"key": "p-2", "amount": 41})], False, "unknown", 40, "not enough"),
        ([("reserve", RESERVE), ("reserve", {"key": "p-2", "amount": 40})], True, "reserved", 0, ""),
        ([("reserve", {**RESERVE, "currency": "USD"})], False, "unknown", 100, "EUR"),
        ([("reserve", RESERVE), ("confirm", KEY)], True, "spent", 40, ""),
        ([("reserve", RESERVE), ("confirm", KEY), ("confirm", KEY)], True, "spent", 40, ""),
        ([("reserve", RESERVE), ("confirm", KEY), ("reserve", RESERVE)], True, "spent", 40, ""),
        ([("reserve", RESERVE), ("confirm", KEY), ("reserve", {**RESERVE, "amount": 1})], False, "spent", 40, "anoth"),
        ([("reserve", RESERVE), ("confirm", KEY), ("release", KEY)], False, "spent", 40, "cannot be released"),
        ([("reserve", RESERVE), ("release", KEY)], True, "released", 100, ""),
        ([("reserve", RESERVE), ("release", KEY), ("release", KEY)], True, "released", 100, ""),
        ([("reserve", RESERVE), ("release", KEY), ("confirm", KEY)], False, "released", 100, "released"),
        ([("reserve", RESERVE), ("release", KEY), ("reserve", RESERVE)], False, "released", 100, "another key"),
        ([("release", KEY)], True, "unknown", 100, ""),
        ([("confirm", KEY)], False, "unknown", 100, "nothing is reserved"),
        ([("open", {"limit": 100})], True, "unknown", 100, ""),
        ([("open", {"limit": 500})], False, "unknown", 100, "stays in force"),
        ([("open", {"limit": 100, "currency": "USD"})], False, "unknown", 100, "stays in force"),
        ([("explode", {})], False, "unknown", 100, "explode"),
        ([("reserve", {"key": "p-1", "amount": 0})], False, "unknown", 100, "amount"),
        ([("reserve", {"key": "p-1", "amount": True})], False, "unknown", 100, "amount"),
        ([("reserve", {"key": "p-1", "amount": 1.5})], False, "unknown", 100, "amount"),
        ([("reserve", {"key": "@x", "amount": 1})], False, "unknown", 100, "key"),
        ([("reserve", None)], False, "unknown", 100, "dictionary"),
        ([("confirm", {})], False, "unknown", 100, "key"),
        ([("open", {"limit": -1})], False, "unknown", 100, "limit"),
    ],
)
def test_each_step_returns_the_resulting_state(steps, granted, standing, available, told):
    """A refusal is a reply with a reason; nothing raises."""
    _, reply = after(*steps)
    assert (reply["granted"], reply["standing"], reply["available"]) == (granted, standing, available)
    assert told in reply["reason"]


def test_only_the_call_that_reserves_reports_a_new_reservation():
    """So that a run can tell its own reservation from an earlier run's."""
    assert after(("reserve", RESERVE))[1]["new"] is True
    assert after(("reserve", RESERVE), ("reserve", RESERVE))[1]["new"] is False


def test_a_budget_that_is_not_open_refuses():
    """With that reason."""
    budget, reply = serve(Budget(), "reserve", RESERVE)
    assert (budget, reply["reason"], reply["limit"]) == (Budget(), "the budget is not open", None)


def test_get_shows_who_holds_the_money():
    """With the sums."""
    _, reply = after(
        ("reserve", RESERVE), ("reserve", {"key": "p-2", "amount": 30}), ("confirm", {"key": "p-2"}), ("get", None)
    )
    assert (reply["available"], reply["reserved"], reply["spent"], reply["holds"]) == (10, 60, 30, {"p-1": 60})
    assert reply["limit"] == 100


def test_the_state_stays_small():
    """With the longest keys and amounts, and far more reservations than it remembers."""
    most = 10**13
    budget, _ = serve(Budget(), "open", {"limit": 10**14})
    for number in range(MOST_ENDED + 100):
        key = f"{number:x<100}"
        budget, _ = serve(budget, "reserve", {"key": key, "amount": most if number < 5 else 10**10})
        budget, _ = serve(budget, "confirm" if number % 2 else "release", {"key": key})
    for number in range(MOST_OPEN):
        budget, reply = serve(budget, "reserve", {"key": f"{number:y<100}", "amount": 10**10})
        assert reply["granted"], reply
    assert (len(budget.holds), len(budget.ended)) == (MOST_OPEN, MOST_ENDED)
    assert len(json.dumps(json.dumps(budget.to_dict()))) < 30_000
    assert budget.available + budget.reserved + budget.spent == budget.limit
    assert "confirm or release some first" in serve(budget, "reserve", {"key": "one-more", "amount": 1})[1]["reason"]


def test_a_forgotten_key_spends_nothing():
    """Only the latest are remembered; an operation for an older one finds nothing."""
    budget, _ = after(limit=10_000)
    for number in range(MOST_ENDED + 1):
        budget, _ = serve(budget, "reserve", {"key": f"k{number}", "amount": 2})
        budget, _ = serve(budget, "confirm", {"key": f"k{number}"})
    assert (budget.state_of("k0"), budget.state_of("k1")) == (ReservationState.UNKNOWN, ReservationState.SPENT)
    for step in ("confirm", "release"):
        assert serve(budget, step, {"key": "k0"})[0] == budget


def test_the_example_is_a_valid_form():
    """Users see it."""
    form = ReservationForm.from_dict(dict(ReservationForm.example))
    assert (form.budget, form.ask_first, form.window_hours) == ("bridges-2026", False, 72.0)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.234}, "two decimals"),
        ({"limit": 0.001}, "two decimals"),
        ({"budget": "@x"}, "budget"),
        ({"budget": "a/b"}, "budget"),
        ({"budget": ""}, "budget"),
        ({"currency": "eur"}, "currency"),
        ({"limit": 0.5, "currency": "JPY"}, "limit has too many decimals: JPY has none"),
        ({"windowHours": 145}, "windowHours"),
        ({"askFirst": "yes"}, "askFirst"),
        ({"more": 1}, "more"),
    ],
)
def test_an_invalid_form_is_refused(wrong, told):
    """Before anything is started."""
    with pytest.raises(Invalid, match=told):
        ReservationForm.from_dict({**ReservationForm.example, **wrong})


def test_an_entry_says_whether_the_money_is_booked():
    """A void entry never will be."""
    facts = {
        "instanceId": "p-1", "round": "r", "title": "t", "budget": "b", "cents": 1, "currency": "EUR",
        "recordedAt": "2026-03-02T09:00:00+00:00",
    }  # fmt: skip
    assert Entry.from_dict({**facts, "state": "booked"}).is_booked
    assert not Entry.from_dict({**facts, "state": "void"}).is_booked
