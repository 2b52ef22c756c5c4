"""One question to one person: the way of a proposal without a policy, with escalation when the time is up."""

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
"""The one stage that there is; the word is part of rows and of custom status."""


def carry_out_single_stage(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Ask for a decision, wait for it as long as the window lasts, and carry out what was decided."""
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
