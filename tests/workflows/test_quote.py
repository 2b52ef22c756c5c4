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
    """It is shown and stored; the timer does not keep the instance running."""
    instance = app.begin("TryGetQuote", question(neighbour))
    assert app.result(instance) is True
    assert app.status(instance)["customStatus"]["price"] == 425.0
    assert [row["Price"] for row in kept(app, instance)] == [425.0]


def test_no_quote_within_30_seconds_is_false_and_a_late_one_is_ignored(app, neighbour):
    """The supplier is slower than the window; its answer then changes nothing."""
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
def test_an_answer_without_a_quote_is_false_with_the_reason(app, neighbour, url, reason):
    """A refusal, an unknown form, an unreachable supplier, or a forbidden host."""
    form = {"item": "railing", "supplierUrl": url.format(neighbour.url)}
    instance = app.begin("TryGetQuote", form)
    assert app.result(instance) is False
    shown = app.status(instance)["customStatus"]
    assert (shown["state"], reason in shown["reason"]) == ("no quote", True)


def test_a_host_killed_during_a_request_asks_again(app, neighbour):
    """The answer to the second request counts."""
    instance = app.begin("TryGetQuote", question(neighbour, "/slow-quote"))
    app.until(lambda: neighbour.requests)
    app.kill()
    neighbour.release()
    app.restart()
    assert app.result(instance) is True
    assert len(kept(app, instance)) == 1


@killing
def test_a_host_killed_during_a_request_keeps_the_deadline(app, neighbour):
    """The supplier is asked again, and is slow again."""
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


def test_a_stored_quote_stays_after_a_restart_of_the_instance(app, neighbour):
    """The supplier is asked again; the output is the stored quote."""
    instance = app.begin("TryGetQuote", question(neighbour))
    assert app.result(instance) is True
    (before,) = kept(app, instance)
    app.request("POST", RESTART.format(instance))
    app.until(lambda: len(neighbour.requests) == 2)
    assert app.result(instance) is True
    assert app.status(instance)["customStatus"]["price"] == before["Price"]
    assert kept(app, instance) == [before]


def test_a_repeated_id_asks_nobody_twice(app, neighbour):
    """The first instance is found with its answer."""
    instance = app.begin("TryGetQuote", question(neighbour))
    assert app.result(instance) is True
    assert app.post("TryGetQuote", question(neighbour), instance_id=instance).status == 202
    assert len(neighbour.requests) == 1


def test_an_invalid_form_is_refused_with_every_fault(app):
    """Before anything is started."""
    answer = app.post("TryGetQuote", {"quantity": 0, "supplierUrl": "ftp://x", "timeoutSeconds": 9999})
    assert answer.status == 400
    assert [error.partition(":")[0] for error in answer.body["errors"]] == [
        "item", "quantity", "supplierUrl", "timeoutSeconds",
    ]  # fmt: skip
