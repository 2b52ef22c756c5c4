"""ApprovalQueueProcessor: each message is delivered, put aside with a reason, or shown again."""

import base64
import json
import uuid
from datetime import UTC, datetime

import azure.functions as func
import pytest

from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.rules.progress import begin, checked
from approvals.rules.replay import replay
from clients.approval_queue import approval_queue_processor
from gateways.review_records import open_review_records
from services.review_changes import add


class Out:
    """An output binding that remembers what was set."""

    def __init__(self):
        self.value = None

    def set(self, value):
        """Keep the value."""
        self.value = value


@pytest.fixture
def deliver(call, client):
    """Return a function that delivers a message and returns what went to the poison queue, if anything."""

    async def deliver(body, name="m-1"):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        poison = Out()
        message = func.QueueMessage(id=name, body=content)
        await call(approval_queue_processor, message=message, poison=poison, client=client)
        return json.loads(poison.value) if poison.value else None

    return deliver


@pytest.fixture
def waiting(client):
    """The id of a proposal that waits."""
    instance_id = uuid.uuid4().hex
    client.add(instance_id)
    return instance_id


def decision(instance_id, approved=True, **more):
    """Return a message as other systems send it."""
    return {"instanceId": instance_id, "approved": approved, "approver": "Mara", "comment": "", **more}


@pytest.mark.parametrize(("workflow", "event"), [("ApprovalWorkflow", "ApprovalEvent"), ("BudgetApproval", "Approval")])
async def test_a_message_raises_the_event_that_the_instance_waits_for(deliver, client, waiting, workflow, event):
    """The instance's workflow says which."""
    client.add(waiting, workflow)
    assert await deliver(decision(waiting, False, comment="no")) is None
    assert client.events == [(waiting, event, {"approved": False, "approver": "Mara", "comment": "no"})]


@pytest.mark.parametrize("form", ["json", "bare", "json in base64", "bare in base64"])
async def test_all_four_forms_of_a_message_are_understood(deliver, client, waiting, form):
    """A bare id means approved; an id of 32 hex digits is not taken for Base64."""
    body = waiting.encode() if "bare" in form else json.dumps(decision(waiting)).encode()
    assert await deliver(base64.b64encode(body) if "base64" in form else body) is None
    ((instance_id, _, data),) = client.events
    assert (instance_id, data["approved"]) == (waiting, True)


async def test_a_message_delivered_twice_raises_the_same_event_twice(deliver, client, waiting):
    """After a crash between the record and the event."""
    client.broken["raise_event"] = "connection lost"
    with pytest.raises(Exception, match="connection lost"):
        await deliver(decision(waiting))
    client.broken.clear()
    assert await deliver(decision(waiting)) is None
    assert len(client.events) == 1


async def test_a_second_different_answer_is_put_aside(deliver, client, waiting):
    """The first answer stands."""
    await deliver(decision(waiting, False))
    put_aside = await deliver(decision(waiting, True))
    assert "already answered: rejected" in put_aside["reason"]
    assert [data["approved"] for _, _, data in client.events] == [False]


@pytest.mark.parametrize(
    ("status", "workflow", "told"),
    [
        ("Completed", "ApprovalWorkflow", "already finished: Completed"),
        ("Failed", "ApprovalWorkflow", "already finished: Failed"),
        ("Terminated", "ApprovalWorkflow", "already finished"),
        ("Running", "SomethingElse", "does not wait for a decision"),
        ("Running", "Chaining", "does not wait for a decision"),
    ],
)
async def test_an_instance_that_cannot_use_a_message_gets_no_event(deliver, client, waiting, status, workflow, told):
    """The message moves unchanged to the poison queue, with the reason."""
    client.add(waiting, workflow, status)
    body = decision(waiting)
    put_aside = await deliver(body)
    assert told in put_aside["reason"]
    assert json.loads(put_aside["body"]) == body
    assert client.events == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"not an id", "neither"),
        (b"\xff\xfe", "UTF-8"),
        (b"unknown-instance", "no instance"),
        (b"{", "JSON"),
        ({"instanceId": "x"}, "approved"),
        (decision("unknown-instance"), "no instance"),
        (decision("unknown-instance", "true"), "approved"),
    ],
)
async def test_an_unusable_message_is_put_aside_at_once(deliver, client, body, told):
    """It is not retried five times first."""
    put_aside = await deliver(body)
    assert told in put_aside["reason"]
    assert put_aside["body"]
    assert client.events == []


@pytest.mark.parametrize("named", [False, True])
async def test_an_anonymous_answer_counts_only_if_the_setting_allows_it(deliver, waiting, named, monkeypatch):
    """Bare ids are for development; a JSON message without a name is no better."""
    monkeypatch.delenv("APPROVALS_ALLOW_BARE")
    message = {"instanceId": waiting, "approved": True} if named else waiting.encode()
    assert "APPROVALS_ALLOW_BARE" in (await deliver(message))["reason"]
    assert await deliver(decision(waiting)) is None


async def test_a_message_for_an_instance_that_ends_meanwhile_is_not_retried(deliver, client, waiting):
    """It was running when it was looked up."""

    async def too_late(instance_id, *_):
        client.add(instance_id, status="Completed")
        raise Exception(f"Instance with ID {instance_id} is gone: either completed or failed")

    client.raise_event = too_late
    assert "before the answer" in (await deliver(decision(waiting)))["reason"]


async def test_a_message_is_retried_if_the_hub_does_not_answer(deliver, client, waiting):
    """It stays on its queue."""
    client.broken["get_status"] = "unexpected status code 503"
    with pytest.raises(Exception, match="503"):
        await deliver(decision(waiting))


WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
STAGES = [{"name": "board", "approvers": ["Mara"]}, {"name": "release", "approvers": ["Vera"]}]


@pytest.fixture
def review(client):
    """The id of a proposal whose review waits for Mara, and then for Vera."""
    name, now = uuid.uuid4().hex, datetime.now(UTC)
    policy = Policy.from_dict({"stages": STAGES, "outcomes": {"fine": "approve"}})
    entries = begin(
        name, WORDS, author="Ines", via=Via.SYSTEM, policy=policy, policy_name="own", attachments=(), now=now
    )
    open_review_records().create(name, entries)
    add(name, lambda found: checked(found, ("passed",), document=found.document, now=now))
    client.add(name)
    return name


def decided(name):
    """Who has decided in a review, with which word and by which way."""
    answers = replay(open_review_records().read(name).entries).decisions
    return [(answer.person, answer.word, answer.via.value) for answer in answers]


async def test_an_answer_to_a_review_is_recorded_before_its_workflow_is_woken(deliver, client, review):
    """With the sender's words; the event only tells the workflow to look."""
    assert await deliver({"proposalId": review, "approver": "Mara", "decision": "fine"}) is None
    assert decided(review) == [("Mara", "fine", "queue")]
    assert client.events == [(review, "Wake-4", {})]


async def test_a_review_understands_messages_for_other_workflows(deliver, review):
    """A true `approved` is its `approve`."""
    assert await deliver(decision(review)) is None
    assert decided(review) == [("Mara", "approve", "queue")]


async def test_an_answer_delivered_twice_counts_for_one_stage(deliver, review):
    """The process died before the message was deleted. The next message counts for the next stage."""
    message = {"proposalId": review, "decision": "approve", "approver": "Mara"}
    assert [await deliver(message), await deliver(message)] == [None, None]
    assert len(decided(review)) == 1
    await deliver({**message, "approver": "Vera"}, "m-2")
    assert [person for person, *_ in decided(review)] == ["Mara", "Vera"]


async def test_an_answer_with_the_senders_id_counts_once(deliver, review):
    """Also in another message."""
    message = {"proposalId": review, "decision": "approve", "approver": "Mara", "decisionId": "42"}
    assert [await deliver(message), await deliver(message, "m-2")] == [None, None]
    assert len(decided(review)) == 1


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"approver": "Ines", "decision": "approve"}, "may not decide"),
        ({"approver": "Somebody", "decision": "approve"}, "not asked"),
        ({"approver": "Mara", "decision": "perhaps"}, "use one of"),
    ],
)
async def test_an_unusable_answer_is_put_aside_with_the_reason(deliver, client, review, message, told):
    """And wakes nobody."""
    put_aside = await deliver({"proposalId": review, **message})
    assert told in put_aside["reason"]
    assert (decided(review), client.events) == ([], [])


@pytest.mark.parametrize("body", ["bare", "bare in base64", "instance", "proposal", "by that word"])
async def test_an_anonymous_answer_to_a_review_is_put_aside(deliver, client, review, body):
    """No setting allows it, even if only one person is waited for."""
    put_aside = await deliver(
        {
            "bare": review.encode(),
            "bare in base64": base64.b64encode(review.encode()),
            "instance": {"instanceId": review, "approved": True},
            "proposal": {"proposalId": review, "decision": "approve"},
            "by that word": {"proposalId": review, "decision": "approve", "approver": "Unnamed"},
        }[body]
    )
    assert "names no person" in put_aside["reason"]
    assert (decided(review), client.events) == ([], [])


@pytest.mark.parametrize(
    ("workflow", "field"), [("ApprovalWorkflow", "submittedBy"), ("BudgetApproval", "requestedBy")]
)
@pytest.mark.parametrize("approved", [True, False])
async def test_nobody_decides_on_their_own_submission(deliver, client, waiting, workflow, field, approved):
    """In any spelling of the name; somebody else may."""
    client.add(waiting, workflow, input=json.dumps({field: "Ines"}))
    put_aside = await deliver(decision(waiting, approved, approver=" \uff29NES"))
    assert "submitted it and may not decide on it" in put_aside["reason"]
    assert client.events == []
    assert await deliver(decision(waiting, approved)) is None


@pytest.mark.parametrize("named", [True, False])
async def test_an_unknown_proposal_is_not_looked_up_among_workflows(deliver, waiting, named):
    """A message with a policy's word means a review."""
    message = {"proposalId": waiting, "decision": "approve", **({"approver": "Mara"} if named else {})}
    assert f"no proposal {waiting}" in (await deliver(message))["reason"]


async def test_an_answer_stays_recorded_if_the_workflow_cannot_be_woken(deliver, client, review):
    """The message is done; the sweep wakes the workflow."""
    client.broken["raise_event"] = "connection lost"
    assert await deliver({"proposalId": review, "approver": "Mara", "decision": "approve"}) is None
    assert len(decided(review)) == 1


@pytest.mark.parametrize("body", ["instance", "bare"])
async def test_a_message_goes_to_the_workflow_with_its_id(deliver, client, review, body):
    """Not to a record of that id if the workflow is not its review."""
    client.add(review, "BudgetApproval", input=json.dumps({"title": "Other", "amount": 1}))
    assert await deliver(json.dumps(decision(review)).encode() if body == "instance" else review.encode()) is None
    assert [event for _, event, _ in client.events] == ["Approval"]
    assert decided(review) == []


async def test_a_message_goes_to_the_review_of_the_workflow(deliver, client, review):
    """The workflow's input names it."""
    client.add(review, input=json.dumps({"review": {"proposalId": review}}))
    assert await deliver(decision(review)) is None
    assert [event for _, event, _ in client.events] == ["Wake-4"]
    assert decided(review) == [("Mara", "approve", "queue")]
