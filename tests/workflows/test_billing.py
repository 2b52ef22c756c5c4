"""BillingIssuer through HttpStart: ten bills, whatever happens to the host; and never an eleventh."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from http.client import HTTPException

import pytest

from durable_devhost.testing.plugin import AppFailed
from tests.long import killing, long

FORM = {"account": "Town works", "amount": 1485.1}
RESTART = "/runtime/webhooks/durabletask/instances/{}/restart?restartWithNewInstanceId=false"


def bills(app, instance):
    """The rows of an instance in `Bills`, in order."""
    return sorted((row for row in app.rows("Bills") if row["InstanceId"] == instance), key=lambda row: row["Number"])


def dates(rows):
    """When bills were due and when they were issued."""
    return [(datetime.fromisoformat(row["Due"]), datetime.fromisoformat(row["IssuedAt"])) for row in rows]


def check_dates(rows, step, *, punctual=True):
    """They are `step` apart, exactly, and each was issued when it was due."""
    due = [each for each, _ in dates(rows)]
    assert due == [due[0] + number * step for number in range(len(rows))]
    if punctual:
        assert all(timedelta(0) <= issued - date < timedelta(minutes=1) for date, issued in dates(rows))


def test_ten_days_give_ten_bills_a_day_apart(app):
    """Also in one jump of the clock; the first is issued at the start, and none follows the tenth."""
    instance = app.begin("BillingIssuer", FORM)
    status = app.until_shown(instance, state="waiting", bills=1)["customStatus"]
    assert (status["of"], status["total"]) == (10, 1485.1)
    app.advance(hours=24 * 10)
    output = app.result(instance)
    rows = bills(app, instance)
    assert [row["Number"] for row in rows] == list(range(1, 11))
    assert {(row["Account"], row["Cents"].value, row["Currency"]) for row in rows} == {("Town works", 148510, "EUR")}
    check_dates(rows, timedelta(hours=24))
    assert rows[1]["Due"] == status["nextBill"]
    assert output == {
        "outcome": "billed",
        "account": "Town works",
        "bills": 10,
        "total": 14851.0,
        "currency": "EUR",
        "lastBillOn": rows[9]["Due"],
    }
    app.advance(hours=24 * 10)
    assert len(bills(app, instance)) == 10


@long
def test_a_hundred_days_leave_a_short_history(app):
    """It continues as new; number, sum and dates go on."""
    instance = app.begin("BillingIssuer", FORM | {"days": 100, "amount": 0.07, "intervalHours": 1.5})
    app.until_shown(instance, state="waiting", bills=1)
    app.advance(hours=1.5 * 99 + 0.1)
    output = app.result(instance)
    assert (output["bills"], output["total"]) == (100, 7.0)
    check_dates(bills(app, instance), timedelta(hours=1.5))
    assert len(app.status(instance, history=True)["historyEvents"]) < 120


def test_one_bill_ends_at_once(app):
    """Without waiting."""
    output = app.result(app.begin("BillingIssuer", FORM | {"days": 1, "currency": "SEK"}))
    assert (output["bills"], output["total"], output["currency"]) == (1, 1485.1, "SEK")


@killing
def test_a_host_killed_between_two_days_goes_on_billing(app):
    """No bill is missing, doubled or dated differently."""
    instance = app.begin("BillingIssuer", FORM)
    app.until_shown(instance, state="waiting", bills=1)
    for _ in range(2):
        app.advance(hours=24)
        app.kill()
        app.restart()
    app.advance(hours=24 * 8)
    assert app.result(instance)["bills"] == 10
    assert len(bills(app, instance)) == 10
    check_dates(bills(app, instance), timedelta(hours=24))


def test_a_host_killed_while_it_bills_issues_none_twice(app):
    """Repeatedly in the middle of a jump, with several runs at work."""
    instances = [app.begin("BillingIssuer", FORM) for _ in range(3)]
    for instance in instances:
        app.until_shown(instance, state="waiting", bills=1)
    for most in (3, 7):
        leap = threading.Thread(target=_leap, args=(app,))
        leap.start()
        app.until(lambda most=most: max(len(bills(app, instance)) for instance in instances) >= most)
        app.kill()
        leap.join()
        app.restart()
        assert min(len(bills(app, instance)) for instance in instances) < 10
    app.advance(hours=24 * 10)
    for instance in instances:
        assert app.result(instance)["bills"] == 10
        assert [row["Number"] for row in bills(app, instance)] == list(range(1, 11))
        check_dates(bills(app, instance), timedelta(hours=24), punctual=False)


def _leap(app):
    with suppress(OSError, HTTPException, AppFailed):  # the host is killed meanwhile
        app.advance(hours=24 * 10)


def test_a_repeated_id_bills_nothing_twice(app):
    """HttpStart refuses it; a restart through the durable API gets the existing bills."""
    instance = app.begin("BillingIssuer", FORM | {"days": 2})
    app.until_shown(instance, state="waiting")
    assert app.post("BillingIssuer", FORM, instance_id=instance).status == 409
    app.advance(hours=24)
    ended = app.result(instance)
    rows = bills(app, instance)
    assert app.request("POST", RESTART.format(instance)).status == 202
    app.until_shown(instance, state="waiting")
    app.advance(hours=24)
    assert app.result(instance) == ended
    assert bills(app, instance) == rows


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "x"},
        FORM | {"amount": 1.234},
        FORM | {"days": 101},
        FORM | {"days": 0},
        FORM | {"intervalHours": 145},
        FORM | {"amount": 1e12, "days": 11},
        FORM | {"carried": {"issued": 9, "cents": 0, "startedAt": "2026-03-02T09:00:00+00:00"}},
    ],
)
def test_an_invalid_form_starts_nothing(app, wrong):
    """The state of a generation cannot be posted."""
    assert app.post("BillingIssuer", wrong).status == 400
