"""ReserveBudget through HttpStart: fifty at once, with and without a kill, and each way out."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableServiceClient

from approvals.budgets import ReservationForm
from gateways.tables import keys
from tests.long import killing

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def name():
    """The name of a budget of this test's own."""
    return f"bridges-{uuid.uuid4().hex[:8]}"


def form(name, amount=100.25, **more):
    """Return a form; the budget is opened with 1,000.00 unless the test says otherwise."""
    return {"title": "Footbridge", "budget": name, "amount": amount, "limit": 1000, **more}


def budget(app, name):
    """Return the stored state of a budget, with what is available."""
    found = app.request("GET", f"/runtime/webhooks/durabletask/entities/Budget/{name}")
    assert found.status == 200, found
    state = found.body
    return {**state, "available": state["limit"] - state["spent"] - sum(state["holds"].values())}


def ledger(app, name):
    """Return the rows of the ledger for one budget."""
    try:
        return [row for row in app.rows("Ledger") if row.get("Budget") == name]
    except ResourceNotFoundError:
        return []


def begin_fifty(app, name):
    """Start fifty workflows at once and return their ids."""
    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(lambda _: app.begin("ReserveBudget", form(name)), range(50)))


def check_fifty(app, name, outputs):
    """Nine of fifty fit: exactly so many are booked, and nothing is left reserved."""
    assert Counter(output["outcome"] for output in outputs) == {"booked": 9, "refused": 41}
    state = budget(app, name)
    assert (state["spent"], state["holds"], state["available"]) == (9 * 10_025, {}, 100_000 - 9 * 10_025)
    rows = ledger(app, name)
    assert len(rows) == len({row["InstanceId"] for row in rows}) == 9
    assert sum(row["Cents"].value for row in rows) == state["spent"]
    assert all("not enough" in output["reason"] for output in outputs if output["outcome"] == "refused")


def test_a_reservation_is_booked_and_confirmed(app, name):
    """With the exact amount."""
    instance = app.begin("ReserveBudget", form(name))
    assert app.result(instance) == {
        "outcome": "booked", "budget": name, "amount": 100.25, "currency": "EUR", "available": 899.75, "limit": 1000.0,
    }  # fmt: skip
    (row,) = ledger(app, name)
    assert (row["PartitionKey"], row["State"], row["Cents"].value) == (instance, "booked", 10_025)
    assert app.status(instance)["customStatus"]["state"] == "booked"
    state = budget(app, name)
    assert (state["spent"], state["holds"]) == (10_025, {})


def test_the_example_is_booked(app):
    """Unchanged."""
    assert app.result(app.begin("ReserveBudget", dict(ReservationForm.example)))["outcome"] == "booked"


def test_the_first_limit_wins(app, name):
    """A later one gets the limit in force, and continues with it."""
    app.result(app.begin("ReserveBudget", form(name)))
    later = app.result(app.begin("ReserveBudget", form(name, 950, limit=5000)))
    assert (later["outcome"], later["limit"], later["available"]) == ("refused", 1000.0, 899.75)


@pytest.mark.parametrize(
    ("more", "told"),
    [({"amount": 1000.01}, "not enough"), ({"limit": None}, "not open")],
)
def test_a_reservation_beyond_the_budget_is_refused(app, name, more, told):
    """With the reason, and without a row."""
    output = app.result(app.begin("ReserveBudget", {**form(name), **more}))
    assert output["outcome"] == "refused"
    assert told in output["reason"]
    assert "available" in output
    assert ledger(app, name) == []


def test_another_currency_is_refused(app, name):
    """A budget has one."""
    app.result(app.begin("ReserveBudget", form(name)))
    output = app.result(app.begin("ReserveBudget", form(name, currency="USD")))
    assert (output["outcome"], output["reason"]) == ("refused", "the budget is in EUR")


def test_an_approval_books_the_reservation(app, name):
    """The money is reserved meanwhile: a second reservation must fit beside it."""
    instance = app.begin("ReserveBudget", form(name, 600, askFirst=True))
    shown = app.until_shown(instance, state="waiting")["customStatus"]
    assert (shown["approver"], shown["budget"], shown["amount"]) == ("the budget owner", name, 600)
    assert budget(app, name)["holds"] == {instance: 60_000}
    assert app.result(app.begin("ReserveBudget", form(name, 600)))["outcome"] == "refused"
    app.raise_event(instance, "Approval", "yes")
    app.until_shown(
        instance, state="waiting", lastRejection=app.until_shown(instance)["customStatus"].get("lastRejection")
    )
    app.raise_event(instance, "Approval", {"approved": True, "approver": "Ole"})
    assert app.result(instance)["outcome"] == "booked"
    assert budget(app, name)["spent"] == 60_000


def test_a_rejection_releases_the_reservation(app, name):
    """The output says who rejected."""
    instance = app.begin("ReserveBudget", form(name, askFirst=True))
    app.until_shown(instance, state="waiting")
    app.raise_event(instance, "Approval", {"approved": False, "approver": "Ole"})
    output = app.result(instance)
    assert (output["outcome"], output["reason"], output["available"]) == ("released", "Ole said no", 1000.0)
    assert ledger(app, name) == []


def test_a_timeout_releases_the_reservation(app, name):
    """After the window, to the hour."""
    instance = app.begin("ReserveBudget", form(name, askFirst=True, windowHours=48))
    app.until_shown(instance, state="waiting")
    app.advance(hours=47.9)
    assert app.status(instance)["customStatus"]["state"] == "waiting"
    app.advance(hours=0.2)
    output = app.result(instance)
    assert (output["outcome"], output["reason"]) == ("released", "nobody answered in time")
    assert budget(app, name)["available"] == 100_000


def test_a_booking_that_fails_permanently_is_voided_and_the_money_released(app, name):
    """An unreadable row is in the way; until it is fixed nobody knows, and the money stays reserved."""
    instance = uuid.uuid4().hex
    row = keys(instance, "cost")
    app.put_row("Ledger", row)
    app.begin("ReserveBudget", form(name), instance_id=instance)
    app.until_shown(instance, state="booking")
    app.advance(hours=0.02)
    app.until_shown(instance, state="giving-up")
    app.kill()
    app.restart()
    assert budget(app, name)["holds"] == {instance: 10_025}
    facts = {"InstanceId": instance, "Round": "r", "Title": "t", "Budget": name, "Currency": "EUR", "State": "void"}
    app.put_row("Ledger", {**row, **facts, "Cents": EntityProperty(1, EdmType.INT64), "RecordedAt": "2026-03-02"})
    app.advance(hours=0.6)
    assert app.result(instance)["outcome"] == "released"
    assert budget(app, name)["available"] == 100_000


def test_fifty_at_once_never_overdraw(app, name):
    """Nine fit, the first ones."""
    instances = begin_fifty(app, name)
    check_fifty(app, name, [app.result(each, 60) for each in instances])


@killing
def test_fifty_survive_a_kill_in_the_middle(app, name):
    """Some have ended, some have not; the result is the same as without the kill."""
    hub = TableServiceClient.from_connection_string(app.connection_string)
    instances = begin_fifty(app, name)
    app.until(lambda: app.status(instances[0])["runtimeStatus"] == "Completed")
    app.kill()
    with hub:
        rows = {row["PartitionKey"]: row for row in hub.get_table_client("GreenlightHubInstances").list_entities()}
    ended = sum(rows[each]["RuntimeStatus"] == "Completed" for each in instances)
    assert 0 < ended < 50
    app.restart()
    check_fifty(app, name, [app.result(each, 60) for each in instances])


@killing
def test_a_kill_during_the_wait_keeps_the_money_reserved(app, name):
    """The later answer counts."""
    instance = app.begin("ReserveBudget", form(name, askFirst=True))
    app.until_shown(instance, state="waiting")
    app.kill()
    app.restart()
    assert budget(app, name)["holds"] == {instance: 10_025}
    app.raise_event(instance, "Approval", {"approved": True, "approver": "Ole"})
    assert app.result(instance)["outcome"] == "booked"


def test_a_second_run_under_one_id_spends_nothing_twice(app, name):
    """HttpStart finds it; a restart returns the booking."""
    instance = app.begin("ReserveBudget", form(name))
    first = app.result(instance)
    assert app.post("ReserveBudget", form(name), instance_id=instance).status == 202
    started = app.status(instance)["createdTime"]
    app.advance(hours=1)
    app.request("POST", f"/runtime/webhooks/durabletask/instances/{instance}/restart?restartWithNewInstanceId=false")
    again = app.wait(
        instance, until=lambda status: status["runtimeStatus"] == "Completed" and status["createdTime"] != started
    )
    assert again["output"] == first
    assert budget(app, name)["spent"] == 10_025
    assert len(ledger(app, name)) == 1


@pytest.mark.parametrize("wrong", [{"amount": 1.234}, {"amount": 0}, {"budget": "@x"}, {"windowHours": 145}])
def test_an_invalid_form_starts_nothing(app, name, wrong):
    """400 with the fault."""
    answer = app.post("ReserveBudget", {**form(name), **wrong})
    assert answer.status == 400
    assert answer.body["errors"]
