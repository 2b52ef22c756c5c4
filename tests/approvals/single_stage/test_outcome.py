"""Outcomes cross durable boundaries as plain JSON."""

import pytest

from approvals.single_stage.outcome import AnswerRequest, Outcome
from approvals.validation import Invalid

OUTCOME = Outcome(
    proposal_id="p-1",
    stage="design-review",
    opened_at="2026-03-02T09:00:00+00:00",
    outcome="approved",
    decided_by="Mara",
    decided_at="2026-03-02T10:00:00+00:00",
)


def test_an_outcome_reads_back_from_json():
    """The workflow returns its dict."""
    assert Outcome.from_dict(OUTCOME.to_dict()) == OUTCOME
    assert OUTCOME.to_dict()["decidedBy"] == "Mara"


def test_only_three_outcomes_exist():
    """An unknown word is refused."""
    with pytest.raises(Invalid, match="outcome"):
        Outcome.from_dict({**OUTCOME.to_dict(), "outcome": "withdrawn"})


def test_a_request_reads_back_from_json():
    """Also without a deadline."""
    request = AnswerRequest(
        proposal_id="p-1", stage="s", opened_at="t", approver="Mara", title="x", event="Approval", deadline=None
    )
    assert AnswerRequest.from_dict(request.to_dict()) == request
