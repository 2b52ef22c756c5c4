"""The activities of a review, on real records; each may run twice."""

import asyncio
import logging
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from activities.review import advance_review, decide_by_event, fail_review, record_checks, tell_people
from approvals.policy.policy import Policy
from approvals.record.documents import Attachment
from approvals.record.entries import Via
from approvals.record.verdict import Anchor, Tampered
from approvals.rules.progress import begin, end_as_failed
from approvals.rules.replay import replay
from gateways.kept_heads import open_kept_heads
from gateways.letters.mail import Outbox
from gateways.proposal_index import open_proposal_index
from gateways.record_cache import RecordCache
from gateways.review_records import BlobRecords, open_review_records
from services.review_changes import add
from tests import records
from tests.clients.durable_client import MemoryClient

WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
BOARD = {
    "stages": [
        {"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all", "windowHours": 10, "escalateTo": ["Vera"]},
        {"name": "release", "approvers": ["Amara"]},
    ]
}


@pytest.fixture(autouse=True)
def _storage(azurite, monkeypatch):
    """Write to the Azurite of the test session."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("RECORDS_CONTAINER", "activity-tests")
    monkeypatch.setenv("OUTBOX_CONTAINER", "activity-tests-outbox")


@pytest.fixture
def now():
    """The time at which the proposal is handed in."""
    return datetime.now(UTC)


@pytest.fixture
def proposal(now):
    """The id of a proposal that is on record and nothing more."""
    name = uuid.uuid4().hex
    policy = Policy.from_dict(BOARD)
    entries = begin(
        name, WORDS, author="Ines", via=Via.SYSTEM, policy=policy, policy_name="own", attachments=(), now=now
    )
    open_review_records().create(name, entries)
    return name


@pytest.fixture
def waiting(proposal, now):
    """The id of a proposal that waits for Mara and Jonas."""
    step = look(proposal, now)
    call(record_checks, {"proposalId": proposal, "document": step["document"], "findings": ["passed"]})
    return proposal


@pytest.fixture(autouse=True)
def hub(monkeypatch):
    """What the activities tell counters."""
    client = MemoryClient()
    monkeypatch.setattr(sys.modules[__name__], "CLIENT", client)
    return client


CLIENT = MemoryClient()


def call(activity, argument):
    """Call what the host would call."""
    function = activity._function.get_user_function()
    if hasattr(function, "__wrapped__"):
        return asyncio.run(function.__wrapped__(argument, CLIENT))
    return function(argument)


def look(proposal, at, told=0):
    """Look at the record at that time."""
    return call(advance_review, {"proposalId": proposal, "now": at.isoformat(), "told": told})["step"]


def review(proposal):
    """What the record adds up to."""
    return replay(open_review_records().read(proposal).entries)


def event(proposal, decision, name="event 1"):
    """Take down a decision that came as an event."""
    return call(decide_by_event, {"proposalId": proposal, "heard": {"id": name, "decision": decision}})["refused"]


def test_a_look_adds_the_proposal_to_the_list(proposal, now):
    """With how much of its record the workflow has seen, which the sweep needs."""
    step = look(proposal, now, told=1)
    row = open_proposal_index().find(proposal)
    chain = open_review_records().read(proposal)
    assert (step["next"], step["entries"]) == ("check", 1)
    assert (row.status, row.entries, row.size, row.head, row.told) == ("checking", 1, chain.size, chain.head, 1)


def test_a_look_that_leaves_the_files_to_a_workflow_reads_the_record_once(now, monkeypatch):
    """Of which a process that has just started knows nothing."""
    name, policy = uuid.uuid4().hex, Policy.from_dict(BOARD)
    picture = Attachment(name="a.png", blob=f"{name}/a.png", content_type="image/png", size=1, sha256="0" * 64)
    entries = begin(
        name, WORDS, author="Ines", via=Via.SYSTEM, policy=policy, policy_name="own", attachments=(picture,), now=now
    )
    open_review_records().create(name, entries)
    monkeypatch.setattr("gateways.review_records.open_record_cache", RecordCache)
    read, asked = BlobRecords.read, []

    def counted(self, proposal_id):
        asked.append(proposal_id)
        return read(self, proposal_id)

    monkeypatch.setattr(BlobRecords, "read", counted)
    found = call(advance_review, {"proposalId": name, "now": now.isoformat(), "told": 0, "tell": True})
    assert (found["step"]["next"], asked) == ("check", [name])


def test_checks_open_the_first_stage_once(waiting, now):
    """Those of another document do not count."""
    step = look(waiting, now)
    again = {"proposalId": waiting, "document": step["document"], "findings": ["objections"]}
    assert call(record_checks, again) == {"recorded": True}
    assert call(record_checks, {**again, "document": "another"}) == {"recorded": True}
    assert (step["next"], step["stage"], review(waiting).findings) == ("wait", "board", ("passed",))
    assert open_proposal_index().find(waiting).waiting_for == ("Mara", "Jonas")


def test_a_look_records_what_became_due(waiting, now):
    """By the workflow's time where this host's clock is behind it; once."""
    at = now + timedelta(hours=11)
    steps = [look(waiting, at) for _ in range(2)]
    assert steps[0] == steps[1]
    assert steps[0]["counts"] == {"submitted": 1, "escalated": 1}
    assert open_proposal_index().find(waiting).waiting_for == ("Vera", "Mara", "Jonas")


def test_a_look_uses_the_host_clock_if_it_is_ahead_of_the_workflow(waiting, now, monkeypatch):
    """A workflow that is late must not let a deadline pass."""
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(11 * 3600))
    assert look(waiting, now)["counts"]["escalated"] == 1


def test_an_event_is_recorded_once(waiting):
    """Under its id; another answer of the same person is refused with a reason."""
    yes = {"approved": True, "approver": "Mara", "comment": "go"}
    assert [event(waiting, yes), event(waiting, yes)] == [None, None]
    assert [each.person for each in review(waiting).decisions] == ["Mara"]
    assert event(waiting, {"approved": False, "approver": "Mara"}, "event 2") == "alreadyDecided"


@pytest.mark.parametrize("nobody", [{}, {"approver": "unnamed"}, {"approver": "Nobody"}, {"approver": "GREENLIGHT"}])
def test_an_event_without_a_name_counts_for_nobody(waiting, nobody):
    """Not even if only one person is waited for."""
    event(waiting, {"approved": True, "approver": "Mara"})
    assert [each.person for each in review(waiting).waiting_for] == ["Jonas"]
    assert event(waiting, {"approved": True, **nobody}, "event 2") == "notAsked"
    assert [each.person for each in review(waiting).decisions] == ["Mara"]


def test_people_are_notified_once(waiting):
    """A second run sends nothing."""
    sent = [call(tell_people, {"proposalId": waiting, "told": told}) for told in (0, 0, 3)]
    assert sent == [{"told": 3, "failed": 0}] * 3


def test_a_letter_that_cannot_be_sent_does_not_stop_the_others(waiting, now, monkeypatch, caplog):
    """The record counts as told up to the entry before it; the log names the entry but no person."""
    event(waiting, {"approved": True, "approver": "Mara"}, "event 0")
    look(waiting, now + timedelta(hours=11))
    send, sent = Outbox.send, []

    def no_asking(self, letter, *, key):
        if "-asked-" in key:
            raise OSError("the post is closed")
        sent.append(key)
        return send(self, letter, key=key)

    monkeypatch.setattr(Outbox, "send", no_asking)
    event(waiting, {"approved": True, "approver": "Vera"})
    with caplog.at_level(logging.ERROR):
        told = call(tell_people, {"proposalId": waiting, "told": 0})
    assert (told["failed"], told["told"] < review(waiting).number, len(sent) > 0) == (1, True, True)
    assert [word for word in ("Mara", "Amara") if word in caplog.messages[0]] == []


@pytest.mark.parametrize("setting", ["LETTERS_PER_PROPOSAL", "LETTERS_PER_SENDER"])
def test_letters_over_the_daily_limit_wait(now, monkeypatch, caplog, setting):
    """A limit for each proposal and one for each author; the letters leave the next day."""
    author, name = f"Ines {uuid.uuid4().hex}", uuid.uuid4().hex
    policy = Policy.from_dict(BOARD)
    entries = begin(
        name, WORDS, author=author, via=Via.SYSTEM, policy=policy, policy_name="own", attachments=(), now=now
    )
    open_review_records().create(name, entries)
    step = look(name, now)
    call(record_checks, {"proposalId": name, "document": step["document"], "findings": ["passed"]})
    monkeypatch.setenv(setting, "1")
    sent = []
    monkeypatch.setattr(Outbox, "send", lambda _, letter, **__: sent.append(letter.to_name) or True)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert call(tell_people, {"proposalId": name, "told": 0}) == {"told": 2, "failed": 1}
    assert (len(set(sent)), "the daily limit is reached" in caplog.text) == (1, True)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(24 * 3600))
    monkeypatch.setenv(setting, "2")
    assert call(tell_people, {"proposalId": name, "told": 0}) == {"told": 3, "failed": 0}
    assert set(sent) == {"Mara", "Jonas"}


@pytest.mark.parametrize("activity", [advance_review, fail_review], ids=["a look", "a failure"])
def test_nothing_is_added_to_a_record_that_was_cut(waiting, now, activity):
    """The workflow has processed more entries than there are; the row of the list may be gone too."""
    asked = {"proposalId": waiting, "told": 5}
    asked |= {"reason": "it rained"} if activity is fail_review else {"now": (now + timedelta(days=9)).isoformat()}
    with pytest.raises(Tampered, match="5 entries were processed, 3 are here"):
        call(activity, asked)
    assert review(waiting).number == 3


def test_the_row_of_a_rewritten_record_is_not_overwritten(waiting, now, azurite):
    """Its end was cut and somebody has answered since: the head in the list is no longer in the record."""
    look(waiting, now)
    before = open_proposal_index().find(waiting)
    records.rewrite(
        azurite.connection_string,
        waiting,
        lambda content: b"".join(content.splitlines(keepends=True)[:-1]),
        container="activity-tests",
    )
    add(waiting, lambda review: end_as_failed(review, "it rained", now=now + timedelta(hours=1)))
    with pytest.raises(Tampered, match="rewritten"):
        look(waiting, now)
    assert open_proposal_index().find(waiting) == before


def test_the_head_of_an_ended_review_is_stored_in_a_second_place(waiting, now):
    """Once it has ended, and not before."""
    look(waiting, now)
    assert open_kept_heads().find(waiting) is None
    call(fail_review, {"proposalId": waiting, "told": 0, "reason": "it rained"})
    chain = open_review_records().read(waiting)
    assert open_kept_heads().find(waiting) == Anchor(entries=4, head=chain.head)


def test_an_unreachable_second_place_does_not_stop_a_review_from_ending(waiting, monkeypatch, caplog):
    """The sweep copies the head later."""

    def away():
        raise ServiceRequestError("away")

    monkeypatch.setattr("services.record_watch.open_kept_heads", away)
    step = call(fail_review, {"proposalId": waiting, "told": 0, "reason": "it rained"})["step"]
    assert (step["next"], "its head could not be copied yet" in caplog.text) == ("ended", True)


def test_a_review_that_cannot_go_on_is_ended_as_failed(waiting):
    """Once, and not if it has ended already; the list shows it."""
    failing = {"proposalId": waiting, "told": 0, "reason": "the workflow could not continue"}
    steps = [call(fail_review, failing)["step"] for _ in range(2)]
    assert [(step["next"], step["status"], step["entries"]) for step in steps] == [("ended", "failed", 4)] * 2
    assert (open_proposal_index().find(waiting).status, review(waiting).end.reason) == ("failed", failing["reason"])


def test_activities_do_nothing_without_a_record():
    """Each says so; tell_people raises, because it is called after a look."""
    nobody = uuid.uuid4().hex
    assert look(nobody, datetime.now(UTC)) is None
    assert call(record_checks, {"proposalId": nobody, "document": "d", "findings": []}) == {"recorded": False}
    assert event(nobody, {"approved": True}) == "unknown"
    assert call(fail_review, {"proposalId": nobody, "told": 0, "reason": "r"}) == {"step": None}
    with pytest.raises(Exception, match="no record"):
        call(tell_people, {"proposalId": nobody, "told": 0})
