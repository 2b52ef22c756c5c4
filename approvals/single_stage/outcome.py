"""What activities are asked and what comes out: the request for an answer, and the end of a stage."""

from typing import Literal

from approvals.validation import Boundary, Line, Prose


class AnswerRequest(Boundary):
    """What an approver is asked; the input of RequestApproval."""

    proposal_id: str
    stage: str
    opened_at: str
    """When this round began, ISO 8601 in UTC; tells apart two runs under one id (a restarted instance)."""
    approver: Line
    title: Line
    event: str
    """The name of the event that carries the answer."""
    deadline: str | None
    """ISO 8601 in UTC; None where there is no hurry."""


class Outcome(Boundary):
    """The end of one stage of a proposal: the workflow's output and a row of the table `Outcomes`."""

    proposal_id: str
    stage: str
    opened_at: str
    outcome: Literal["approved", "rejected", "escalated", "expired"]
    decided_by: Line
    """The approver; for an escalation, to whom it went; where the time ran out, who did not answer."""
    comment: Prose = ""
    decided_at: str
    """ISO 8601 in UTC: the workflow's time of the answer or of the deadline."""


class Notice(Boundary):
    """What somebody is told who handed something in: the input of NotifyRequester."""

    to: Line
    about: Line
    outcome: Outcome
