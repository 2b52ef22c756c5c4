"""Runs of bills: as many as asked, dated exactly, summed exactly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.billing import BillingForm, BillingState
from approvals.validation import Invalid

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FORM = {"account": "Town works", "amount": 1485.1}
CARRIED = {"issued": 9, "cents": 900, "startedAt": "2026-02-20T09:00:00+00:00"}


def issue_all(state, now, *, carried_after=()):
    """Issue the bills of a run, each when it is due, and return them with the run at its end."""
    run, bills = state.run(now), []
    while not run.is_complete:
        bills.append(run.next_bill("b-1"))
        run = run.with_bill(bills[-1])
        if len(bills) in carried_after and not run.is_complete:
            run = BillingState.from_dict(run.carry_over().to_dict()).run(max(now, run.next_due_at))
    return bills, run


@given(st.integers(0, 10**11), st.integers(1, 100), st.floats(0.001, 144), st.sets(st.integers(1, 99)))
def test_number_sum_and_dates_are_exact(cents, days, hours, carried_after):
    """However often the run continued as new."""
    form = {"account": "x", "amount": cents / 100, "days": days, "intervalHours": hours}
    bills, run = issue_all(BillingState.from_dict(form), NOW, carried_after=carried_after)
    assert [bill.number for bill in bills] == list(range(1, days + 1))
    assert {bill.cents for bill in bills} == {cents}
    assert [datetime.fromisoformat(bill.due) for bill in bills] == [
        NOW + number * timedelta(hours=hours) for number in range(days)
    ]
    assert Decimal(repr(run.total)) == Decimal(cents * days) / 100


def test_ten_daily_bills_span_nine_days():
    """The first one is issued at once."""
    bills, run = issue_all(BillingState.from_dict(FORM), NOW)
    assert (len(bills), bills[0].due, bills[-1].due) == (10, NOW.isoformat(), "2026-03-11T09:00:00+00:00")
    assert (run.total, bills[0].currency, bills[0].account) == (14851.0, "EUR", "Town works")


def test_the_sum_is_that_of_the_recorded_bills():
    """They differ if an id is used again with another amount."""
    run = BillingState.from_dict(FORM).run(NOW)
    on_record = run.next_bill("b-1").model_copy(update={"cents": 7})
    assert run.with_bill(on_record).total == 0.07


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"startedAt": "2026-03-02T09:00:01+00:00"}, "carried"),
        ({"startedAt": "2026-03-02T09:00:00"}, "startedAt"),
        ({"issued": 11}, "carried"),
        ({"issued": 0}, "issued"),
        ({"issued": 101}, "issued"),
        ({"cents": -1}, "cents"),
    ],
)
def test_an_impossible_carried_state_is_refused(wrong, told):
    """Whoever starts the workflow without HttpStart may send anything."""
    with pytest.raises(Invalid, match=told):
        BillingState.from_dict({**FORM, "carried": {**CARRIED, **wrong}}).run(NOW)


def test_the_example_is_a_valid_form():
    """Users see it; ten days are usual."""
    form = BillingForm.from_dict(dict(BillingForm.example))
    assert (form.days, form.interval_hours, form.currency) == (10, 24.0, "EUR")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"account": ""}, "account"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.234}, "two decimals"),
        ({"currency": "eur"}, "currency"),
        ({"amount": 0.5, "currency": "JPY"}, "amount has too many decimals: JPY has none"),
        ({"days": 0}, "days"),
        ({"days": 101}, "days"),
        ({"days": 1.5}, "days"),
        ({"intervalHours": 0}, "intervalHours"),
        ({"intervalHours": 145}, "intervalHours"),
        ({"amount": 1e12, "days": 11}, "amount times days"),
        ({"carried": CARRIED}, "carried"),
    ],
)
def test_an_invalid_form_is_refused(wrong, told):
    """Before anything is started."""
    with pytest.raises(Invalid, match=told):
        BillingForm.from_dict({**FORM, **wrong})
