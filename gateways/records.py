"""What the app writes down: requests, answers and outcomes, each row inserted once and never changed.

Insert is the whole concurrency control: of two writers the table lets one in and tells the other 409, who then
reads what is on record and goes by that.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableClient, TableServiceClient

from approvals.decision import Decision
from approvals.identifiers import is_instance_id
from approvals.outcome import AnswerRequest, Outcome
from gateways.connections import connection_string


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A row of `Requests`: who was asked, and when first."""

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
    """What the app needs of the tables."""

    def open_request(self, request: AnswerRequest, *, now: datetime) -> OpenRequest:
        """Write down that somebody was asked; returns what is on record."""
        ...

    def record_answer(self, answer: Answer) -> Decision:
        """Write down an answer; returns the one on record, which is another one where this person was faster."""
        ...

    def settle(self, outcome: Outcome) -> Outcome:
        """Write down how a stage ended; returns the outcome on record."""
        ...


class TableRecords:
    """The records in Azure Table Storage."""

    def __init__(self, *, requests: TableClient, decisions: TableClient, outcomes: TableClient) -> None:
        self._requests = requests
        self._decisions = decisions
        self._outcomes = outcomes

    def open_request(self, request: AnswerRequest, *, now: datetime) -> OpenRequest:
        """Insert into `Requests`."""
        row = _insert_first(
            self._requests,
            {
                **_keys(request.proposal_id, request.stage, request.opened_at),
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
        row = _insert_first(
            self._decisions,
            {
                **_keys(answer.proposal_id, answer.workflow, answer.round, decision.approver.casefold()),
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
        row = _insert_first(
            self._outcomes,
            {
                **_keys(outcome.proposal_id, outcome.stage, outcome.opened_at),
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


def open_records() -> Records:
    """Return the records that the settings name, opened once a process."""
    return _opened(connection_string("ApprovalsStorage"))


@cache
def _opened(connection: str) -> Records:
    service = TableServiceClient.from_connection_string(connection)
    return TableRecords(
        requests=service.create_table_if_not_exists("Requests"),
        decisions=service.create_table_if_not_exists("Decisions"),
        outcomes=service.create_table_if_not_exists("Outcomes"),
    )


def _insert_first(table: TableClient, row: dict[str, Any]) -> Any:
    """Insert `row` and return it, or return the row that was there before it."""
    try:
        table.create_entity(row)
    except ResourceExistsError:
        return table.get_entity(row["PartitionKey"], row["RowKey"])
    return row


def _keys(proposal_id: str, *parts: str) -> dict[str, str]:
    """Return the keys of a row: the proposal, and a hash of what tells its rows apart.

    Names and times hold characters that keys may not; and keys turn up in logs, where names of people do not belong.
    """
    partition = proposal_id if is_instance_id(proposal_id) else _hashed(proposal_id)
    return {"PartitionKey": partition, "RowKey": _hashed(*parts)}


def _hashed(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
