"""Budget: one entity per budget. The host runs its operations one after the other, so no lock is needed."""

import azure.durable_functions as df

from approvals.budgets import Budget, serve

bp = df.Blueprint()


@bp.entity_trigger(context_name="context", entity_name="Budget")
def budget(context: df.DurableEntityContext) -> None:
    """Serve `open`, `reserve`, `confirm`, `release` and `get`; approvals/budgets.py has their inputs and the reply.

    The reservation of a terminated workflow stays open until an operator sends `release` with its key, the workflow's
    id: POST /runtime/webhooks/durabletask/entities/Budget/{name}?op=release, {"key": "..."}.
    """
    before = Budget.from_dict(context.get_state())
    after, reply = serve(before, context.operation_name, context.get_input())
    context.set_state(after.to_dict())
    context.set_result(reply)
