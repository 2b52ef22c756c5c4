"""TryGetQuote: asks a supplier for a quote within a time limit. The output is only true or false."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.quotes import KeptQuote, Quote, QuoteForm
from approvals.workflows import QUOTE
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import call, call_once, read_input
from orchestrators.reporting import show

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=QUOTE.name)
def try_get_quote(context: df.DurableOrchestrationContext) -> Generator[Any, Any, bool]:
    """Return whether a quote came in time; the quote itself is in the custom status and in the table `Quotes`.

    A host ends an instance only after its activities have returned. So after a timeout the custom status shows it
    immediately, and the output follows some seconds later, when the call to the supplier has ended.
    """
    form = read_input(context, QuoteForm)
    deadline = context.current_utc_datetime + form.window
    show(context, "asking", item=form.item, deadline=deadline.isoformat())

    asking = call_once(context, "RequestQuote", form.to_dict())
    timer = context.create_timer(deadline)
    winner = yield context.task_any([asking, timer])
    if winner is timer:
        show(context, "timed out", item=form.item)
        return False
    timer.cancel()

    answer = yield from attempt(asking)
    if isinstance(answer, Failed) or "refused" in answer:
        reason = answer.reason if isinstance(answer, Failed) else answer["refused"]
        show(context, "no quote", item=form.item, reason=reason)
        return False

    quote = Quote.from_dict(answer["quote"])
    kept = KeptQuote(instance_id=context.instance_id, item=form.item, quantity=form.quantity, quote=quote)
    on_record = yield call(context, "KeepQuote", kept.to_dict())
    show(context, "quoted", item=form.item, **on_record)
    return True
