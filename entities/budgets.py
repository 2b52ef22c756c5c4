"""Budget: one entity a budget. A host runs its operations one after the other, which is the critical section."""

import azure.durable_functions as df

from approvals.budgets import Budget, serve

bp = df.Blueprint()


@bp.entity_trigger(context_name="context", entity_name="Budget")
def budget(context: df.DurableEntityContext) -> None:
    """Serve `open`, `reserve`, `confirm`, `release` and `get`; approvals/budgets.py has their inputs and the answer.

    A reservation whose workflow was terminated stays open, until an operator sends `release` with its key, the id of
    the workflow: POST /runtime/webhooks/durabletask/entities/Budget/{name}?op=release, {"key": "..."}.
    """
    before = Budget.from_dict(context.get_state())
    after, reply = serve(before, context.operation_name, context.get_input())
    context.set_state(after.to_dict())
    context.set_result(reply)
