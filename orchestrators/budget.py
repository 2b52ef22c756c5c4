"""BudgetApproval: one figure, one yes or no; waits for `Approval` as long as it takes."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.lifecycle import State, Status
from approvals.outcome import AnswerRequest, Outcome
from approvals.proposal import BudgetRequest
from approvals.workflows import BUDGET
from orchestrators.answers import first_answer
from orchestrators.calls import call, call_once, read_input
from orchestrators.reporting import StatusBoard, end_of

bp = df.Blueprint()

STAGE = "budget"
APPROVER = "the budget owner"


@bp.orchestration_trigger(context_name="context", orchestration=BUDGET.name)
def budget_approval(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Ask the budget owner, wait for the answer, and record it."""
    budget = read_input(context, BudgetRequest)
    board = StatusBoard(context, Status(stage=STAGE, approver=APPROVER, deadline=None))

    board.move(State.WAITING)
    request = AnswerRequest(
        proposal_id=context.instance_id,
        stage=STAGE,
        opened_at=context.current_utc_datetime.isoformat(),
        approver=APPROVER,
        title=f"{budget.title}: {budget.amount:,.2f} {budget.currency}",
        event=BUDGET.event,
        deadline=None,
    )
    decision = yield from first_answer(
        context,
        BUDGET.event,
        asking=call_once(context, "RequestApproval", request.to_dict()),
        on_rejection=board.show_rejection,
    )

    assert decision, "without a deadline only an answer ends the wait"
    board.move(State.PROCESSING)
    answered = end_of(context, request, decision.verdict, by=decision.approver, comment=decision.comment)
    outcome = Outcome.from_dict((yield call(context, "ProcessApproval", answered.to_dict())))
    board.move(State(outcome.outcome))
    return outcome.to_dict()
