"""What can be looked up: histories, counters, and the log of poison messages."""

import json
import logging

import azure.functions as func
import pytest

from clients.counters import get_counter
from clients.history import get_orchestration_history
from clients.poison import log_poison_message


def get(route, **params):
    """Return a GET as the host hands it over."""
    return func.HttpRequest("GET", "http://localhost/api", params=params, route_params=route, body=b"")


@pytest.mark.parametrize("shown", [False, True])
async def test_a_history_has_its_events_on_request(call, client, shown):
    """The status is always there."""
    client.add("p-1", input="{}", output=None, customStatus={"state": "waiting"}, historyEvents=[{"EventType": "X"}])
    params = {"showHistory": "true", "showHistoryOutput": "True"} if shown else {}
    response = await call(get_orchestration_history, req=get({"instanceId": "p-1"}, **params), client=client)
    body = json.loads(response.get_body())
    assert response.status_code == 200
    assert body["customStatus"] == {"state": "waiting"}
    assert body.get("historyEvents") == ([{"EventType": "X"}] if shown else None)


@pytest.mark.parametrize(
    ("instance_id", "params", "status"),
    [("nope", {}, 404), ("?top=1", {}, 404), ("p-1", {"showHistory": "maybe"}, 400)],
)
async def test_a_history_that_cannot_be_shown_says_what_to_do(call, client, instance_id, params, status):
    """Unknown instance, invalid flag."""
    client.add("p-1")
    response = await call(get_orchestration_history, req=get({"instanceId": instance_id}, **params), client=client)
    assert response.status_code == status
    assert json.loads(response.get_body())["whatToDo"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("approved", 3), ("submitted", 5), ("Rejected", 0), ("withdrawn", 0), ("expired", 0), ("failed", 0)],
)
async def test_a_counter_returns_its_value(call, client, name, value):
    """Zero if nothing was counted; in both stored forms."""
    client.entities |= {"approved": 3, "submitted": {"value": 5, "seen": {"ab": 1}}}
    response = await call(get_counter, req=get({"name": name}), client=client)
    assert json.loads(response.get_body()) == {"name": name.lower(), "value": value}


async def test_an_unknown_counter_is_404(call, client):
    """With the known ones."""
    response = await call(get_counter, req=get({"name": "nope"}), client=client)
    assert response.status_code == 404
    assert "escalated" in json.loads(response.get_body())["whatToDo"]


def test_a_poison_message_becomes_one_structured_log_record(caplog):
    """With its reason and without secrets."""
    body = json.dumps({"reason": "no instance x", "body": "AccountKey=abc;"}).encode()
    with caplog.at_level(logging.ERROR, "greenlight.poison"):
        log_poison_message._function.get_user_function()(func.QueueMessage(id="m-1", body=body))
    (record,) = (json.loads(entry.getMessage()) for entry in caplog.records)
    assert (record["reason"], record["messageId"]) == ("no instance x", "m-1")
    assert "abc" not in record["body"]
