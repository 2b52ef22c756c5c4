"""Counter: how many proposals were submitted, escalated, approved, rejected and so on; one entity for each word.

A review's workflow reports its total contribution to each counter (orchestrators/review.py). So a repeated report does
not change the number.
"""

import azure.durable_functions as df

from approvals.rules.counter_state import Contribution, CounterState

bp = df.Blueprint()


@bp.entity_trigger(context_name="context", entity_name="Counter")
def counter(context: df.DurableEntityContext) -> None:
    """Serve `add`, `reset` and `get`; each returns the new number.

    `add` takes a whole number (default 1) or a review's contribution. Each operation sets a result, because SDK 1.7
    otherwise returns the result of the operation before it.
    """
    state = CounterState.from_state(context.get_state())
    match context.operation_name:
        case "add":
            state = _added(state, context.get_input())
        case "reset":
            state = state.reset()
        case "get":
            pass
        case unknown:
            raise ValueError(f"a Counter has the operations add, reset and get, not {unknown}")
    context.set_state(state.to_state())
    context.set_result(state.value)


def _added(state: CounterState, amount: object) -> CounterState:
    match amount:
        case None:
            return state.plus(1)
        case bool():
            raise ValueError("add takes a whole number, not true or false")
        case int():
            return state.plus(amount)
        case dict():
            return state.with_contribution(Contribution.from_dict(amount))
        case _:
            raise ValueError("add takes a whole number, or a review's contribution")
