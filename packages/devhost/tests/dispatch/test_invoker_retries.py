"""Retry policies of functions: whatever the trigger is, within one delivery or request."""

# The functions of these small apps must have the bound parameters, used or not.
# ruff: noqa: ARG001

import azure.functions as func
import pytest

from durable_devhost.dispatch.outcome import Returned
from durable_devhost.triggers.requests import made_request

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


def _raised(message: str) -> str:
    """The line of the user's own exception in the host's words."""
    return next((line for line in message.splitlines() if line.startswith("Exception: ")), "")


async def test_a_retried_timer_function_gets_the_retry_context(invoker, build, ends):
    """The context has the count and the previous failure."""
    app = func.FunctionApp()
    seen: list[tuple[int, int, str]] = []

    @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
    @app.timer_trigger(arg_name="tick", schedule="0 * * * * *")
    def flaky(tick: func.TimerRequest, context: func.Context) -> None:
        retry = context.retry_context
        seen.append((retry.retry_count, retry.max_retry_count, _raised(retry.rpc_exception.message)))
        if retry.retry_count < 2:
            raise ValueError(f"try {retry.retry_count}")

    assert await invoker.invoke(build(app), trigger_value={"IsPastDue": False}) == Returned()
    assert seen == [(0, 2, ""), (1, 2, "Exception: ValueError: try 0"), (2, 2, "Exception: ValueError: try 1")]
    assert [kind for _, _, kind in ends.seen] == ["Raised", "Raised", "Returned"]


async def test_a_retried_queue_function_uses_one_delivery(invoker, build, ends):
    """Recorded: after the policy's last try the message goes back to the queue."""
    app = func.FunctionApp()

    @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    def flaky(msg: func.QueueMessage, context: func.Context) -> None:
        raise ValueError(f"try {context.retry_context.retry_count} of {context.retry_context.max_retry_count}")

    outcome = await invoker.invoke(build(app), trigger_value="x")
    assert (outcome.message, len(ends.seen)) == ("ValueError: try 2 of 2", 3)


async def test_a_retry_policy_works_for_every_other_function_too(invoker, build, ends):
    """As on the real host, although its documentation names only a few triggers."""
    app = func.FunctionApp()

    @app.retry(strategy="exponential_backoff", max_retry_count="1", minimum_interval="0:0:0", maximum_interval="0:0:1")
    @app.route()
    def flaky(req: func.HttpRequest, context: func.Context) -> str:
        if not context.retry_context.retry_count:
            raise ValueError("first")
        return "second"

    outcome = await invoker.invoke(
        build(app), trigger_value=made_request(method="GET", url="http://localhost/api/x", route_params={}, body=b"")
    )
    assert outcome.value == {"type": "string", "value": "second"}
    assert [kind for _, _, kind in ends.seen] == ["Raised", "Returned"]
