"""One person is one on every way in, by whichever of their names and addresses they come or are named."""

import json

import azure.functions as func
import pytest

from approvals.directory import read_directory
from approvals.names import digest
from approvals.rules.replay import replay
from clients.approval_queue import approval_queue_processor
from clients.proposals import get_proposal
from clients.starter import http_start
from gateways.review_records import open_review_records
from tests.clients.front import TENANT, THING, Front, principal, request
from tests.clients.test_approval_queue import Out

ENTRIES = {
    "Mara Lindqvist": {"mail": "mara@example.org", "names": ["Mara"], "tenant": TENANT, "object": THING},
    "Jonas Weber": {"mail": "jonas@example.org"},
}
MARAS = ["Mara Lindqvist", "mara lindqvist", "Mara", "mara@example.org", "MARA+x@example.org", f"{TENANT}/{THING}"]


@pytest.fixture(autouse=True)
def _directory(monkeypatch):
    """Two people are known, in development."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")
    monkeypatch.setattr("gateways.people._read", lambda _: read_directory(ENTRIES))


@pytest.fixture
def system(client):
    """The API, called by a system."""
    return Front(client)


def form(*approvers, author="Ines", **policy):
    """Return a proposal with one stage."""
    stages = [{"name": "design", "approvers": list(approvers), **policy}]
    return {"title": "Footbridge", "author": author, "policy": {"stages": stages}}


def review(proposal_id):
    """The review as its record has it."""
    return replay(open_review_records().read(proposal_id).entries)


@pytest.mark.parametrize("name", MARAS)
async def test_an_asked_person_answers_under_any_of_their_names(system, name):
    """As a system names them, or as they sign in; the record has one name."""
    proposal = await system.begin(form(name, "Vera", rule="all"))
    assert (await system.by("Mara").act(proposal, "decisions", {"approver": name, "decision": "approve"})).status == 200
    assert [answer.person for answer in review(proposal).decisions] == ["Mara Lindqvist"]
    again = await system.act(proposal, "decisions", {"approver": "mara@example.org", "decision": "approve"})
    assert (again.status, len(review(proposal).decisions)) == (200, 1)


@pytest.mark.parametrize("name", MARAS)
async def test_no_author_approves_under_another_name(system, name):
    """Asked alone, asked with others, or as a colleague's delegate."""
    alone = await system.submit(form(name, author="Mara"))
    assert (alone.status, "the author is the only approver" in str(alone.body["errors"])) == (400, True)
    proposal = await system.begin(form(name, "Jonas Weber", author="mara@example.org"))
    assert review(proposal).author == "Mara Lindqvist"
    assert [each.person for each in review(proposal).waiting_for] == ["Jonas Weber"]
    handed = await system.by("Jonas Weber").act(proposal, "delegate", {"from": "jonas@example.org", "to": name})
    assert (handed.status, handed.body["code"]) == (403, "selfApproval")


@pytest.mark.parametrize("twice", [["Mara Lindqvist", "mara@example.org"], ["mara@example.org", "Mara"]])
async def test_no_quorum_is_filled_from_one_mailbox(system, twice):
    """The policy is refused when it is resolved with the directory."""
    told = await system.submit(form(*twice, rule="quorum", quorum=2))
    assert (told.status, told.body["errors"]) == (400, ["policy.stages.0.approvers.1: is somebody who is named before"])


async def test_composed_and_decomposed_names_are_one_person(system):
    """Also without a directory entry."""
    told = await system.submit(form("Jose\u0301", author="Jos\u00e9"))
    assert told.status == 400
    proposal = await system.begin(form("Jose\u0301", "Vera", author="Jos\u00e9"))
    told = await system.by("Jose\u0301").act(proposal, "decisions", {"decision": "approve"})
    assert (told.status, told.body["code"]) == (403, "selfApproval")


@pytest.mark.parametrize("user", MARAS)
async def test_a_signed_in_person_sees_and_does_what_is_theirs(system, user):
    """Their list, their proposal, and nobody else's."""
    proposal = await system.begin(form("mara@example.org"))
    await system.check(proposal)
    mara = system.by(user)
    assert (await mara.show(proposal)).status == 200
    assert proposal in [each["proposalId"] for each in (await mara.list(approver="mara@example.org")).body["proposals"]]
    told = await mara.act(proposal, "decisions", {"decision": "approve", "approver": "Jonas Weber"})
    assert (told.status, told.body["code"]) == (403, "notYou")


async def test_a_platform_sign_in_is_the_same_person(system, monkeypatch):
    """By tenant and object."""
    proposal = await system.begin(form("mara@example.org"))
    monkeypatch.setenv("AUTH_MODE", "easyauth")
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    route = {"proposalId": proposal}
    headers = {"X-MS-CLIENT-PRINCIPAL": principal()}
    shown = await get_proposal._function.get_user_function()(
        req=request("GET", f"/api/proposals/{proposal}", headers=headers, route=route)
    )
    assert shown.status_code == 200


@pytest.mark.parametrize("name", MARAS)
async def test_the_setting_may_name_policy_authors_by_any_of_their_names(system, monkeypatch, name):
    """By name, address or sign-in."""
    assert (await system.by("Mara").submit(form("Vera", author="Mara"))).body["code"] == "policyNotAllowed"
    monkeypatch.setenv("POLICY_AUTHORS", f"Jonas Weber; {name}")
    assert (await system.by("Mara").submit(form("Vera", author="Mara"))).status == 202


@pytest.mark.parametrize("name", MARAS)
async def test_a_message_names_the_same_person(system, call, client, name):
    """It is judged under their one name."""
    proposal = await system.begin(form("Mara Lindqvist"))
    body = {"proposalId": proposal, "approver": name, "decision": "approve"}
    poison = Out()
    message = func.QueueMessage(id="m", body=json.dumps(body).encode())
    await call(approval_queue_processor, message=message, poison=poison, client=client)
    assert (poison.value, [each.person for each in review(proposal).decisions]) == (None, ["Mara Lindqvist"])


@pytest.mark.parametrize("name", MARAS)
async def test_a_workflow_is_started_with_one_name_and_not_for_its_own_approver(call, client, name):
    """Also without a policy."""

    async def begin(**fields):
        body = {"title": "Footbridge", **fields}
        asked = request("POST", "/api/orchestrators/ApprovalWorkflow", body, route={"functionName": "ApprovalWorkflow"})
        return await call(http_start, req=asked, client=client)

    refused = await begin(submittedBy="mara@example.org", approver=name)
    assert (refused.status_code, b"may not decide" in refused.get_body()) == (400, True)
    begun = await begin(submittedBy=name, approver="jonas@example.org")
    given = json.loads(client.instances[json.loads(begun.get_body())["id"]]["input"])
    assert (given["submittedBy"], given["approver"]) == ("Mara Lindqvist", "Jonas Weber")
    assert digest("mara@example.org") in given["alsoCalled"]
    poison = Out()
    body = {"instanceId": json.loads(begun.get_body())["id"], "approved": True, "approver": name}
    message = func.QueueMessage(id="m", body=json.dumps(body).encode())
    await call(approval_queue_processor, message=message, poison=poison, client=client)
    assert "Mara Lindqvist submitted it" in json.loads(poison.value)["reason"]


@pytest.mark.parametrize("text", ["Ma\u200bra", "Ma\u202era", "Mara\u3164"])
async def test_a_name_that_looks_like_another_is_refused_everywhere(system, call, client, text):
    """Author, approver, delegate, and signed-in person."""
    assert (await system.submit(form("Mara", author=text))).status == 400
    assert (await system.submit(form(text))).status == 400
    proposal = await system.begin(form("Mara", "Jonas Weber"))
    for verb, body in (
        ("decisions", {"approver": text, "decision": "approve"}),
        ("delegate", {"from": "Mara", "to": text}),
        ("reassign", {"from": "Mara", "to": text}),
    ):
        told = await system.act(proposal, verb, body)
        assert (told.status, told.body["code"]) == (400, "invalid")
    assert len(review(proposal).decisions) == 0
    poison = Out()
    body = {"proposalId": proposal, "approver": text, "decision": "approve"}
    message = func.QueueMessage(id="m", body=json.dumps(body).encode())
    await call(approval_queue_processor, message=message, poison=poison, client=client)
    assert "must not contain control or format characters" in json.loads(poison.value)["reason"]
