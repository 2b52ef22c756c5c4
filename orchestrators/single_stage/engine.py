"""One question to one person: how a proposal without a policy is decided, with escalation after the deadline."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.decision import APPROVAL_EVENT
from approvals.single_stage.lifecycle import State, Status
from approvals.single_stage.outcome import AnswerRequest, Outcome
from approvals.single_stage.proposal import ProposalSubmission
from orchestrators.calls import call, call_once, count, read_input
from orchestrators.reporting import StatusBoard, end_of
from orchestrators.single_stage.answers import first_answer

STAGE = "design-review"
"""The name of the only stage, which is stored in rows and in the custom status."""


def carry_out_single_stage(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Ask for a decision, wait for it until the deadline, and carry it out."""
    proposal = read_input(context, ProposalSubmission)
    opened = context.current_utc_datetime
    deadline = opened + proposal.window
    board = StatusBoard(context, Status(stage=STAGE, approver=proposal.approver, deadline=deadline.isoformat()))

    count(context, "submitted")
    board.move(State.WAITING)
    request = AnswerRequest(
        proposal_id=context.instance_id,
        stage=STAGE,
        opened_at=opened.isoformat(),
        approver=proposal.approver,
        title=proposal.title,
        event=APPROVAL_EVENT,
        deadline=deadline.isoformat(),
    )
    decision = yield from first_answer(
        context,
        APPROVAL_EVENT,
        asked_by=proposal.submitted_by,
        also_called=proposal.also_called,
        deadline=deadline,
        asking=call_once(context, "RequestApproval", request.to_dict()),
        on_rejection=board.show_rejection,
    )

    if decision is None:
        board.move(State.ESCALATING)
        escalation = end_of(context, request, "escalated", by=proposal.escalate_to)
        recorded = yield call(context, "Escalate", escalation.to_dict())
    else:
        board.move(State.PROCESSING)
        answered = end_of(context, request, decision.verdict, by=decision.approver, comment=decision.comment)
        recorded = yield call(context, "ProcessApproval", answered.to_dict())

    outcome = Outcome.from_dict(recorded)
    board.move(State(outcome.outcome))
    count(context, outcome.outcome)
    return outcome.to_dict()
