"""CheckDestination decides whether a URL may be called; SendWebhook calls one."""

import azure.durable_functions as df

from approvals.webhooks import Answer, Call
from gateways import outbound

bp = df.Blueprint()


@bp.activity_trigger(input_name="destination", activity="CheckDestination")
def check_destination(destination: dict) -> dict:
    """Return `{"refused": reason}`; the reason is null if the URL may be called."""
    try:
        outbound.check(destination["url"])
    except outbound.UrlRefused as error:
        return {"refused": str(error)}
    return {"refused": None}


@bp.activity_trigger(input_name="call", activity="SendWebhook")
def send_webhook(call: dict) -> dict:
    """Make one call and return its result. The other system recognises a repeated call by its Idempotency-Key."""
    asked = Call.from_dict(call)
    try:
        response = outbound.send(asked.method, asked.url, timeout=asked.timeout_seconds, body=asked.body, key=asked.key)
    except outbound.UrlRefused as error:
        return Answer(status=None, refused=str(error)).to_dict()
    except outbound.NoAnswer as error:
        return Answer(status=None, trouble=str(error)).to_dict()
    return Answer.of(response.status, response.headers, response.text).to_dict()
