"""What was decided on, on every way in: an answer counts for the document that its sender has seen."""

import json
import uuid

import azure.functions as func
import pytest

from activities.review import decide_by_event, tell_people
from approvals.record.entries import Kind
from approvals.rules.links import write_link
from approvals.rules.progress import EDIT_PAUSE
from clients.approval_queue import approval_queue_processor
from clients.web.replies import Problem, ProposalView
from gateways.letters.mail import Outbox
from gateways.review_records import open_review_records
from tests.approvals.story import AUTHOR, Story, policy
from tests.clients.front import Front
from tests.clients.link_desk import KEYS, Desk

FORM = {"title": "Footbridge", "author": "Ines", "policy": {"stages": [{"name": "one", "approvers": ["Mara"]}]}}
YES = {"approver": "Mara", "decision": "approve"}
NO_LONGER = "the document has changed since Mara was asked"


@pytest.fixture(autouse=True)
def _mode(monkeypatch):
    """Believe the header, as on a developer's machine."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "100000")


@pytest.fixture
def front(client):
    """The API, called by a system."""
    return Front(client)


@pytest.fixture
async def replaced(front):
    """A proposal whose offer was replaced while Mara read it, with what GET said before."""
    proposal_id = await front.begin(
        {**FORM, "attachments": [{"name": "offer.md", "contentType": "text/markdown", "content": "djE="}]}
    )
    before = await front.show(proposal_id)
    assert (await front.put_file(proposal_id, "offer.md", b"v2")).status == 201
    return proposal_id, before


async def test_an_answer_does_not_count_for_a_document_changed_meanwhile(front, replaced):
    """409 with what changed and by whom; with the new document it counts."""
    proposal_id, _ = replaced
    told = await front.by("Mara").act(proposal_id, "decisions", {"decision": "approve"})
    problem = Problem.model_validate_json(json.dumps(told.body))
    assert (told.status, problem.code) == (409, "documentChanged")
    assert problem.detail.startswith(f"{NO_LONGER[:1].upper()}{NO_LONGER[1:]}: Ines replaced offer.md at 20")
    assert [each.partition(" at ")[0] for each in problem.changes or ()] == ["Ines replaced offer.md"]
    shown = await front.show(proposal_id)
    assert (shown.body["status"], shown.body["round"]) == ("checking", 2)
    again = await front.by("Mara").act(
        proposal_id, "decisions", {"decision": "approve", "document": shown.body["document"]}
    )
    assert (again.status, again.body["document"]) == (200, shown.body["document"])


async def test_an_etag_is_not_stale_before_its_document_has_changed(front, replaced):
    """A comment makes another one, and with the earlier one people still answer."""
    proposal_id, before = replaced
    tags = [before.headers["ETag"], (await front.show(proposal_id)).headers["ETag"]]
    await front.act(proposal_id, "comments", {"by": "Mara", "comment": "Why?"})
    after = await front.show(proposal_id)
    entries = after.body["entries"]
    assert after.headers["ETag"] == f'"2-{after.body["document"]}-{entries}"'
    assert len({*tags, after.headers["ETag"]}) == 3
    answer = {"approver": "Mara", "decision": "approve"}
    assert (await front.act(proposal_id, "decisions", answer, match=tags[1])).status == 200


@pytest.mark.parametrize(
    ("verb", "more"), [("decisions", {"decision": "approve"}), ("changes", {"comment": "Shorter."})]
)
async def test_a_stale_etag_records_nothing(front, replaced, monkeypatch, verb, more):
    """Neither an answer nor a request for changes; the new one works."""
    proposal_id, before = replaced
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(int(EDIT_PAUSE.total_seconds())))
    await front.check(proposal_id)
    entries = open_review_records().read(proposal_id).entries
    body = {"approver": "Mara", **more}
    told = await front.act(proposal_id, verb, body, match=before.headers["ETag"])
    assert (told.status, told.body["code"]) == (409, "documentChanged")
    assert open_review_records().read(proposal_id).entries == entries
    fresh = (await front.show(proposal_id)).headers["ETag"]
    assert (await front.act(proposal_id, verb, body, match=fresh)).status == 200


async def test_a_body_and_an_etag_that_differ_are_a_fault(front, replaced):
    """One of them must be wrong."""
    proposal_id, before = replaced
    told = await front.act(proposal_id, "decisions", {**YES, "round": 2}, match=before.headers["ETag"])
    assert (told.status, told.body["errors"]) == (400, ["round: differs from If-Match; give only one of the two"])
    for wrong in ({"round": 0}, {"round": "2"}, {"document": 7}):
        assert (await front.act(proposal_id, "decisions", {**YES, **wrong})).status == 400


async def test_a_proposal_with_one_document_needs_no_etag(front):
    """A single decision on it cannot be about another; `*` names nothing."""
    proposal_id = await front.begin(FORM)
    assert (await front.by("Mara").act(proposal_id, "decisions", {"decision": "approve"}, match="*")).status == 200


async def test_an_outcome_shows_all_answers(front):
    """With comments, and early answers too."""
    stages = [{"name": "one", "approvers": ["Mara", "Jonas"], "rule": "all"}, {"name": "two", "approvers": ["Ana"]}]
    words = {"approved with conditions": "approve"}
    proposal_id = await front.begin({**FORM, "policy": {"stages": stages, "outcomes": words}})
    await front.act(proposal_id, "decisions", {"approver": "Ana", "decision": "approve", "comment": "Go."})
    early = ProposalView.model_validate_json(json.dumps((await front.show(proposal_id)).body)).early_answers
    assert [(each.person, each.comment) for each in early] == [("Ana", "Go.")]
    conditions = {"approver": "Mara", "decision": "approved with conditions", "comment": "A railing."}
    await front.act(proposal_id, "decisions", conditions)
    await front.act(proposal_id, "decisions", {"approver": "Jonas", "decision": "approve"})
    outcome = ProposalView.model_validate_json(json.dumps((await front.show(proposal_id)).body)).outcome
    assert (outcome.decision, len(outcome.answers)) == ("approved with conditions", 3)
    assert {(each.person, each.decision, each.comment) for each in outcome.answers} == {
        ("Mara", "approved with conditions", "A railing."), ("Jonas", "approve", ""), ("Ana", "approve", "Go."),
    }  # fmt: skip


# The queue, and raw events


async def deliver(call, client, body):
    """Deliver a message, and return what went to the poison queue."""

    class Out:
        value = None

        def set(self, value):
            self.value = value

    poison = Out()
    message = func.QueueMessage(id=uuid.uuid4().hex, body=json.dumps(body).encode())
    await call(approval_queue_processor, message=message, poison=poison, client=client)
    return json.loads(poison.value)["reason"] if poison.value else None


@pytest.mark.parametrize("form", ["proposalId", "instanceId"])
async def test_a_message_names_its_document_like_a_request(call, client, replaced, form):
    """One without it is put aside with the changes."""
    proposal_id, before = replaced
    client.add(proposal_id, input=json.dumps({"review": {"proposalId": proposal_id}}))
    answer = {"decision": "approve"} if form == "proposalId" else {"approved": True}
    message = {form: proposal_id, **answer, "approver": "Mara"}
    assert (await deliver(call, client, message)).startswith(NO_LONGER)
    assert (await deliver(call, client, {**message, "round": 1})).startswith("the document has changed")
    stale = {**message, "document": before.body["document"]}
    assert "Ines replaced offer.md" in await deliver(call, client, stale)
    assert await deliver(call, client, {**message, "round": 2}) is None


async def test_a_message_to_a_workflow_without_documents_must_name_none(call, client):
    """It is meant for something else."""
    instance = uuid.uuid4().hex
    client.add(instance)
    message = {"instanceId": instance, "approved": True, "approver": "Mara", "round": 1}
    assert (await deliver(call, client, message)).startswith("a proposal without a policy")
    assert client.events == []


async def test_an_event_names_its_document_like_a_request(front, replaced):
    """The refusal is one word, because custom status holds no names."""
    proposal_id, _ = replaced
    take = decide_by_event._function.get_user_function()
    yes = {"approved": True, "approver": "Mara", "comment": ""}

    def heard(name, **about):
        return take({"proposalId": proposal_id, "heard": {"id": name, "decision": {**yes, **about}}})["refused"]

    assert [heard("1"), heard("2", round=1), heard("3", document="ab" * 32)] == ["documentChanged"] * 3
    assert heard("4", document=(await front.show(proposal_id)).body["document"]) is None


# Links and letters


@pytest.fixture
def desk(call, client, monkeypatch):
    """A proposal in storage that waits for Ana, with her link."""
    monkeypatch.setenv("RECORDS_CONTAINER", f"records-{uuid.uuid4().hex}")
    monkeypatch.setenv("LINK_KEYS", ",".join(KEYS))
    monkeypatch.setenv("PUBLIC_URL", "https://greenlight.example.org")
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "0")
    monkeypatch.setattr("gateways.clock.now", lambda: desk.story.now)
    story = Story(policy({"approvers": ["Ana", "Ben"], "rule": "all"})).check()
    desk = Desk(call, client, story)
    return desk


async def test_a_link_is_for_the_document_of_its_letter(desk):
    """The old link's page shows the changes; a new letter has a new link."""
    desk.story.attaches("offer.md", "v2")
    desk.story.check()
    desk.write()
    for told in (await desk.get(), await desk.post(decision="approve")):
        assert told.status_code == 409
        assert "Ines added offer.md" in told.get_body().decode()
    refused = json.loads((await desk.send({"decision": "approve"})).get_body())
    assert (refused["code"], refused["changes"]) == (
        "documentChanged", ["Ines added offer.md at 2026-03-02 09:00 UTC"],
    )  # fmt: skip
    token = write_link(desk.story.link("Ana", id="new"), KEYS)
    page = (await desk.get(token)).get_body().decode()
    assert f'name="document" value="{desk.story.review.document}"' in page
    answered = await desk.post(token, decision="approve", document=desk.story.review.document)
    assert answered.status_code == 200


async def test_a_form_about_another_document_is_refused(desk):
    """The decision must be about what the page showed."""
    for told in (
        await desk.post(decision="approve", document="ab" * 32),
        await desk.send({"decision": "approve", "round": 2}),
        await desk.send({"decision": "changes", "comment": "Shorter.", "document": "ab" * 32}),
    ):
        assert told.status_code == 409
    assert desk.decisions() == []
    shown = json.loads((await desk.get(Accept="application/json")).get_body())
    about = {"document": shown["document"], "round": shown["round"]}
    assert (await desk.send({"decision": "approve", **about})).status_code == 200


async def test_several_files_in_a_row_are_one_round_and_one_letter(front, monkeypatch):
    """Each letter has the round and the document's hash."""
    sent = []
    monkeypatch.setattr(Outbox, "send", lambda _, letter, **__: sent.append(letter) or True)
    tell = tell_people._function.get_user_function()
    proposal_id = await front.begin(FORM)
    told = tell({"proposalId": proposal_id, "told": 0})["told"]
    for name in ("plan.md", "offer.md", "site.md"):
        assert (await front.put_file(proposal_id, name, name.encode())).status == 201
        await front.check(proposal_id)
        told = tell({"proposalId": proposal_id, "told": told})["told"]
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(int(EDIT_PAUSE.total_seconds())))
    await front.check(proposal_id)
    tell({"proposalId": proposal_id, "told": told})
    shown = (await front.show(proposal_id)).body
    assert (shown["round"], shown["waitingFor"], len(sent)) == (2, ["Mara"], 2)
    for told_round, letter in zip((1, 2), sent, strict=True):
        assert f"Round:      {told_round}" in letter.text.replace("Round:       ", "Round:      ")
    assert shown["document"] in sent[1].text
    assert shown["document"] in sent[1].html
    assert "Ines added site.md at" in sent[1].text


async def test_an_end_letter_has_all_answers(front, monkeypatch):
    """One approval with conditions makes the outcome conditional."""
    sent = []
    monkeypatch.setattr(Outbox, "send", lambda _, letter, **__: sent.append(letter) or True)
    stage = {"name": "one", "approvers": ["Mara", "Jonas"], "rule": "all"}
    words = {"approved with conditions": "approve"}
    proposal_id = await front.begin({**FORM, "policy": {"stages": [stage], "outcomes": words}})
    conditions = {"approver": "Mara", "decision": "approved with conditions", "comment": "A railing."}
    await front.act(proposal_id, "decisions", conditions)
    await front.act(proposal_id, "decisions", {"approver": "Jonas", "decision": "approve"})
    tell_people._function.get_user_function()({"proposalId": proposal_id, "told": 0})
    letter = next(each for each in sent if each.to_name == "Ines")
    assert "The decision: approved with conditions." in letter.text
    assert "Mara, one: approved with conditions: “A railing.”" in letter.text
    assert "Jonas, one: approve" in letter.text


async def test_a_note_after_the_end_is_recorded_and_marked(front):
    """By anybody with a part; the record stays whole."""
    proposal_id = await front.begin(FORM)
    await front.act(proposal_id, "withdraw", {"by": "Ines"})
    assert (await front.by("Mara").act(proposal_id, "comments", {"comment": "Pity."})).status == 200
    assert (await front.by("Nadia").act(proposal_id, "comments", {"comment": "Hi."})).status == 403
    audit = (await front.audit(proposal_id, verify="true")).body
    assert (audit["verdict"]["ok"], audit["entries"][-1]["data"]) == (True, {"afterEnd": True, "comment": "Pity."})


async def test_a_reassignment_without_a_name_is_a_systems(front):
    """A signed-in person always has a name."""
    proposal_id = await front.begin(FORM)
    await front.act(proposal_id, "reassign", {"from": "Mara", "to": "Otto"})
    [entry] = [each for each in open_review_records().read(proposal_id).entries if each.kind is Kind.REASSIGNED]
    assert (entry.by, entry.owner, AUTHOR) == ("a system", "Mara", "Ines")
