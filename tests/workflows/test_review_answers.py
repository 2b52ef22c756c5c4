"""Answers to a review by every way at once: the API, the queue and durable events; early, late, twice and together."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.storage.queue import QueueClient

from tests.workflows.reviews import Reviews, counted, stage

MANY = 64


@pytest.fixture
def reviews(app):
    """The reviews of the module's host."""
    return Reviews(app)


def send_raw(app, text):
    """Put a text on the queue as it is."""
    with QueueClient.from_connection_string(app.connection_string, "approval-queue") as queue:
        queue.send_message(text)


def poison(app, proposal):
    """Return the reasons with which messages about a proposal were put aside, as the log has them."""
    lines = (json.loads(each["text"]) for each in app.records if each.get("logger") == "greenlight.poison")
    return [line["reason"] for line in lines if proposal in line["body"]]


def test_64_answers_at_once_have_one_winner(app, reviews):
    """32 through the API and 32 through the queue to a stage of one answer; each loser of the API learns who won."""
    people = [f"Person {number}" for number in range(MANY // 2)]
    proposal = reviews.submit(stage("the design board", anyone=True))  # systems may name any member
    reviews.waits(proposal, "the design board")
    before = reviews.counters()

    def by_queue(person):
        app.send("approval-queue", {"proposalId": proposal, "approver": f"{person} Q", "decision": "approve"})

    with ThreadPoolExecutor(MANY) as pool:
        queued = [pool.submit(by_queue, person) for person in people]
        answers = list(pool.map(lambda person: reviews.decide(proposal, person), people))
        for each in queued:
            each.result()
    assert reviews.ended(proposal) == "approved"
    winner = reviews.show(proposal)["outcome"]["decidedBy"]
    won = [person for person, answer in zip(people, answers, strict=True) if answer.status == 200]
    assert won == [person for person in people if person == winner]
    lost = [answer.body["detail"] for answer in answers if answer.status != 200]
    assert [detail for detail in lost if winner not in detail] == []
    app.until(lambda: len(poison(app, proposal)) == MANY - len(lost) - 1)
    assert [reason for reason in poison(app, proposal) if winner not in reason] == []
    assert reviews.kinds(proposal).count("decided") == 1
    app.until(lambda: counted(before, reviews.counters()) == {"approved": 1})


def test_all_of_many_simultaneous_answers_are_recorded_if_all_are_needed(reviews):
    """Each appends after another; none is lost or counted twice."""
    people = [f"Person {number}" for number in range(12)]
    proposal = reviews.submit(stage(*people, rule="all"))
    reviews.waits(proposal, *people)
    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda person: reviews.decide(proposal, person), [*people, *people]))
    assert {answer.status for answer in answers} <= {200, 409}
    assert [answers[number].status == 200 or answers[number + 12].status == 200 for number in range(12)] == [True] * 12
    assert reviews.ended(proposal) == "approved"
    assert reviews.kinds(proposal).count("decided") == len(people)


@pytest.mark.parametrize("form", ["proposal", "instance", "instance in base64", "event", "client event"])
def test_every_form_of_an_answer_decides(app, reviews, form):
    """If it has a name."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    match form:
        case "proposal":
            app.send("approval-queue", {"proposalId": proposal, "approver": "Mara", "decision": "approve"})
        case "instance":
            app.send("approval-queue", {"instanceId": proposal, "approved": True, "approver": "Mara"})
        case "instance in base64":
            message = {"instanceId": proposal, "approved": True, "approver": "Mara"}
            send_raw(app, base64.b64encode(json.dumps(message).encode()).decode())
        case "event":
            reviews.raise_decision(proposal, approved=True, approver="Mara")
        case _:
            app.raise_event(proposal, "Approval", json.dumps({"approved": True, "approver": "mara"}))
    assert reviews.ended(proposal) == "approved"
    decided = reviews.show(proposal)["outcome"]["decidedBy"]
    assert decided == "Mara"


def test_a_word_of_the_policy_may_come_by_the_queue(app, reviews):
    """With a comment, and with the sender's id; a repetition changes nothing."""
    proposal = reviews.submit(stage("Mara"), stage("Mara", name="release"), policy={"outcomes": {"fine": "approve"}})
    reviews.waits(proposal, "Mara")
    message = {"proposalId": proposal, "approver": "Mara", "decision": "fine", "comment": "go", "decisionId": "42"}
    app.send("approval-queue", message)
    app.send("approval-queue", message)
    app.until(lambda: "stageClosed" in reviews.kinds(proposal))
    app.send("approval-queue", {**message, "decision": "approve", "decisionId": "43"})
    assert reviews.ended(proposal) == "approved"
    assert reviews.kinds(proposal).count("decided") == 2


def test_an_unusable_answer_is_put_aside_with_the_reason(app, reviews):
    """At once; the review goes on waiting."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    messages = (
        ({"decision": "approve"}, "names no person"),
        ({"decision": "approve", "approver": "Somebody"}, "not asked"),
        ({"decision": "approve", "approver": "Ines"}, "may not decide"),
        ({"decision": "maybe", "approver": "Mara"}, "use one of"),
        ({"decision": "approve", "approver": "Mara", "extra": 1}, "Extra inputs"),
    )
    for number, (message, told) in enumerate(messages, start=1):
        app.send("approval-queue", {"proposalId": proposal, **message})
        app.until(lambda number=number: len(poison(app, proposal)) == number)
        assert told in poison(app, proposal)[-1]
    reviews.waits(proposal, "Mara", "Jonas")


def test_a_late_answer_by_the_queue_is_put_aside_with_who_decided(app, reviews):
    """Also when the workflow has long ended."""
    proposal = reviews.submit(stage("Mara", "Jonas"))
    reviews.waits(proposal, "Mara", "Jonas")
    reviews.decide(proposal, "Mara")
    reviews.ended(proposal)
    app.send("approval-queue", {"instanceId": proposal, "approved": False, "approver": "Jonas"})
    app.until(lambda: poison(app, proposal))
    assert "approved by Mara" in poison(app, proposal)[0]


def test_the_same_answer_by_every_way_counts_once(app, reviews):
    """API, queue and event, one after the other and at once."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    with ThreadPoolExecutor() as pool:
        ways = (
            lambda: reviews.decide(proposal, "Mara"),
            lambda: app.send("approval-queue", {"instanceId": proposal, "approved": True, "approver": "Mara"}),
            lambda: reviews.raise_decision(proposal, approved=True, approver="Mara"),
            lambda: reviews.raise_decision(proposal, "Approval", approved=True, approver="mara"),
        )
        for done in [pool.submit(way) for way in ways * 2]:
            done.result()
    reviews.waits(proposal, "Jonas")
    reviews.decide(proposal, "Jonas")
    assert reviews.ended(proposal) == "approved"
    assert reviews.kinds(proposal).count("decided") == 2


@pytest.mark.parametrize("people", [("Mara",), ("Mara", "Jonas")])
def test_an_event_without_a_name_is_refused_and_shown(reviews, people):
    """By a code, also if only one person is waited for; the next one with a name counts."""
    proposal = reviews.submit(stage(*people))
    reviews.waits(proposal, *people)
    reviews.raise_decision(proposal, approved=True)
    shown = reviews.app.until_shown(proposal, refusedEvents=1)["customStatus"]
    assert shown["lastRefusal"] == "notAsked"
    reviews.raise_decision(proposal, approved=False, approver="Mara")
    assert reviews.ended(proposal) == "rejected"


@pytest.mark.parametrize("form", ["bare", "bare in base64"])
def test_a_bare_id_decides_no_review(app, reviews, form):
    """Although the setting allows it for a workflow without a policy."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    send_raw(app, proposal if form == "bare" else base64.b64encode(proposal.encode()).decode())
    app.until(lambda: poison(app, proposal) or poison(app, base64.b64encode(proposal.encode()).decode()))
    reviews.waits(proposal, "Mara")


def test_an_event_counts_for_one_stage(reviews):
    """The host delivers it again to the next execution, where the same person is asked in the next stage."""
    proposal = reviews.submit(stage("Mara"), stage("Mara", name="release"))
    reviews.waits(proposal, "Mara")
    reviews.raise_decision(proposal, approved=True, approver="Mara")
    reviews.app.until_shown(proposal, stage="release")
    reviews.app.advance(hours=0.001)  # all that follows from it has happened
    reviews.waits(proposal, "Mara")
    reviews.raise_decision(proposal, approved=True, approver="Mara")
    assert reviews.ended(proposal) == "approved"
    assert reviews.kinds(proposal).count("decided") == 2
