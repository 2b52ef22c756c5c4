"""An outage of storage or hub is answered with 503, and with whether the same may be sent again."""

import inspect
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import aiohttp
import azure.functions as func
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError, ServiceResponseError
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from clients.counters import get_counter
from clients.history import get_orchestration_history
from clients.links import decide_by_link, show_decision_page
from clients.starter import http_start
from clients.web.outages import answers_outages, is_outage, while_reading, while_recording, while_starting
from clients.web.replies import Problem
from gateways.blobs import open_blobs
from services.instances import HubFailed, find_instance
from services.review_changes import Contention
from tests.clients.front import FORM, Front, Reply, request

ROOT = Path(__file__).resolve().parents[3]
UNWRAPPED = """
import inspect, json, function_app
found = []
for each in function_app.app.get_functions():
    if "route" in each.get_trigger().get_dict_repr():
        function = each.get_user_function()
        function = getattr(function, "client_function", function)
        if function.__code__.co_filename.rpartition("/")[2] != "outages.py":
            found.append(each.get_function_name())
print(json.dumps(found))
"""
LOST = [
    ServiceResponseError("the connection was reset"),
    ServiceRequestError("no connection"),
    HttpResponseError("503"),
    ResourceNotFoundError("the table is gone"),
    HubFailed("500"),
    TimeoutError("others were faster"),
]


def broken_by(error):
    """Return a function of which every call meets this error."""

    def broken(*_, **__):
        raise error

    return broken


def test_every_http_function_handles_outages():
    """The test finds new ones."""
    environ = {**os.environ, "AUTH_MODE": "keys"}
    run = subprocess.run(
        [sys.executable, "-c", UNWRAPPED], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout) == []


@pytest.mark.parametrize("error", LOST, ids=lambda each: type(each).__name__)
async def test_an_outage_is_503_with_when_and_what_to_send_again(error):
    """For async and sync functions."""

    @answers_outages(while_recording)
    async def awaited(req):  # noqa: ARG001  as the host calls it
        raise error

    @answers_outages(while_reading)
    def called(req):  # noqa: ARG001  as above
        raise error

    for response in (await awaited(req=request("POST", "/")), called(req=request("GET", "/"))):
        told = Reply.of(response)
        assert (told.status, told.type, told.headers["Retry-After"]) == (503, "application/problem+json", "5")
        found = Problem.from_dict(told.body)
        assert (found.code, found.send_again, bool(found.what_to_do)) == ("unavailable", True, True)
    assert inspect.iscoroutinefunction(awaited)
    assert not inspect.iscoroutinefunction(called)


async def test_a_bug_is_not_reported_as_an_outage():
    """The host answers 500, and the log has the traceback."""

    @answers_outages(while_reading)
    async def function(req):  # noqa: ARG001  as above
        raise KeyError("oops")

    with pytest.raises(KeyError):
        await function(req=request("GET", "/"))


@pytest.mark.parametrize("defect", [KeyError("oops"), ValueError("x"), OSError("disk"), AssertionError()], ids=repr)
def test_only_errors_of_storage_and_hub_are_outages(defect):
    """All others need a fix, and sending again does not help."""
    assert not is_outage(defect)
    assert is_outage(Exception("unexpected status code 500"))


@pytest.mark.parametrize(("params", "again"), [({"id": "p-1"}, True), ({}, False)])
def test_a_start_with_a_chosen_id_may_be_sent_again(params, again):
    """Without an id a second request would start a second workflow."""
    told = Reply.of(while_starting(request("POST", "/", params=params), HubFailed("500")))
    assert (told.body["sendAgain"], "id" in told.body["whatToDo"]) == (again, True)


def test_a_request_that_lost_every_race_is_told_to_try_again():
    """Nothing was recorded, and a second later it will work."""
    told = Reply.of(while_recording(request("POST", "/"), Contention("others were faster")))
    assert (told.body["code"], told.body["detail"], told.headers["Retry-After"]) == (
        "crowded", "others were faster.", "1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        Exception("unexpected status code 503"),
        aiohttp.ServerDisconnectedError(),
        json.JSONDecodeError("x", "<html>", 0),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_a_hub_failure_is_an_outage_whatever_the_sdk_raises(call, client, error):
    """It raises bare exceptions and those of its HTTP client and JSON reader."""
    client.get_status = client.read_entity_state = client.start_new = broken_by(error)
    start = {"functionName": "BudgetApproval"}
    answers = [
        await call(http_start, req=request("POST", "/", params={"id": "b-1"}, route=start), client=client),
        await call(get_counter, req=request("GET", "/", route={"name": "approved"}), client=client),
        await call(get_orchestration_history, req=request("GET", "/", route={"instanceId": "b-1"}), client=client),
    ]
    assert [each.status_code for each in answers] == [503] * 3


async def test_a_failed_lookup_is_not_an_unknown_instance(client):
    """The SDK reads the host's error like an instance; a decision would be put aside for good."""

    async def failed(*_, **__):
        return DurableOrchestrationStatus.from_json({"Message": "Something went wrong", "ExceptionType": "Timeout"})

    assert await find_instance(client, "nobody") is None
    client.get_status = failed
    with pytest.raises(HubFailed):
        await find_instance(client, "p-1")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize(
    "error", [ServiceResponseError("lost"), Contention("others were faster")], ids=["lost", "crowded"]
)
async def test_a_link_in_an_outage_gets_a_page_or_json(call, client, monkeypatch, accept, error):
    """503 with Retry-After both ways, and the advice to answer again."""
    monkeypatch.setattr("clients.links._look_up", broken_by(error))
    asked = request("GET", "/api/decide", headers={"Accept": accept}, params={"token": "x"})
    headers = {"Accept": accept, "Content-Type": "application/json"}
    sent = request("POST", "/api/decide", {"decision": "approve", "token": "x"}, headers=headers)
    shown = await show_decision_page._function.get_user_function()(req=asked)
    for response in (shown, await call(decide_by_link, req=sent, client=client)):
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1" if "faster" in str(error) else "5")
        assert (b"<html" in response.get_body()) == (accept == "text/html")


async def test_a_submission_whose_answer_was_lost_is_recorded_once(client, monkeypatch):
    """503 first, whose advice is followed: 202, and one record."""
    front, name = Front(client), f"p-{uuid.uuid4().hex}"
    with monkeypatch.context() as patched:
        patched.setattr("services.submissions.open_proposal_index", broken_by(ServiceResponseError("lost")))
        told = await front.submit(FORM, id=name)
    assert (told.status, told.body["sendAgain"]) == (503, True)
    assert [(await front.submit(FORM, id=name)).status for _ in range(2)] == [202, 202]
    assert (await front.show(name)).body["entries"] == 3


def test_an_unreadable_blob_is_not_a_missing_one(monkeypatch):
    """Also in a sync function."""
    from clients.blobs import get_blob

    monkeypatch.setenv("READABLE_CONTAINERS", "attachments")
    monkeypatch.setattr(type(open_blobs("attachments")), "find", broken_by(ServiceResponseError("lost")))
    asked = func.HttpRequest("GET", "http://localhost", params={"container": "attachments", "blob": "a"}, body=b"")
    assert get_blob._function.get_user_function()(req=asked).status_code == 503
