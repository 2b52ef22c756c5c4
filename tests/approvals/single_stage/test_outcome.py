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


def test_an_outcome_survives_the_way_through_json():
    """Its dict is what the workflow returns."""
    assert Outcome.from_dict(OUTCOME.to_dict()) == OUTCOME
    assert OUTCOME.to_dict()["decidedBy"] == "Mara"


def test_there_are_three_ways_to_end():
    """A word that the table does not know is refused."""
    with pytest.raises(Invalid, match="outcome"):
        Outcome.from_dict({**OUTCOME.to_dict(), "outcome": "withdrawn"})


def test_a_request_survives_the_way_through_json():
    """Without a deadline too."""
    request = AnswerRequest(
        proposal_id="p-1", stage="s", opened_at="t", approver="Mara", title="x", event="Approval", deadline=None
    )
    assert AnswerRequest.from_dict(request.to_dict()) == request
