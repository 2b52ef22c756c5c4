"""BillingIssuer: issues one bill at the start and then one per interval, each exactly once."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.billing import BillingRun, BillingState, IssuedBill
from approvals.workflows import BILLING
from orchestrators.calls import A_DAY, call, read_input
from orchestrators.reporting import show

bp = df.Blueprint()

BILLS_A_GENERATION = 20
"""Each bill adds eight rows to the history. After so many bills the workflow continues as new with an empty one."""


@bp.orchestration_trigger(context_name="context", orchestration=BILLING.name)
def billing_issuer(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Issue the first bill immediately, then one per interval: ten daily bills span nine days."""
    run = read_input(context, BillingState).run(context.current_utc_datetime)
    for _ in range(BILLS_A_GENERATION):
        if run.next_due_at > context.current_utc_datetime:
            _show(context, "waiting", run)
            yield context.create_timer(run.next_due_at)
        _show(context, "billing", run)
        bill = run.next_bill(context.instance_id)
        issued = IssuedBill.from_dict((yield call(context, "IssueBill", bill.to_dict(), patience=A_DAY)))
        run = run.with_bill(issued)
        if run.is_complete:
            show(context, "billed", account=run.form.account, bills=run.issued, total=run.total)
            return {
                "outcome": "billed",
                "account": run.form.account,
                "bills": run.issued,
                "total": run.total,
                "currency": run.form.currency,
                "lastBillOn": issued.due,
            }

    context.continue_as_new(run.carry_over().to_dict())
    return {}


def _show(context: df.DurableOrchestrationContext, state: str, run: BillingRun) -> None:
    show(
        context,
        state,
        account=run.form.account,
        bills=run.issued,
        of=run.form.days,
        total=run.total,
        nextBill=run.next_due_at.isoformat(),
    )
