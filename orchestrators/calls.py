"""How workflows call what is not theirs: activities by their durable names, with retries, and the counters."""

from typing import Any, TypeVar

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.validation import Boundary, Invalid

Form = TypeVar("Form", bound=Boundary)

PATIENCE = df.RetryOptions(first_retry_interval_in_milliseconds=5_000, max_number_of_attempts=5)
"""An outage of the storage account for some seconds must not end a proposal that people have worked on for days."""

A_DAY = df.RetryOptions(first_retry_interval_in_milliseconds=1_800_000, max_number_of_attempts=48)
"""For what must not be left half done: an outage may last a day. SDK 1.7 knows no growing pauses, and each attempt adds
to what is replayed, so there are not more of them."""


def call(
    context: df.DurableOrchestrationContext,
    activity: str,
    argument: dict[str, Any],
    *,
    patience: df.RetryOptions = PATIENCE,
) -> TaskBase:
    """Call an activity by its durable name and try again when it fails; not for a race, see `call_once`."""
    return context.call_activity_with_retry(activity, patience, argument)


def call_once(context: df.DurableOrchestrationContext, activity: str, argument: dict[str, Any]) -> TaskBase:
    """Call an activity by its durable name, in a race against a timer that will be cancelled.

    On replay the host takes a cancelled timer, and with it the race, for ended from the start, and gives the next ids
    to what comes behind. Retries would need those ids: the host would find another history than its own, and fail.
    """
    return context.call_activity(activity, argument)


def count(context: df.DurableOrchestrationContext, counter: str) -> None:
    """Add one to a counter; the extension drops a signal that is delivered twice, so a replay counts once."""
    context.signal_entity(df.EntityId("Counter", counter), "add", 1)


def read_input(context: df.DurableOrchestrationContext, form: type[Form]) -> Form:
    """Check the workflow's input; raises `Invalid`, whose sentence becomes the output of the failed instance.

    HttpStart has checked it already; the durable HTTP API and other apps start workflows past it.
    """
    try:
        value = context.get_input()
    except (TypeError, ValueError) as error:
        raise Invalid(f"the input is not a JSON object: {error}") from None
    return form.from_dict(value)
