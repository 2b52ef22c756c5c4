"""BudgetApproval: asks the budget owner about an amount, and notifies the requester of a no or of no answer."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.decision import BUDGET_EVENT
from approvals.single_stage.lifecycle import State, Status
from approvals.single_stage.outcome import AnswerRequest, Notice, Outcome
from approvals.single_stage.proposal import BudgetRequest
from approvals.words.wording import money
from approvals.workflows import BUDGET
from orchestrators.calls import call, call_once, read_input
from orchestrators.reporting import StatusBoard, end_of
from orchestrators.single_stage.answers import first_answer

bp = df.Blueprint()

STAGE = "budget"
APPROVER = "the budget owner"


@bp.orchestration_trigger(context_name="context", orchestration=BUDGET.name)
def budget_approval(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Ask the budget owner, wait for the answer until the deadline, then carry it out or notify the requester."""
    budget = read_input(context, BudgetRequest)
    opened = context.current_utc_datetime
    deadline = opened + budget.window
    board = StatusBoard(context, Status(stage=STAGE, approver=APPROVER, deadline=deadline.isoformat()))

    board.move(State.WAITING)
    request = AnswerRequest(
        proposal_id=context.instance_id,
        stage=STAGE,
        opened_at=opened.isoformat(),
        approver=APPROVER,
        title=f"{budget.title}: {money(budget.amount, budget.currency)}",
        event=BUDGET_EVENT,
        deadline=deadline.isoformat(),
    )
    decision = yield from first_answer(
        context,
        BUDGET_EVENT,
        asked_by=budget.requested_by,
        also_called=budget.also_called,
        deadline=deadline,
        asking=call_once(context, "RequestApproval", request.to_dict()),
        on_rejection=board.show_rejection,
    )

    if decision is None:
        ended = end_of(context, request, "expired", by=APPROVER)
    else:
        ended = end_of(context, request, decision.verdict, by=decision.approver, comment=decision.comment)
    if ended.outcome == "approved":
        board.move(State.PROCESSING)
        recorded = yield call(context, "ProcessApproval", ended.to_dict())
    else:
        board.move(State.NOTIFYING)
        notice = Notice(to=budget.requested_by, about=request.title, outcome=ended)
        recorded = yield call(context, "NotifyRequester", notice.to_dict())

    outcome = Outcome.from_dict(recorded)
    board.move(State(outcome.outcome))
    return outcome.to_dict()
