"""CallWebhook through HttpStart, both ways: delivered, tried again, followed up, refused, given up, killed."""

import pytest

from examples.neighbour import running_neighbour
from tests.long import killing

RESTART = "/runtime/webhooks/durabletask/instances/{}/restart?restartWithNewInstanceId=false"
WAYS = pytest.mark.parametrize("way", ["activity", "durable"])


@pytest.fixture
def neighbour():
    """The other system."""
    with running_neighbour() as running:
        yield running


def through_waits(app, instance):
    """Let time pass whenever it waits, until it has ended, and return the output."""
    while True:
        status = app.wait(
            instance,
            until=lambda status: (
                status["runtimeStatus"] != "Running" or (status["customStatus"] or {}).get("state") == "waiting"
            ),
        )
        if status["runtimeStatus"] not in ("Running", "Pending"):
            return app.result(instance)
        app.advance(hours=0.1)


@WAYS
def test_a_call_is_delivered(app, neighbour, way):
    """With the body, and the same key at each try."""
    instance = app.begin("CallWebhook", {"url": f"{neighbour.url}/hook", "body": {"outcome": "approved"}, "way": way})
    output = app.result(instance)
    assert (output["outcome"], output["status"], output["calls"]) == ("delivered", 200, 1)
    (request,) = neighbour.requests
    assert (request.method, request.body) == ("POST", {"outcome": "approved"})
    assert request.headers["idempotency-key"] == instance
    assert "approved" in output["body"]


@WAYS
def test_a_failed_call_is_retried(app, neighbour, way):
    """With growing pauses and the same key."""
    instance = app.begin("CallWebhook", {"url": f"{neighbour.url}/flaky?failures=2", "body": 1, "way": way})
    output = through_waits(app, instance)
    assert (output["outcome"], output["calls"]) == ("delivered", 3)
    assert {request.headers["idempotency-key"] for request in neighbour.requests} == {instance}


@WAYS
def test_a_202_is_polled(app, neighbour, way):
    """Until it is done."""
    instance = app.begin("CallWebhook", {"url": f"{neighbour.url}/job?polls=2", "way": way})
    output = through_waits(app, instance)
    assert (output["outcome"], output["status"]) == ("delivered", 200)
    assert [request.method for request in neighbour.requests] == ["POST", "GET", "GET"]


def test_a_202_that_takes_too_long_is_given_up(app, neighbour):
    """Its time limit passes first."""
    form = {"url": f"{neighbour.url}/job?polls=99", "expiresAfterMinutes": 2}
    output = through_waits(app, app.begin("CallWebhook", form))
    assert (output["outcome"], output["status"]) == ("timed-out", 202)


@pytest.mark.parametrize(
    ("way", "url", "outcome", "reason"),
    [
        ("activity", "{}/nowhere", "failed", "404"),
        ("durable", "{}/nowhere", "failed", "404"),
        ("activity", "{}/moved", "refused", "redirect"),
        ("activity", "https://hooks.example/", "refused", "ALLOWED_HOSTS"),
        ("durable", "https://hooks.example/", "refused", "ALLOWED_HOSTS"),
    ],
)
def test_a_permanent_failure_is_not_retried(app, neighbour, way, url, outcome, reason):
    """The output says why; an unlisted host is not called at all."""
    output = app.result(app.begin("CallWebhook", {"url": url.format(neighbour.url), "way": way}))
    assert (output["outcome"], output["calls"]) == (outcome, 1)
    assert reason in output["reason"]


@WAYS
def test_an_unreachable_host_is_given_up_after_the_last_try(app, neighbour, way):
    """The connection is closed each time."""
    form = {"url": f"{neighbour.url}/broken", "attempts": 2, "way": way}
    output = through_waits(app, app.begin("CallWebhook", form))
    assert (output["outcome"], output["calls"], output["status"]) == ("failed", 2, None)


def test_a_slow_system_is_given_up_after_the_timeout(app, neighbour):
    """And called again."""
    form = {"url": f"{neighbour.url}/slow-quote", "timeoutSeconds": 0.3, "attempts": 2}
    assert through_waits(app, app.begin("CallWebhook", form))["outcome"] == "failed"
    assert len(neighbour.requests) == 2


@killing
def test_a_host_killed_between_two_tries_goes_on(app, neighbour):
    """The tries before the kill count."""
    instance = app.begin("CallWebhook", {"url": f"{neighbour.url}/flaky?failures=2"})
    app.until_shown(instance, state="waiting", calls=1)
    app.kill()
    app.restart()
    output = through_waits(app, instance)
    assert (output["outcome"], output["calls"], len(neighbour.requests)) == ("delivered", 3, 3)


@WAYS
@pytest.mark.parametrize("body", [{}, [], 0, False, "", "as it stands", {"a": {"b": None}}])
def test_any_json_arrives_unchanged(app, neighbour, way, body):
    """Also values that are false in Python."""
    assert app.result(app.begin("CallWebhook", {"url": f"{neighbour.url}/hook", "body": body, "way": way}))
    assert neighbour.requests[0].body == body
    assert neighbour.requests[0].headers["content-type"] == "application/json"


@WAYS
def test_a_large_answer_is_cut(app, neighbour, way):
    """The output holds 2,000 characters of it."""
    output = app.result(app.begin("CallWebhook", {"url": f"{neighbour.url}/large", "way": way}))
    assert (output["outcome"], len(output["body"])) == ("delivered", 2_000)


def test_a_repeated_id_calls_nobody_twice(app, neighbour):
    """The first instance is found; a restart sends the same key, by which the other system recognises it."""
    instance = app.begin("CallWebhook", {"url": f"{neighbour.url}/hook"})
    assert app.result(instance)["outcome"] == "delivered"
    assert app.post("CallWebhook", {"url": f"{neighbour.url}/hook"}, instance_id=instance).status == 202
    assert len(neighbour.requests) == 1
    app.request("POST", RESTART.format(instance))
    app.until(lambda: len(neighbour.requests) == 2)
    assert {request.headers["idempotency-key"] for request in neighbour.requests} == {instance}
