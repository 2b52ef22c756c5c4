"""ApprovalWorkflow: one design proposal from submission to outcome.

A proposal with a record and a policy is carried out by orchestrators/review.py; here is the way of one without: one
stage, one approver, and escalation when the time is up.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.decision import APPROVAL_EVENT
from approvals.lifecycle import State, Status
from approvals.outcome import AnswerRequest, Outcome
from approvals.proposal import ProposalSubmission
from approvals.workflows import APPROVAL
from orchestrators.answers import first_answer
from orchestrators.calls import call, call_once, count, read_input
from orchestrators.reporting import StatusBoard, end_of
from orchestrators.review import carry_out_review, is_review

bp = df.Blueprint()

STAGE = "design-review"
"""The one stage that there is so far; the word is part of rows and of custom status."""


@bp.orchestration_trigger(context_name="context", orchestration=APPROVAL.name)
def approval_workflow(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Ask for a decision, wait for it as long as the window lasts, and carry out what was decided."""
    if is_review(context):
        return (yield from carry_out_review(context))
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
