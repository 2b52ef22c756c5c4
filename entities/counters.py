"""Counter: how many proposals were submitted, escalated, approved, rejected and so on; one entity for each word.

A review's workflow tells its counters what they do not know yet (orchestrators/review.py), so that their sum is that of
the records.
"""

import azure.durable_functions as df

bp = df.Blueprint()


@bp.entity_trigger(context_name="context", entity_name="Counter")
def counter(context: df.DurableEntityContext) -> None:
    """Serve `add` (a whole number, 1 where none is given), `reset` and `get`; each answers with the value after it.

    Each operation sets a result, because SDK 1.7 otherwise answers with that of the operation before it.
    """
    value = context.get_state(lambda: 0)
    match context.operation_name:
        case "add":
            value += _step(context.get_input())
        case "reset":
            value = 0
        case "get":
            pass
        case unknown:
            raise ValueError(f"a Counter knows add, reset and get, not {unknown}")
    context.set_state(value)
    context.set_result(value)


def _step(amount: object) -> int:
    match amount:
        case None:
            return 1
        case bool():
            raise ValueError("add takes a whole number, not true or false")
        case int():
            return amount
        case _:
            raise ValueError("add takes a whole number")
