"""Rows in real tables: the first to write wins."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from approvals.decision import Decision
from approvals.single_stage.outcome import AnswerRequest, Outcome
from gateways.single_stage_records import Answer, open_single_stage_records

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def proposal():
    """An id that no other test uses."""
    return uuid.uuid4().hex


def outcome(proposal: str, word: str, opened: str = "2026-03-02T09:00:00+00:00") -> Outcome:
    """Return an outcome of the proposal's one stage."""
    return Outcome(
        proposal_id=proposal,
        stage="design-review",
        opened_at=opened,
        outcome=word,
        decided_by="Mára / 100 %",
        comment="ü" * 8000,
        decided_at="2026-03-02T10:00:00+00:00",
    )


def answer(proposal: str, decision: Decision, round_: str = "1") -> Answer:
    """Return an answer to the proposal."""
    return Answer(proposal_id=proposal, workflow="ApprovalWorkflow", round=round_, decision=decision, answered_at=NOW)


def test_the_first_outcome_stays(proposal):
    """Later callers get the recorded one."""
    records = open_single_stage_records()
    first = records.settle(outcome(proposal, "rejected"))
    assert first == outcome(proposal, "rejected")
    assert records.settle(outcome(proposal, "approved")) == first


def test_a_second_round_is_decided_anew(proposal):
    """A restarted instance does not inherit the old approval."""
    records = open_single_stage_records()
    records.settle(outcome(proposal, "approved"))
    assert records.settle(outcome(proposal, "rejected", opened="2026-03-05T09:00:00+00:00")).outcome == "rejected"


def test_one_of_many_simultaneous_writers_wins(proposal):
    """All of them get the same outcome."""
    records = open_single_stage_records()
    words = ["approved", "rejected", "escalated"] * 3
    with ThreadPoolExecutor(len(words)) as pool:
        outcomes = list(pool.map(lambda word: records.settle(outcome(proposal, word)).outcome, words))
    assert len(set(outcomes)) == 1


def test_the_first_answer_of_a_person_stays(proposal):
    """In any case of the name; another person has their own answer."""
    records = open_single_stage_records()
    no = Decision(approved=False, approver="Mara", comment="too steep")
    assert records.record_answer(answer(proposal, no)) == no
    assert records.record_answer(answer(proposal, Decision(approved=True, approver="MARA"))) == no
    assert records.record_answer(answer(proposal, Decision(approved=True, approver="Jonas"))).approved
    assert records.record_answer(answer(proposal, Decision(approved=True, approver="Mara"), "2")).approved


def test_a_request_keeps_its_first_date(proposal):
    """A second request changes nothing; the id may hold characters that table keys may not."""
    request = AnswerRequest(
        proposal_id=f"odd/{proposal}#?", stage="s", opened_at="t", approver="Mara", title="x", event="E", deadline=None
    )
    first = open_single_stage_records().open_request(request, now=NOW)
    assert first.requested_at == NOW.isoformat()
    assert open_single_stage_records().open_request(request, now=datetime(2026, 3, 3, tzinfo=UTC)) == first
