"""TryGetQuote through HttpStart: in time, too late, refused, killed, asked for twice."""

import pytest

from examples.neighbour import running_neighbour
from tests.long import killing

CLOCK = "/admin/devhost/clock"
RESTART = "/runtime/webhooks/durabletask/instances/{}/restart?restartWithNewInstanceId=false"


@pytest.fixture
def neighbour():
    """The supplier."""
    with running_neighbour() as running:
        yield running


def question(neighbour, path="/quote", **more):
    """What is asked."""
    return {"item": "railing", "quantity": 2, "supplierUrl": neighbour.url + path, **more}


def kept(app, instance):
    """The quotes that are on record for an instance."""
    return [row for row in app.rows("Quotes") if row["InstanceId"] == instance]


def test_a_quote_in_time_is_true(app, neighbour):
    """It is shown, and kept; the timer does not keep the instance from ending."""
    instance = app.begin("TryGetQuote", question(neighbour))
    assert app.result(instance) is True
    assert app.status(instance)["customStatus"]["price"] == 425.0
    assert [row["Price"] for row in kept(app, instance)] == [425.0]


def test_no_quote_within_30_seconds_is_false_and_a_late_one_is_ignored(app, neighbour):
    """The supplier is still thinking when the time is over; what it says then changes nothing."""
    instance = app.begin("TryGetQuote", question(neighbour, "/slow-quote"))
    app.until(lambda: neighbour.requests)
    app.request("POST", CLOCK, {"hours": 29 / 3600, "timeoutSeconds": 0.2})
    assert app.status(instance)["customStatus"]["state"] == "asking"
    app.request("POST", CLOCK, {"hours": 2 / 3600, "timeoutSeconds": 0.2})
    app.until_shown(instance, state="timed out")
    neighbour.release()
    assert app.result(instance) is False
    assert app.status(instance)["customStatus"]["state"] == "timed out"
    assert kept(app, instance) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("{}/nowhere", "404"),
        ("{}/hook", "price"),
        ("{}/moved", "302"),
        ("{}/broken", "there was no response"),
        ("https://suppliers.example/quote", "ALLOWED_HOSTS"),
    ],
)
def test_an_answer_that_is_no_quote_is_false_with_the_reason(app, neighbour, url, reason):
    """A supplier that says no, speaks otherwise, is not there, or may not be asked."""
    form = {"item": "railing", "supplierUrl": url.format(neighbour.url)}
    instance = app.begin("TryGetQuote", form)
    assert app.result(instance) is False
    shown = app.status(instance)["customStatus"]
    assert (shown["state"], reason in shown["reason"]) == ("no quote", True)


def test_a_host_killed_while_the_supplier_thinks_asks_again(app, neighbour):
    """The answer to the second question counts."""
    instance = app.begin("TryGetQuote", question(neighbour, "/slow-quote"))
    app.until(lambda: neighbour.requests)
    app.kill()
    neighbour.release()
    app.restart()
    assert app.result(instance) is True
    assert len(kept(app, instance)) == 1


@killing
def test_a_host_killed_while_the_supplier_thinks_still_keeps_to_the_time(app, neighbour):
    """The supplier is asked again, and is as slow as before."""
    instance = app.begin("TryGetQuote", question(neighbour, "/slow-quote"))
    app.until(lambda: neighbour.requests)
    app.kill()
    app.restart()
    app.until(lambda: len(neighbour.requests) == 2)
    app.request("POST", CLOCK, {"hours": 31 / 3600, "timeoutSeconds": 0.2})
    app.until_shown(instance, state="timed out")
    neighbour.release()
    assert app.result(instance) is False
    assert kept(app, instance) == []


def test_a_quote_that_is_kept_stays_when_the_instance_is_started_again(app, neighbour):
    """The supplier is asked again; what is on record is what is shown."""
    instance = app.begin("TryGetQuote", question(neighbour))
    assert app.result(instance) is True
    (before,) = kept(app, instance)
    app.request("POST", RESTART.format(instance))
    app.until(lambda: len(neighbour.requests) == 2)
    assert app.result(instance) is True
    assert app.status(instance)["customStatus"]["price"] == before["Price"]
    assert kept(app, instance) == [before]


def test_the_same_id_asks_nobody_twice(app, neighbour):
    """The first is found, whose answer is known."""
    instance = app.begin("TryGetQuote", question(neighbour))
    assert app.result(instance) is True
    assert app.post("TryGetQuote", question(neighbour), instance_id=instance).status == 202
    assert len(neighbour.requests) == 1


def test_a_wrong_question_is_answered_with_every_error(app):
    """Before anything is started."""
    answer = app.post("TryGetQuote", {"quantity": 0, "supplierUrl": "ftp://x", "timeoutSeconds": 9999})
    assert answer.status == 400
    assert [error.partition(":")[0] for error in answer.body["errors"]] == [
        "item", "quantity", "supplierUrl", "timeoutSeconds",
    ]  # fmt: skip
