"""The operators' API: who, what and whether it may be done; the pages do the same (tests/clients/ui)."""

import json
import uuid
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from activities.review import tell_people
from approvals.operations import Act, LetterState, UnsentLetter
from approvals.poison import PoisonMessage
from approvals.words.notices import notices_for
from clients.operations import act_on, act_on_put_aside, list_operations, send_again
from gateways import clock
from gateways.operations import open_operations
from gateways.put_aside import open_put_aside
from gateways.review_records import open_review_records
from gateways.tables import open_table
from tests.clients.front import FORM, Front, Reply, request
from tests.gateways.mail_server import mail_server


@pytest.fixture(autouse=True)
def _own_tables(monkeypatch):
    """Rows of these tests' own."""
    monkeypatch.delenv("SMTP_HOST", raising=False)
    unique = uuid.uuid4().hex[:8]
    for module in ("gateways.operations", "gateways.put_aside"):
        monkeypatch.setattr(f"{module}.open_table", lambda name: open_table(f"{name}{unique}"))


@pytest.fixture
def post(client):
    """Return a function that posts to a route, as the host would call it."""

    async def post(function, body, **route):
        asked = request("POST", "/api/ops", body, route=route)
        target = function._function.get_user_function()
        inner = getattr(target, "client_function", None)
        return Reply.of(await (inner(req=asked, client=client) if inner else target(req=asked)))

    return post


@pytest.fixture
async def hub(client):
    """The client with the hub's list."""

    async def instances(request):
        asked = request.query["runtimeStatus"].split(",")
        return web.json_response([each for each in client.instances.values() if each["runtimeStatus"] in asked])

    app = web.Application()
    app.router.add_get("/instances/", instances)
    async with TestServer(app) as server:
        client._orchestration_bindings = SimpleNamespace(rpc_base_url=str(server.make_url("/")))
        yield client


def acts():
    """What is on record of operators."""
    return [(each.by, each.act, each.outcome) for each in open_operations().acts()]


async def test_the_list_has_all_instances_and_the_newest_failed_workflows_first(hub):
    """Entities do not fail; a reason is one line."""
    for number in range(60):
        at = f"2026-03-02T09:00:{number:02}Z"
        hub.add(f"job-{number}", "MonitorJobStatus", "Failed", output="a\nb")
        hub.instances[f"job-{number}"]["lastUpdatedTime"] = at
    hub.add("@counter@x", "counter", "Failed")
    hub.add("job-x", "MonitorJobStatus", "Running")
    told = Reply.of(
        await list_operations._function.get_user_function().client_function(req=request("GET", "/api/ops"), client=hub)
    )
    assert told.status == 200
    failed = told.body["failed"]
    assert (len(failed), told.body["moreFailed"]) == (50, True)
    assert (failed[0]["instanceId"], failed[0]["reason"]) == ("job-59", "a b")
    assert told.body["messages"] == told.body["letters"] == told.body["stuck"] == told.body["runs"] == []


FITS = {
    Act.TERMINATE: {"Pending", "Running", "Suspended"},
    Act.WAKE: {"Pending", "Running", "Suspended"},
    Act.RESUME: {"Suspended"},
    Act.REWIND: {"Failed"},
    Act.PURGE: {"Completed", "Failed", "Terminated"},
}


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("status", ["Pending", "Running", "Suspended", "Completed", "Failed", "Terminated"])
async def test_an_operators_action_needs_the_right_status(client, post, act, status):
    """Otherwise it is refused and not recorded; an allowed one is done once, under the operator's name."""
    asked = []

    async def take(*arguments):
        asked.append(arguments)

    client.terminate = client.rewind = client.resume = client.purge_instance_history = take
    client.raise_event = take
    client.add("job-1", "MonitorJobStatus", status)
    told = await post(act_on, {"by": "Mara", "reason": "a b?"}, instanceId="job-1", act=act.value)
    fits = status in FITS[act]
    assert (told.status, len(asked)) == ((200, 1) if fits else (409, 0)), told
    assert acts() == ([("Mara", act.value, "done: a b?")] if fits else [])
    if fits and act is Act.REWIND:
        assert asked == [("job-1", "a%20b%3F")]  # the SDK writes it into the URL as it is


async def test_a_failed_action_is_recorded_as_failed_and_may_be_sent_again(client, post):
    """503, as for every outage of storage and hub."""

    async def fail(*_):
        raise Exception("the hub is away")

    client.terminate = fail
    client.add("job-1", "MonitorJobStatus")
    told = await post(act_on, {"by": "Mara"}, instanceId="job-1", act="terminate")
    assert (told.status, told.body["sendAgain"]) == (503, True)
    assert acts() == [("Mara", "terminate", "failed: Exception")]


async def test_an_action_that_cannot_be_recorded_is_not_done(client, post, monkeypatch):
    """The row comes first."""
    asked = []
    client.terminate = lambda *_: asked.append(_)
    client.add("job-1", "MonitorJobStatus")

    def fail(*_, **__):
        raise ConnectionError("storage is away")

    monkeypatch.setattr("gateways.operations.TableOperations.begin", fail)
    assert (await post(act_on, {"by": "Mara"}, instanceId="job-1", act="terminate")).status == 503
    assert asked == []


@pytest.mark.parametrize("act", ["rewind", "terminate", "purge"])
async def test_the_review_of_an_open_proposal_is_protected(client, post, act):
    """A rewind of a review is always refused."""
    status = {"rewind": "Failed", "terminate": "Running", "purge": "Terminated"}[act]
    proposal = await Front(client).begin()
    client.instances[proposal]["runtimeStatus"] = status
    told = await post(act_on, {"by": "Mara"}, instanceId=proposal, act=act)
    assert (told.status, told.body["code"]) == (409, "notNow" if act == "rewind" else "openProposal")
    assert client.instances[proposal]["runtimeStatus"] == status
    if act == "rewind":
        again = await post(act_on, {"by": "Mara", "evenIfOpen": True}, instanceId=proposal, act=act)
        assert again.status == 409


@pytest.mark.parametrize("body", [None, {}, {"by": "Mara", "approve": True}, b"{", {"by": "Mara\u200b"}])
async def test_an_operator_must_be_named(client, post, body):
    """400, with the fault."""
    client.add("job-1", "MonitorJobStatus")
    told = await post(act_on, body, instanceId="job-1", act="terminate")
    assert (told.status, told.body["code"]) == (400, "invalid")


@pytest.mark.parametrize("given", ["nothing", "../job-1", "job-1/terminate", "", "x" * 101])
async def test_an_unknown_instance_is_404(client, post, given):
    """So is a path with an invalid id."""
    client.add("job-1", "MonitorJobStatus")
    assert (await post(act_on, {"by": "Mara"}, instanceId=given, act="terminate")).status == 404
    assert (await post(send_again, {"by": "Mara"}, proposalId=given, key="3-asked-a")).status in (404, 409)


@pytest.mark.parametrize("act", ["approve", "suspend", "", "Terminate"])
async def test_no_other_action_exists(client, post, act):
    """Operators cannot approve."""
    client.add("job-1", "MonitorJobStatus")
    assert (await post(act_on, {"by": "Mara"}, instanceId="job-1", act=act)).status == 404
    assert (await post(act_on_put_aside, {"by": "Mara"}, message="x", act=act)).status == 404


async def test_a_page_of_another_site_sends_nothing(client):
    """Not even without keys."""
    client.add("job-1", "MonitorJobStatus")
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        route = {"instanceId": "job-1", "act": "terminate"}
        asked = request("POST", "/api/ops", {"by": "Mara"}, headers=headers, route=route)
        told = Reply.of(await act_on._function.get_user_function().client_function(req=asked, client=client))
        assert (told.status, told.body["code"]) == (403, "crossSite")


async def test_a_message_that_was_cut_is_not_sent_again(post):
    """It would be another message."""
    message = open_put_aside().keep(PoisonMessage(reason="r", body="x" * 70_000), message_id="m", now=clock.now())
    told = await post(act_on_put_aside, {"by": "Mara"}, message=message, act="send")
    assert (told.status, told.body["code"]) == (409, "notNow")
    assert (await post(act_on_put_aside, {"by": "Mara"}, message=message, act="discard")).status == 200
    assert acts() == [("Mara", "discard message", "done")]


@pytest.fixture
def server(monkeypatch):
    """A mail server that the settings name."""
    with mail_server() as running:
        monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(running.port))
        monkeypatch.setenv("MAIL_FROM", "Greenlight <greenlight@example.org>")
        monkeypatch.setenv("MAIL_DOMAINS", "example.org")
        yield running


async def refused_letter(client, server):
    """A proposal with a letter that the mail server did not take; returns its id and the letter's key."""
    policy = {"stages": [{"name": "design", "approvers": ["mara@example.org"]}]}
    front = Front(client)
    proposal = await front.begin({"title": "Bench", "author": "ines@example.org", "policy": policy})
    server.answers = {"RCPT": "550 no such mailbox"}
    tell_people._function.get_user_function()({"proposalId": proposal, "told": 0})
    server.answers = {}
    return proposal, next(each.key for each in open_operations().letters() if each.proposal_id == proposal)


async def test_a_refused_letter_is_sent_again_and_leaves_the_list(client, post, server):
    """Once; the second time there is nothing to do."""
    proposal, key = await refused_letter(client, server)
    (letter,) = open_operations().letters()
    assert (letter.state, "550" in letter.reason, "mara" in letter.reason) == ("refused", True, False)
    assert server.letters == []
    told = await post(send_again, {"by": "Ines"}, proposalId=proposal, key=key)
    assert (told.status, len(server.letters)) == (200, 1)
    assert list(open_operations().letters()) == []
    told = await post(send_again, {"by": "Ines"}, proposalId=proposal, key=key)
    assert (told.status, told.body["code"], len(server.letters)) == (409, "taken", 1)
    assert acts() == [("Ines", "send letter", "sent")]


async def test_a_letter_that_is_refused_again_stays_in_the_list(client, post, server):
    """With the reason of the last attempt."""
    proposal, key = await refused_letter(client, server)
    for answers, word in (({"RCPT": "553 no such name"}, "553"), ({"MAIL": "451 later"}, "451")):
        server.answers = answers
        told = await post(send_again, {"by": "Ines"}, proposalId=proposal, key=key)
        assert (told.status, told.body["code"]) == (409, "notSent")
        (letter,) = open_operations().letters()
        assert word in letter.reason
    server.answers = {}
    assert (await post(send_again, {"by": "Ines"}, proposalId=proposal, key=key)).status == 200


async def test_without_a_mail_server_no_letter_is_sent(client, post):
    """They stay in the outbox."""
    proposal = await Front(client).begin()
    notice = notices_for(open_review_records().read(proposal).entries, told=0)[0]
    told = await post(send_again, {"by": "Ines"}, proposalId=proposal, key=notice.key)
    assert (told.status, "outbox" in told.body["detail"]) == (409, True)


@pytest.mark.parametrize("key", ["3-asked-none", "x", "", "9" * 30])
async def test_an_unknown_letter_is_404(post, server, key):
    """Of an unknown proposal, or of an unknown entry."""
    letter = UnsentLetter(proposal_id="p-0", key=key, state=LetterState.UNSENT, reason="r", at=clock.now())
    open_operations().note_letter(letter)
    assert (await post(send_again, {"by": "Ines"}, proposalId="p-0", key=key)).status == 404
    assert json.dumps(server.commands) == "[]"


@pytest.mark.parametrize("key", ["0-asked-none", "1-asked-none", "999999999-asked-none"])
async def test_an_unknown_letter_of_a_proposal_is_404(client, post, server, key):
    """Also before its only entry, and behind it."""
    proposal, files = f"p-{uuid.uuid4().hex}", [{"name": "a.txt", "contentType": "text/plain", "content": "YQ=="}]
    assert (await Front(client).submit({**FORM, "attachments": files}, id=proposal)).status == 202
    assert len(open_review_records().read(proposal).entries) == 1
    assert (await post(send_again, {"by": "Ines"}, proposalId=proposal, key=key)).status == 404
    assert json.dumps(server.commands) == "[]"
