"""How workflows call activities, by their durable names and with retries, and counters."""

from typing import Any, TypeVar

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.validation import Boundary, Invalid

Form = TypeVar("Form", bound=Boundary)

PATIENCE = df.RetryOptions(first_retry_interval_in_milliseconds=5_000, max_number_of_attempts=5)
"""A short outage of the storage account must not end a proposal that people have worked on for days."""

A_DAY = df.RetryOptions(first_retry_interval_in_milliseconds=1_800_000, max_number_of_attempts=48)
"""For work that must not be left half done: an outage may last a day. SDK 1.7 has no growing pauses, and each attempt
adds to the history, so there are not more attempts."""


def call(
    context: df.DurableOrchestrationContext,
    activity: str,
    argument: dict[str, Any],
    *,
    patience: df.RetryOptions = PATIENCE,
) -> TaskBase:
    """Call an activity by its durable name, with retries. Not for a race, see `call_once`."""
    return context.call_activity_with_retry(activity, patience, argument)


def call_once(context: df.DurableOrchestrationContext, activity: str, argument: dict[str, Any]) -> TaskBase:
    """Call an activity by its durable name without retries, for a race against a timer that will be cancelled.

    On replay the host treats a cancelled timer, and with it the race, as ended from the start, and gives the next ids
    to the actions after it. Retries would need these ids: the history would not match, and the instance would fail.
    """
    return context.call_activity(activity, argument)


def count(context: df.DurableOrchestrationContext, counter: str) -> None:
    """Add one to a counter. The extension drops a signal that is delivered twice, so a replay counts once."""
    context.signal_entity(df.EntityId("Counter", counter), "add", 1)


def read_input(context: df.DurableOrchestrationContext, form: type[Form]) -> Form:
    """Check the workflow's input; raises `Invalid`, whose text becomes the output of the failed instance.

    HttpStart has checked it before. The durable HTTP API and other apps start workflows without HttpStart.
    """
    try:
        value = context.get_input()
    except (TypeError, ValueError) as error:
        raise Invalid(f"the input is not a JSON object: {error}") from None
    return form.from_dict(value)
