"""The pages of operations: what needs somebody, what can be done about it, for whom, and what is on record of it."""

import json
import uuid

import azure.functions as func
import pytest
from azure.core.pipeline.transport import RequestsTransport

from approvals.operations import LetterState, UnsentLetter
from approvals.poison import PoisonMessage
from clients.poison import log_poison_message
from clients.ui.operations import operate, show_operations, show_workflow
from gateways import clock
from gateways.operations import open_operations
from gateways.put_aside import open_put_aside
from gateways.tables import open_table
from tests.clients.front import Front
from tests.clients.ui.pages import Browser
from tests.security.test_s13_headers_and_markup import faults

PATH = "/api/ui/operations"


@pytest.fixture(autouse=True)
def _operators(monkeypatch):
    """Mara operates, and the tables are these tests' own."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("OPERATORS", "Mara")
    monkeypatch.delenv("SMTP_HOST", raising=False)
    unique = uuid.uuid4().hex[:8]
    for module in ("gateways.operations", "gateways.put_aside"):
        monkeypatch.setattr(f"{module}.open_table", lambda name: open_table(f"{name}{unique}"))


def acts():
    """What is on record of operators, the latest first."""
    return [(each.by, each.act, each.target, each.outcome) for each in open_operations().acts()]


def put_aside(body, reason="it was not understood"):
    """Let a message come to the poison queue; return its id."""
    text = PoisonMessage.of(body.encode(), reason).to_json()
    name = uuid.uuid4().hex
    log_poison_message._function.get_user_function()(func.QueueMessage(id=name, body=text.encode()))
    return next(each.id for each in open_put_aside().list_waiting() if each.message_id == name)


async def test_without_problems_the_page_says_so_and_costs_four_storage_calls(hub, monkeypatch):
    """Each number is zero."""
    for opened in (open_operations, open_put_aside):
        opened()
    sent, send = [], RequestsTransport.send
    monkeypatch.setattr(
        RequestsTransport, "send", lambda self, req, **how: (sent.append(req), send(self, req, **how))[1]
    )
    page = await Browser(hub, "Mara").get(show_operations, PATH)
    assert page.status == 200
    assert len(sent) <= 6, [each.url for each in sent]
    assert len(sent) == 4
    assert page.html.count("<b>0</b>") == 4
    assert faults(page.headers) == []
    assert len(page.html.encode()) < 60 * 1024


@pytest.mark.parametrize(("operators", "status"), [("", 403), ("Jonas; Ines", 403), ("jonas; MARA", 200), ("*", 200)])
async def test_only_people_named_by_the_setting_operate(hub, monkeypatch, operators, status):
    """To look, and to act."""
    monkeypatch.setenv("OPERATORS", operators)
    browser = Browser(hub, "Mara")
    hub.add("job-1", "MonitorJobStatus")
    assert (await browser.get(show_operations, PATH)).status == status
    assert (await browser.get(show_workflow, f"{PATH}/workflow", id="job-1")).status == status
    told = await browser.post(operate, PATH, {"instance": "job-1", "act": "terminate"})
    assert told.status == status
    assert hub.instances["job-1"]["runtimeStatus"] == ("Terminated" if status == 200 else "Running")


async def test_a_stuck_review_is_shown_with_the_sweeps_action(hub):
    """From the row of its last run."""
    stuck = [{"proposalId": "p-7", "lag": "lost", "done": "notMended"}]
    line = {"record": "sweep", "records": 9, "found": 3, "stuckCount": 60, "stuck": stuck}
    open_operations().keep_run("sweep", line, now=clock.now())
    page = await Browser(hub, "Mara").get(show_operations, PATH)
    assert "<b>60</b> Stuck" in page.html
    assert "It has no workflow." in page.html
    assert "The sweep could not mend it." in page.html
    assert "Records: 9, looked at: 3" in page.text


async def test_a_failed_workflow_is_shown_with_its_reason_and_rewound(hub):
    """Its page has its history in words, and afterwards the action is recorded."""
    events = [
        {"EventType": "ExecutionStarted", "FunctionName": "BillingIssuer", "Timestamp": "2026-03-02T09:00:00Z"},
        {"EventType": "TaskFailed", "FunctionName": "IssueBill", "Reason": "<b>no</b> room"},
    ]  # fmt: skip
    hub.add("bill-1", "BillingIssuer", "Failed", output="IssueBill failed: <b>no</b> room", historyEvents=events)
    browser = Browser(hub, "Mara")
    page = await browser.get(show_operations, PATH)
    assert "<b>1</b> Failed" in page.html
    assert "IssueBill failed: &lt;b&gt;no&lt;/b&gt; room" in page.html
    one = await browser.get(show_workflow, f"{PATH}/workflow", id="bill-1")
    assert "IssueBill failed: &lt;b&gt;no&lt;/b&gt; room." in one.html
    assert "BillingIssuer started." in one.html
    told = await browser.post(operate, PATH, {"instance": "bill-1", "act": "rewind", "reason": "fixed"})
    assert told.status == 200
    assert hub.instances["bill-1"]["runtimeStatus"] == "Running"
    assert acts() == [("Mara", "rewind", "bill-1", "done: fixed")]


async def test_the_workflow_of_an_open_proposal_is_ended_only_on_request(hub):
    """Its record is not touched."""
    proposal = await Front(hub).begin()
    record = (await Front(hub).audit(proposal)).body["entries"]
    browser = Browser(hub, "Mara")
    told = await browser.post(operate, PATH, {"instance": proposal, "act": "terminate"})
    assert told.status == 409
    assert "the sweep records the proposal as failed" in told.html
    assert hub.instances[proposal]["runtimeStatus"] == "Pending"
    assert acts() == []
    told = await browser.post(operate, PATH, {"instance": proposal, "act": "terminate", "even_if_open": "true"})
    assert told.status == 200
    assert hub.instances[proposal]["runtimeStatus"] == "Terminated"
    told = await browser.post(operate, PATH, {"instance": proposal, "act": "purge"})
    assert (told.status, proposal in hub.instances) == (409, True)
    assert (await Front(hub).audit(proposal)).body["entries"] == record


async def test_the_workflow_page_verifies_the_proposals_record(hub):
    """It shows the verdict."""
    proposal = await Front(hub).begin()
    page = await Browser(hub, "Mara").get(show_workflow, f"{PATH}/workflow", id=proposal)
    assert "The record is what was written: whole" in page.html


async def test_a_message_is_sent_again_once_and_its_row_stays(hub):
    """Its decision counts, recorded as from the queue."""
    proposal = await Front(hub).begin()
    decision = {"proposalId": proposal, "approver": "Mara", "decision": "approve"}
    message = put_aside(json.dumps(decision), "there is no proposal")
    browser = Browser(hub, "Mara")
    assert "there is no proposal" in (await browser.get(show_operations, PATH)).html
    told = await browser.post(operate, PATH, {"message": message, "act": "send"})
    assert (told.status, "The message was taken." in told.html) == (200, True)
    entries = (await Front(hub).audit(proposal)).body["entries"]
    entry = next(each for each in entries if each["kind"] == "decided")
    assert (entry["by"], entry["via"]) == ("Mara", "queue")
    for act in ("send", "discard"):
        again = await browser.post(operate, PATH, {"message": message, "act": act})
        assert (again.status, "has sent it already" in again.html) == (409, True)
    kept = open_put_aside().find(message)
    assert (kept.state, kept.by, kept.result) == ("sent", "Mara", "taken")
    assert acts() == [("Mara", "send message", message, "taken")]


async def test_a_message_refused_again_waits_with_the_new_reason_until_it_is_discarded(hub):
    """The page shows who discarded it."""
    message = put_aside("no json {")
    browser = Browser(hub, "Mara")
    told = await browser.post(operate, PATH, {"message": message, "act": "send"})
    assert (told.status, "refused again" in told.html) == (409, True)
    assert open_put_aside().find(message).state == "waiting"
    assert (await browser.post(operate, PATH, {"message": message, "act": "discard"})).status == 200
    kept = open_put_aside().find(message)
    assert (kept.state, kept.by, kept.body) == ("discarded", "Mara", "no json {")
    assert [each.id for each in open_put_aside().list_waiting()] == []


async def test_a_message_stays_if_the_hub_is_unreachable(hub):
    """The page says to try again, and the action is recorded as failed."""
    message = put_aside('{"instanceId": "p-1", "approved": true, "approver": "Mara"}')
    hub.broken["get_status"] = "away"
    told = await Browser(hub, "Mara").post(operate, PATH, {"message": message, "act": "send"})
    assert told.status == 503
    assert open_put_aside().find(message).state == "waiting"
    assert acts() == [("Mara", "send message", message, "failed: Exception")]


async def test_an_obsolete_letter_leaves_the_list(hub, monkeypatch):
    """The person who was asked has answered."""
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("MAIL_FROM", "greenlight@example.org")
    proposal = await Front(hub).begin()
    letter = UnsentLetter(
        proposal_id=proposal, key="4-asked-0123456789abcdef", state=LetterState.REFUSED, reason="550", at=clock.now()
    )
    open_operations().note_letter(letter)
    browser = Browser(hub, "Mara")
    assert "“asked”, entry 4" in (await browser.get(show_operations, PATH)).html
    told = await browser.post(operate, PATH, {"proposal": proposal, "letter": letter.key, "act": "send"})
    assert (told.status, "Nobody needs the letter" in told.html) == (404, True)
    assert list(open_operations().letters()) == []


@pytest.mark.parametrize(
    "fields", [{}, {"act": "approve", "instance": "p-1"}, {"act": "terminate", "message": "x"}, {"instance": "p-1"}]
)
async def test_an_invalid_operators_form_is_refused(hub, fields):
    """Nothing happens."""
    assert (await Browser(hub, "Mara").post(operate, PATH, fields)).status == 400
    assert acts() == []


async def test_an_unknown_instance_or_message_is_404(hub):
    """For reading and for acting."""
    browser = Browser(hub, "Mara")
    for given in ("nothing", "../x", ""):
        assert (await browser.get(show_workflow, f"{PATH}/workflow", id=given)).status == 404
    assert (await browser.post(operate, PATH, {"instance": "nothing", "act": "wake"})).status == 404
    assert (await browser.post(operate, PATH, {"message": "nothing", "act": "send"})).status == 404


async def test_a_page_of_another_site_operates_nothing(hub):
    """Browsers report the form's origin."""
    hub.add("job-1", "MonitorJobStatus")
    browser = Browser(hub, "Mara", origin="https://evil.example")
    assert (await browser.post(operate, PATH, {"instance": "job-1", "act": "terminate"})).status == 403
    assert hub.instances["job-1"]["runtimeStatus"] == "Running"
