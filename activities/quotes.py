"""RequestQuote asks a supplier; KeepQuote records a quote that came in time."""

import azure.durable_functions as df

from approvals.quotes import GRACE_SECONDS, KeptQuote, Quote, QuoteForm, read_quote
from approvals.validation import Invalid
from gateways import clock, outbound
from gateways.tables import insert_first, keys, open_table

bp = df.Blueprint()


@bp.activity_trigger(input_name="question", activity="RequestQuote")
def request_quote(question: dict) -> dict:
    """Ask once; returns `{"quote"}`, or `{"refused"}` with the reason. Asking twice does no harm."""
    asked = QuoteForm.from_dict(question)
    body = {"item": asked.item, "quantity": asked.quantity}
    try:
        answer = outbound.send("POST", asked.supplier_url, timeout=asked.timeout_seconds + GRACE_SECONDS, body=body)
        if answer.status != 200:
            return {"refused": f"the supplier's response had status {answer.status}"}
        return {"quote": read_quote(answer.text).to_dict()}
    except (outbound.UrlRefused, outbound.NoAnswer, Invalid) as error:
        return {"refused": str(error)}


@bp.activity_trigger(input_name="kept", activity="KeepQuote")
def keep_quote(kept: dict) -> dict:
    """Insert one row per instance into `Quotes`, and return the recorded quote: the first one stays."""
    won = KeptQuote.from_dict(kept)
    row = insert_first(
        open_table("Quotes"),
        {
            **keys(won.instance_id, "quote"),
            "InstanceId": won.instance_id,
            "Item": won.item,
            "Quantity": won.quantity,
            "Price": won.quote.price,
            "Currency": won.quote.currency,
            "ValidUntil": won.quote.valid_until,
            "KeptAt": clock.now().isoformat(),
        },
    )
    return Quote(price=row["Price"], currency=row["Currency"], valid_until=row["ValidUntil"]).to_dict()
