"""HttpStart: 202, or an error that says what to do."""

import base64
import json
import uuid

import azure.functions as func
import pytest

from approvals.attachments import StoredAttachment
from approvals.billing import BillingForm
from approvals.single_stage.proposal import ProposalSubmission
from clients.starter import http_start
from gateways.attachments import open_attachments

FORM = {"title": "Footbridge", "submittedBy": "Ines"}


def request(body, workflow="ApprovalWorkflow", **params):
    """Return a POST as the host hands it over."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    route = {"functionName": workflow}
    return func.HttpRequest(
        "POST", "http://localhost/api/orchestrators", params=params, route_params=route, body=content
    )


async def test_a_workflow_starts_with_its_attachments_stored(call, client):
    """The input holds blob names; the content is in blobs."""
    attachment = {"name": "n.md", "contentType": "text/markdown", "content": base64.b64encode(b"# hi").decode()}
    response = await call(http_start, req=request({**FORM, "attachments": [attachment]}), client=client)
    assert response.status_code == 202
    assert response.headers["Location"]
    (instance,) = client.instances.values()
    submission = ProposalSubmission.from_dict(json.loads(instance["input"]))
    assert instance["name"] == "ApprovalWorkflow"
    assert "content" not in instance["input"].replace("contentType", "")
    assert isinstance(submission.attachments[0], StoredAttachment)
    assert open_attachments().read(submission.attachments[0]) == b"# hi"


async def test_a_workflow_may_start_with_a_given_id(call, client):
    """The durable name ignores case."""
    await call(http_start, req=request(FORM, "approvalworkflow", id="p-1"), client=client)
    assert client.instances["p-1"]["name"] == "ApprovalWorkflow"


async def test_a_budget_needs_no_body(call, client):
    """All its fields have defaults."""
    response = await call(http_start, req=request(b"", "BudgetApproval"), client=client)
    assert response.status_code == 202


@pytest.mark.parametrize(
    ("body", "workflow", "params", "status", "told"),
    [
        (FORM, "Nope", {}, 404, "Nope"),
        (b"not json", "ApprovalWorkflow", {}, 400, "JSON"),
        (b"\xff", "ApprovalWorkflow", {}, 400, "JSON"),
        (b"", "ApprovalWorkflow", {}, 400, "title"),
        ([], "ApprovalWorkflow", {}, 400, "valid dictionary"),
        ({**FORM, "x": 1}, "ApprovalWorkflow", {}, 400, "x"),
        (
            {**FORM, "attachments": [{"name": "a", "contentType": "a/b", "content": ""}]},
            "ApprovalWorkflow",
            {},
            400,
            "a",
        ),
        (FORM, "ApprovalWorkflow", {"id": "@counter@x"}, 400, "instance id"),
        (FORM, "ApprovalWorkflow", {"timeout": "soon"}, 400, "timeout"),
        (FORM, "ApprovalWorkflow", {"timeout": "201"}, 400, "timeout"),
        (FORM, "ApprovalWorkflow", {"id": "taken"}, 409, "taken"),
    ],
)
async def test_an_invalid_start_is_refused_with_what_to_do(call, client, body, workflow, params, status, told):
    """Nothing is started."""
    client.add("taken", status="Completed")
    response = await call(http_start, req=request(body, workflow, **params), client=client)
    problem = json.loads(response.get_body())
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert told in problem["detail"]
    assert problem["whatToDo"]
    assert list(client.instances) == ["taken"]


async def test_every_fault_is_listed_at_once(call, client):
    """Not one by one."""
    attachments = [{"name": n, "contentType": "text/plain", "content": "?"} for n in ("one", "two")]
    form = {"submittedBy": "Ines", "estimatedCost": -1, "colour": "red"}
    response = await call(http_start, req=request(form, id="a b", timeout="soon"), client=client)
    errors = json.loads(response.get_body())["errors"]
    assert [error.partition(":")[0] for error in errors] == ["title", "estimatedCost", "colour", "id", "timeout"]
    response = await call(http_start, req=request({**FORM, "attachments": attachments}), client=client)
    errors = json.loads(response.get_body())["errors"]
    assert ["one" in errors[0], "two" in errors[1]] == [True, True]


async def test_a_start_waits_for_the_end_on_request(call, client):
    """200 with the output if it comes in time, else 202."""
    response = await call(http_start, req=request(FORM, timeout="1"), client=client)
    assert response.status_code == 202

    original = client.start_new

    async def ends_at_once(name, instance_id=None, client_input=None):
        await original(name, instance_id, client_input)
        client.instances[instance_id] |= {"runtimeStatus": "Completed", "output": {"outcome": "approved"}}

    client.start_new = ends_at_once
    response = await call(http_start, req=request(FORM, timeout="20"), client=client)
    assert (response.status_code, json.loads(response.get_body())) == (200, {"outcome": "approved"})


async def test_one_of_two_starts_with_one_id_is_refused(call, client):
    """Although the id was free when it looked."""
    original = client.start_new

    async def somebody_is_faster(name, instance_id=None, client_input=None):
        client.add(instance_id)
        return await original(name, instance_id, client_input)

    client.start_new = somebody_is_faster
    response = await call(http_start, req=request(FORM, id=uuid.uuid4().hex), client=client)
    assert response.status_code == 409


async def test_a_host_failure_is_not_reported_as_a_taken_id(call, client):
    """503, with the advice to choose an id, so that the request can be sent again."""
    client.broken["start_new"] = "the hub is down"
    for params, again in (({}, False), ({"id": "p-1"}, True)):
        response = await call(http_start, req=request(FORM, **params), client=client)
        assert (response.status_code, json.loads(response.get_body())["sendAgain"]) == (503, again)


NOTE = {"name": "n.md", "contentType": "text/markdown", "content": base64.b64encode(b"# hi").decode()}


@pytest.mark.parametrize("status", ["Pending", "Running", "Completed", "Failed"])
async def test_a_repeated_request_finds_the_started_workflow(call, client, status):
    """Its first answer was lost; 202 again, and nothing is started or stored twice."""
    form = {**FORM, "attachments": [NOTE]}
    first = await call(http_start, req=request(form, id="p-1"), client=client)
    client.instances["p-1"]["runtimeStatus"] = status
    client.broken["start_new"] = "not asked"
    again = await call(http_start, req=request(form, "approvalWORKFLOW", id="p-1"), client=client)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_body() == first.get_body()


@pytest.mark.parametrize(
    ("form", "workflow"),
    [({**FORM, "title": "Another"}, "ApprovalWorkflow"), ({**FORM, "attachments": [NOTE]}, "ApprovalWorkflow"),
     ({}, "BudgetApproval")],
)  # fmt: skip
async def test_another_request_under_the_same_id_is_refused(call, client, form, workflow):
    """Another input, or another workflow."""
    await call(http_start, req=request(FORM, id="p-1"), client=client)
    response = await call(http_start, req=request(form, workflow, id="p-1"), client=client)
    assert response.status_code == 409


async def test_a_workflow_that_continued_as_new_still_matches_its_request(call, client):
    """A billing run restarts with its form and its progress."""
    form = dict(BillingForm.example)
    await call(http_start, req=request(form, "BillingIssuer", id="b-1"), client=client)
    begun = json.loads(client.instances["b-1"]["input"])
    client.instances["b-1"]["input"] = {**begun, "carried": {"issued": 3, "cents": 1}}
    again = await call(http_start, req=request(form, "BillingIssuer", id="b-1"), client=client)
    assert again.status_code == 202


async def test_two_equal_requests_at_once_both_succeed(call, client):
    """The id was free when the second looked; the first, or the second's own first attempt, was faster."""
    original = client.start_new

    async def answer_is_lost(name, instance_id=None, client_input=None):
        await original(name, instance_id, client_input)
        raise Exception("the connection was reset")

    client.start_new = answer_is_lost
    response = await call(http_start, req=request(FORM, id="p-1"), client=client)
    assert response.status_code == 202


@pytest.mark.parametrize(("workflow", "megabytes"), [("BudgetApproval", 0.25), ("ScaleImages", 3), ("Chaining", 27)])
async def test_a_form_may_be_as_long_as_its_files_and_a_little_more(call, client, workflow, megabytes):
    """Beyond that it is 413, before it is read."""
    size = int(megabytes * 1024 * 1024)
    long = await call(http_start, req=request(b" " * (size + 200_000), workflow), client=client)
    assert (long.status_code, client.instances) == (413, {})
    short = await call(http_start, req=request(b" " * (size - 200_000), workflow), client=client)
    assert short.status_code == 400
