"""What is on record is carried out, wherever between two steps the process that wrote it died."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from activities.review import advance_review
from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.rules.acceptance import Actor
from approvals.rules.progress import begin
from approvals.rules.verbs import Decide, Withdraw
from durable_devhost.testing.plugin import AppFailed
from gateways.review_records import open_review_records
from services.review_changes import VerbRecorded, record_verb
from tests.long import LONG
from tests.workflows.conftest import ROOT, SETTINGS, Greenlight
from tests.workflows.reviews import Reviews, counted, stage, sweeping

WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
BOARD = Policy.from_dict({"stages": [{"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all"}]})
A_LOOK = 0.2
"""Hours; twelve minutes, in which the sweep looks at all records."""
SENDERS, MOST_SENT = 8, 40
REVIEWS = 150 if LONG else 24


@pytest.fixture(scope="module")
def app(tmp_path_factory, app_storage):
    """One host for the module; what the dead process would have written is written beside it."""
    with Greenlight(
        ROOT, tmp_path_factory.mktemp("greenlight"), ("--clock", "virtual"), SETTINGS, app_storage
    ) as running:
        yield running


@pytest.fixture
def reviews(app, monkeypatch):
    """The reviews of that host; the gateways of this process write into the same storage."""
    monkeypatch.setenv("ApprovalsStorage", app.connection_string)
    return Reviews(app)


def put_on_record():
    """Begin a record as a submission does, and do nothing more."""
    name = f"p-{uuid.uuid4().hex}"
    entries = begin(
        name,
        WORDS,
        author="Ines",
        via=Via.SYSTEM,
        policy=BOARD,
        policy_name="own",
        attachments=(),
        now=datetime.now(UTC),
    )
    assert open_review_records().create(name, entries)
    return name


def write_down(proposal, verb):
    """Take a verb down as the desk does, and wake nobody."""
    assert isinstance(record_verb(proposal, verb, Actor(name=verb.actor_name, via=Via.SYSTEM)), VerbRecorded)


def test_a_proposal_that_is_only_a_record_is_reviewed(app, reviews):
    """Neither in the list nor started: people are asked after a look at all records, and decide."""
    proposal = put_on_record()
    assert app.status(proposal) is None
    app.advance(hours=A_LOOK)
    reviews.waits(proposal, "Mara", "Jonas")
    for person in ("Mara", "Jonas"):
        reviews.decide(proposal, person)
    assert reviews.ended(proposal) == "approved"
    assert len(reviews.letters(proposal)) == 5


@pytest.mark.parametrize("last", ["an answer", "a withdrawal"])
def test_entries_recorded_without_an_event_are_processed(app, reviews, last):
    """No event is raised; the sweep sees that the record has grown."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    before = reviews.counters()
    verbs = {"an answer": Decide(approver="Mara", decision="approve"), "a withdrawal": Withdraw(by="Ines")}
    write_down(proposal, verbs[last])
    assert app.status(proposal)["runtimeStatus"] == "Running"
    app.advance(hours=A_LOOK)
    outcome = {"an answer": "approved", "a withdrawal": "withdrawn"}[last]
    assert reviews.ended(proposal) == outcome
    assert counted(before, reviews.counters()) == {outcome: 1}


def test_the_next_sweep_processes_an_end_that_the_workflow_missed(app, reviews):
    """The host died between a look and its row of history: record and list have the end, the workflow waits."""
    proposal = reviews.submit(stage("Mara", windowHours=500))
    reviews.waits(proposal, "Mara")
    before = reviews.counters()
    write_down(proposal, Withdraw(by="Ines"))
    look = {"proposalId": proposal, "now": datetime.now(UTC).isoformat(), "told": 3}
    assert asyncio.run(advance_review._function.get_user_function().__wrapped__(look, None))["step"]["next"] == "ended"
    app.trigger("SweepReviews")
    assert reviews.ended(proposal) == "withdrawn"
    assert [each for each in reviews.letters(proposal) if "ended" in each] == ["5-ended"]
    assert counted(before, reviews.counters()) == {"withdrawn": 1}


def test_a_repeated_verb_wakes_a_workflow_that_was_not_woken(reviews):
    """Its sender got no answer, because the host died after the record; no sweep is needed."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    write_down(proposal, Withdraw(by="Ines"))
    assert reviews.do(proposal, "withdraw", by="Ines").body["repeated"]
    assert reviews.ended(proposal) == "withdrawn"


def test_an_ended_review_is_processed_once_however_often_it_is_started(app, reviews):
    """By an operator, or by a sweep with an old list: no letter and no count is repeated."""
    before = reviews.counters()
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    reviews.decide(proposal, "Mara")
    reviews.ended(proposal)
    letters, entries = reviews.letters(proposal), reviews.kinds(proposal)
    for swept in (False, True):
        if swept:
            app.trigger("SweepReviews")
        app.start("ApprovalWorkflow", {"review": {"proposalId": proposal}}, proposal)
        assert reviews.ended(proposal) == "approved"
    assert (reviews.letters(proposal), reviews.kinds(proposal)) == (letters, entries)
    assert counted(before, reviews.counters()) == {"submitted": 1, "approved": 1}


def test_sweeps_count_nothing_twice_while_reviews_are_decided(app, reviews):
    """One sweep after the other, while reviews move on between its reading and its action."""
    before = reviews.counters()
    with sweeping(app), ThreadPoolExecutor(SENDERS) as pool:
        proposals = list(pool.map(lambda _: reviews.submit(stage("Mara")), range(REVIEWS)))
        list(pool.map(lambda each: reviews.waits(each, "Mara"), proposals))
        list(pool.map(lambda each: reviews.decide(each, "Mara"), proposals))
        assert {reviews.ended(each) for each in proposals} == {"approved"}
    app.trigger("SweepReviews")
    app.advance(hours=A_LOOK)
    assert counted(before, reviews.counters()) == {"submitted": REVIEWS, "approved": REVIEWS}


def test_a_review_whose_workflow_an_operator_ends_has_failed(app, reviews):
    """At its next event; nothing is approved, people are notified, and it is counted once."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    before = reviews.counters()
    app.request("POST", f"/runtime/webhooks/durabletask/instances/{proposal}/terminate?reason=mistake")
    app.wait(proposal)
    assert reviews.decide(proposal, "Mara").status == 200
    app.advance(hours=A_LOOK)
    app.until(lambda: app.status(proposal)["runtimeStatus"] == "Completed")
    assert reviews.show(proposal)["status"] == "failed"
    assert reviews.decide(proposal, "Jonas").status == 409
    assert [each for each in reviews.letters(proposal) if "ended" in each] == ["5-ended"] * 3
    app.advance(hours=1)
    assert counted(before, reviews.counters()) == {"failed": 1}


def test_a_look_at_all_records_notices_that_a_workflow_was_ended(app, reviews):
    """Its deadline is days away, and nobody does anything."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    app.advance(hours=A_LOOK)
    assert reviews.show(proposal)["status"] == "inReview"
    app.request("POST", f"/runtime/webhooks/durabletask/instances/{proposal}/terminate?reason=mistake")
    app.wait(proposal)
    app.advance(hours=A_LOOK)
    app.until(lambda: reviews.show(proposal)["status"] == "failed")


def test_a_look_at_all_records_starts_a_workflow_that_was_purged(app, reviews):
    """Its review goes on where it was."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    app.request("POST", f"/runtime/webhooks/durabletask/instances/{proposal}/terminate?reason=mistake")
    app.wait(proposal)
    app.request("DELETE", f"/runtime/webhooks/durabletask/instances/{proposal}")
    app.advance(hours=A_LOOK)
    reviews.waits(proposal, "Mara", "Jonas")
    for person in ("Mara", "Jonas"):
        assert reviews.decide(proposal, person).status == 200
    assert reviews.ended(proposal) == "approved"


def test_a_killed_host_loses_nothing_that_it_has_acknowledged(app, reviews):
    """Proposals and answers arrive; each one that got a 2xx is processed after the restart."""
    handed_in, answered = list[str](), list[str]()

    def pour():
        for _ in range(MOST_SENT):
            try:
                proposal = reviews.submit(stage("Mara", "Jonas"))
                handed_in.append(proposal)
                if reviews.decide(proposal, "Mara").status == 200:
                    answered.append(proposal)
            except (OSError, AppFailed, AssertionError):
                return

    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(pour) for _ in range(SENDERS)]
        app.until(lambda: len(answered) > SENDERS)
        app.kill()
        for sender in senders:
            sender.result()
    app.restart()
    app.advance(hours=A_LOOK)
    for proposal in handed_in:
        expected = ["Mara", "Jonas"] if reviews.show(proposal)["status"] == "inReview" else []
        assert proposal not in answered or expected == []
        if expected:
            reviews.waits(proposal, *expected)
            assert reviews.decide(proposal, "Jonas").status == 200
        assert reviews.ended(proposal) == "approved"
        assert reviews.kinds(proposal).count("decided") == 1
