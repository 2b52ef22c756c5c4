"""How often and how soon the host repeats a failed invocation: `@app.retry`, or `retry` in host.json for all functions.

The real host applies a policy with any trigger, also to HTTP functions and to functions run by hand
(WebJobs SDK, `FunctionExecutorExtensions.TryExecuteAsync`). A function's own policy wins over that of host.json.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from durable_devhost.errors import SettingsError
from durable_devhost.sections import Section

FOR_EVER = -1
"""The `max_retry_count` of a policy that never gives up."""

FACTORS = (0.8, 1.2)
"""The range from which the real host draws the factor of an exponential backoff."""

_MOST_DOUBLINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The policy of one function. `delay` is for `fixed_delay`, the other two for `exponential_backoff`."""

    strategy: Literal["fixed_delay", "exponential_backoff"]
    max_retry_count: int
    delay: timedelta = timedelta()
    minimum: timedelta = timedelta()
    maximum: timedelta = timedelta()

    @property
    def fault(self) -> str | None:
        """Why the real host refuses a function with this policy; None if it does not."""
        if self.max_retry_count < FOR_EVER:
            return f"the retry count {self.max_retry_count} is below -1, which means for ever"
        if self.minimum > self.maximum:
            return f"the minimum retry interval {self.minimum} is longer than the maximum {self.maximum}"
        return None

    def allows(self, retry: int) -> bool:
        """Whether a retry of that number is allowed; the first is 1."""
        return self.max_retry_count == FOR_EVER or retry <= self.max_retry_count

    def wait_before(self, retry: int, *, factor: float = 1.0) -> timedelta:
        """How long to wait before the retry of that number.

        An exponential backoff waits for the minimum, then for the minimum and `factor` times 1, 2, 4 … minimums, never
        longer than the maximum (WebJobs SDK, `RandomizedExponentialBackoffStrategy`).
        """
        if self.strategy == "fixed_delay":
            return self.delay
        if retry == 1:
            return min(self.minimum, self.maximum)
        doublings = min(retry - 2, _MOST_DOUBLINGS)
        return min(self.minimum + self.minimum * (factor * (1 << doublings)), self.maximum)


def read_host_policy(section: Section) -> RetryPolicy | None:
    """The policy in `retry` of host.json; None if there is no such section.

    Raises SettingsError if the real host would not start: a count or an interval is missing or invalid
    (`Utility.ValidateRetryOptions` of azure-functions-host).
    """
    if section.is_empty:
        return None
    is_fixed = section.choice("strategy", ("exponentialBackoff", "fixedDelay"), "exponentialBackoff") == "fixedDelay"
    wanted = ("delayInterval",) if is_fixed else ("minimumInterval", "maximumInterval")
    for name in ("maxRetryCount", *wanted):
        if not section.text(name):
            raise SettingsError(f"retry in host.json has no {name}, without which the host does not start. Add it.")
    count = section.integer("maxRetryCount", 0, at_least=FOR_EVER)
    first, last = (section.duration(name, timedelta()) for name in (wanted[0], wanted[-1]))
    if is_fixed:
        return RetryPolicy(strategy="fixed_delay", max_retry_count=count, delay=first)
    policy = RetryPolicy(strategy="exponential_backoff", max_retry_count=count, minimum=first, maximum=last)
    if policy.fault:
        raise SettingsError(f"retry in host.json cannot be: {policy.fault}. Correct it there.")
    return policy
