"""The request for an answer, the outcome of a stage, and the notice about it, as activities get them."""

from typing import Literal

from approvals.validation import Boundary, Line, Prose


class AnswerRequest(Boundary):
    """A request to an approver: the input of RequestApproval."""

    proposal_id: str
    stage: str
    opened_at: str
    """When this run started, ISO 8601 in UTC. Distinguishes two runs under one id (a restarted instance)."""
    approver: Line
    title: Line
    event: str
    """The name of the event for the answer."""
    deadline: str | None
    """ISO 8601 in UTC; None if there is no deadline."""


class Outcome(Boundary):
    """The outcome of one stage of a proposal: the workflow's output, and a row of the table `Outcomes`."""

    proposal_id: str
    stage: str
    opened_at: str
    outcome: Literal["approved", "rejected", "escalated", "expired"]
    decided_by: Line
    """The approver; for an escalation, the person it was escalated to; after a deadline, who did not answer."""
    comment: Prose = ""
    decided_at: str
    """ISO 8601 in UTC: the workflow's time of the answer or of the deadline."""


class Notice(Boundary):
    """A notice to the requester about the outcome: the input of NotifyRequester."""

    to: Line
    about: Line
    outcome: Outcome
