"""How often and how soon a failed invocation is repeated."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import SettingsError
from durable_devhost.retry_policy import FACTORS, RetryPolicy, read_host_policy
from durable_devhost.sections import Section

_SECOND = timedelta(seconds=1)
GROWING = RetryPolicy(strategy="exponential_backoff", max_retry_count=-1, minimum=_SECOND, maximum=6 * _SECOND)
FIXED = {"strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:05"}


def read(**retry: Any) -> RetryPolicy | None:
    """The policy of a host.json with this section."""
    return read_host_policy(Section({"retry": retry}, {}).section("retry"))


def test_a_fixed_delay_is_constant() -> None:
    """However many retries there were."""
    fixed = RetryPolicy(strategy="fixed_delay", max_retry_count=9, delay=5 * _SECOND)
    assert [fixed.wait_before(n) for n in (1, 2, 9)] == [5 * _SECOND] * 3


def test_a_backoff_adds_a_doubling_delay_to_the_minimum() -> None:
    """1, 1 + 1, 1 + 2, 1 + 4 …, as the real host adds it up."""
    assert [GROWING.wait_before(n) / _SECOND for n in (1, 2, 3, 4, 10_000)] == [1, 2, 3, 5, 6]


@given(st.integers(1, 60), st.floats(*FACTORS), st.floats(*FACTORS))
def test_a_backoff_never_shrinks_and_stays_within_its_bounds(retry: int, first: float, second: float) -> None:
    """For any random factor."""
    waits = (GROWING.wait_before(retry, factor=first), GROWING.wait_before(retry + 1, factor=second))
    assert GROWING.minimum <= waits[0] <= waits[1] <= GROWING.maximum


def test_retries_end_with_the_count_or_never() -> None:
    """-1 means for ever."""
    twice = RetryPolicy(strategy="fixed_delay", max_retry_count=2)
    assert [twice.allows(n) for n in (1, 2, 3)] == [True, True, False]
    assert GROWING.allows(10_000)


def test_host_json_may_have_a_policy_for_all_functions() -> None:
    """With .NET's names, in any case, and time spans."""
    assert read() is None
    assert read(**FIXED) == RetryPolicy(strategy="fixed_delay", max_retry_count=2, delay=5 * _SECOND)
    growing = {"STRATEGY": "exponentialbackoff", "minimumInterval": "00:00:01", "maximumInterval": "00:00:06"}
    assert read(maxRetryCount="-1", **growing) == GROWING


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategy": "fixed_delay"}, "exponentialBackoff or fixedDelay"),
        ({"maxRetryCount": None}, "no maxRetryCount"),
        ({"maxRetryCount": -2}, "at least -1"),
        ({"delayInterval": None}, "no delayInterval"),
        ({"delayInterval": "soon"}, "a time like"),
        ({"strategy": None}, "no minimumInterval"),
        ({"strategy": None, "minimumInterval": "00:00:02", "maximumInterval": "00:00:01"}, "longer than the maximum"),
    ],
)
def test_a_policy_with_which_the_real_host_does_not_start_is_refused(changes: dict[str, Any], said: str) -> None:
    """The error names the key to correct."""
    with pytest.raises(SettingsError, match=said):
        read(**{**FIXED, **changes})
