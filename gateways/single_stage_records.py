"""The tables of approvals without a policy: requests, answers and outcomes. Each row is inserted once.

Reviews by a policy have records instead, see gateways/review_records.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from azure.data.tables import TableClient

from approvals.decision import Decision
from approvals.names import key
from approvals.single_stage.outcome import AnswerRequest, Outcome
from gateways.tables import insert_first, keys, open_table


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A row of `Requests`: who was asked, and when for the first time."""

    approver: str
    requested_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A row of `Decisions`: one person's answer in one round, before it becomes an event."""

    proposal_id: str
    workflow: str
    round: str
    decision: Decision
    answered_at: datetime


class Records(Protocol):
    """What the app needs from the tables."""

    def open_request(self, request: AnswerRequest, *, now: datetime) -> OpenRequest:
        """Record that a person was asked; returns the recorded request."""
        ...

    def record_answer(self, answer: Answer) -> Decision:
        """Record an answer; returns the recorded one, which differs if this person has answered before."""
        ...

    def settle(self, outcome: Outcome) -> Outcome:
        """Record how a stage ended; returns the recorded outcome."""
        ...


class TableRecords:
    """The records in Azure Table Storage."""

    def __init__(self, *, requests: TableClient, decisions: TableClient, outcomes: TableClient) -> None:
        self._requests = requests
        self._decisions = decisions
        self._outcomes = outcomes

    def open_request(self, request: AnswerRequest, *, now: datetime) -> OpenRequest:
        """Insert into `Requests`."""
        row = insert_first(
            self._requests,
            {
                **keys(request.proposal_id, request.stage, request.opened_at),
                "ProposalId": request.proposal_id,
                "Stage": request.stage,
                "Approver": request.approver,
                "Title": request.title,
                "EventName": request.event,
                "Deadline": request.deadline or "",
                "RequestedAt": now.isoformat(),
            },
        )
        return OpenRequest(approver=row["Approver"], requested_at=row["RequestedAt"])

    def record_answer(self, answer: Answer) -> Decision:
        """Insert into `Decisions`; one row for (proposal, round, approver)."""
        decision = answer.decision
        row = insert_first(
            self._decisions,
            {
                **keys(answer.proposal_id, answer.workflow, answer.round, key(decision.approver)),
                "ProposalId": answer.proposal_id,
                "Workflow": answer.workflow,
                "Round": answer.round,
                "Approver": decision.approver,
                "Approved": decision.approved,
                "Comment": decision.comment,
                "AnsweredAt": answer.answered_at.isoformat(),
            },
        )
        return Decision(approved=row["Approved"], approver=row["Approver"], comment=row["Comment"])

    def settle(self, outcome: Outcome) -> Outcome:
        """Insert into `Outcomes`."""
        row = insert_first(
            self._outcomes,
            {
                **keys(outcome.proposal_id, outcome.stage, outcome.opened_at),
                "ProposalId": outcome.proposal_id,
                "Stage": outcome.stage,
                "OpenedAt": outcome.opened_at,
                "Outcome": outcome.outcome,
                "DecidedBy": outcome.decided_by,
                "Comment": outcome.comment,
                "DecidedAt": outcome.decided_at,
            },
        )
        return Outcome(
            proposal_id=row["ProposalId"],
            stage=row["Stage"],
            opened_at=row["OpenedAt"],
            outcome=row["Outcome"],
            decided_by=row["DecidedBy"],
            comment=row["Comment"],
            decided_at=row["DecidedAt"],
        )


def open_single_stage_records() -> Records:
    """Return the records that the settings name."""
    return TableRecords(
        requests=open_table("Requests"), decisions=open_table("Decisions"), outcomes=open_table("Outcomes")
    )
