"""CallWebhook: calls another system, with retries, and polls after a 202 until the other system has finished."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.webhooks import (
    Answer,
    Call,
    CallGivenUp,
    Delivered,
    FollowUp,
    TryAgain,
    WebhookForm,
    as_text,
    judge,
)
from approvals.workflows import WEBHOOK
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import call, read_input
from orchestrators.reporting import show

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=WEBHOOK.name)
def call_webhook(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Call, wait and call again until the call succeeds or is given up.

    A URL from a response is checked like the first one before it is called.
    """
    form = read_input(context, WebhookForm)
    deadline = context.current_utc_datetime + timedelta(minutes=form.expires_after_minutes)
    asked = Call(
        key=context.instance_id,
        url=form.url,
        method=form.method,
        body=form.body,
        timeout_seconds=form.timeout_seconds,
    )
    calls = failures = polls = 0
    while True:
        calls += 1
        show(context, "following up" if polls else "calling", url=asked.url, calls=calls)
        answer = yield from _ask(context, asked, durably=form.way == "durable")
        match judge(answer, asked.url, failures=failures, polls=polls, most=form.attempts):
            case Delivered():
                return _ended(context, "delivered", answer, calls)
            case CallGivenUp(outcome=outcome, reason=reason):
                return _ended(context, outcome, answer, calls, reason)
            case FollowUp(url=url, after_seconds=wait):
                failures, polls = 0, polls + 1
                asked = asked.model_copy(update={"url": url, "method": "GET", "body": None})
            case TryAgain(after_seconds=wait):
                failures += 1
        due = context.current_utc_datetime + timedelta(seconds=wait)
        if due > deadline:
            return _ended(context, "timed-out", answer, calls, "the other system took too long")
        show(context, "waiting", url=asked.url, calls=calls, until=due.isoformat())
        yield context.create_timer(due)


def _ask(context: df.DurableOrchestrationContext, asked: Call, *, durably: bool) -> Generator[TaskBase, Any, Answer]:
    """Make one call, by the activity or by the host itself, which follows all redirects.

    An orchestrator must not read the environment, which has the list of hosts, so an activity checks the host's call.
    """
    if not durably:
        return Answer.from_dict((yield call(context, "SendWebhook", asked.to_dict())))
    checked = yield call(context, "CheckDestination", {"url": asked.url})
    if checked["refused"]:
        return Answer(status=None, refused=checked["refused"])
    headers = {"Idempotency-Key": asked.key, "Content-Type": "application/json"}
    response = yield from attempt(context.call_http(asked.method, asked.url, asked.body, headers))
    if isinstance(response, Failed):
        return Answer(status=None, trouble=response.reason)
    return Answer.of(response["statusCode"], response.get("headers") or {}, as_text(response.get("content")))


def _ended(
    context: df.DurableOrchestrationContext, outcome: str, answer: Answer, calls: int, reason: str = ""
) -> dict[str, Any]:
    why = {"reason": reason} if reason else {}
    show(context, outcome, calls=calls, **why)
    return {"outcome": outcome, **why, "status": answer.status, "calls": calls, "body": answer.body}
