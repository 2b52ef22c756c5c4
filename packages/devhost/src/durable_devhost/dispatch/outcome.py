"""How an invocation is named, and how it ended: a closed union that callers match."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from durable_devhost.dotnet.times import time_span


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of a function; `id` is normally a dashed GUID, `instance_id` that of the instance it works for.

    `trace` is the function's trace, in the worker's form.
    """

    id: str
    function_name: str
    instance_id: str = ""
    trace: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try of a function with a retry policy this is; the first has count 0 and no failure."""

    count: int = 0
    limit: int = 0
    message: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The function returned and its outputs are stored.

    `value` is what a caller continues with: for an HTTP function the response as the worker sent it (`type` is `http`,
    or `string` for a plain text; None if the function declares no HTTP output: an empty 200), for an activity and an
    entity the result as JSON text, None for the others. `outputs` holds what was stored, by parameter name.
    """

    value: Any = None
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The function, or the conversion of its input or output, failed.

    `message` is `ValueError: boom`, the text that the real worker reports; `stack` is the traceback in Python's own
    form, without heading and without frames of devhost. `worker_died` says that the process ended during the function.
    """

    type_name: str
    message: str
    stack: str = ""
    worker_died: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut(Raised):
    """The function ran for longer than `limit`, and its worker was ended; `message` is that of the real host."""

    limit: timedelta
    invocation_id: str
    method: str
    """The function's name with the prefix `Functions.`, as on the real host."""


Outcome = Returned | Raised


def timed_out(invocation: Invocation, limit: timedelta) -> TimedOut:
    """The outcome of an invocation over its limit (azure-webjobs-sdk, `FunctionExecutor`)."""
    method = f"Functions.{invocation.function_name}"
    return TimedOut(
        type_name="FunctionTimeoutException",
        message=f"Timeout value of {time_span(limit)} was exceeded by function: {method}",
        limit=limit,
        invocation_id=invocation.id,
        method=method,
    )


def failed_by(error: Exception) -> Raised:
    """The outcome if a binding failed instead of user code."""
    name = type(error).__name__
    return Raised(type_name=name, message=f"{name}: {error}")
