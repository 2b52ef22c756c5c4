"""What the SDK writes into a binding, in the one form that the host works with."""

from datetime import timedelta

import pytest

from durable_devhost.indexing.declared import (
    durable_name,
    read_binding,
    read_retry_policy,
    resolve_settings,
    with_lower_queue,
)
from durable_devhost.model.functions import Binding
from durable_devhost.retry_policy import RetryPolicy


@pytest.mark.parametrize(
    ("given", "expected"), [("IN", "in"), ("OUT", "out"), (0, "in"), (1, "out"), ("out", "out"), (None, "in")]
)
def test_a_direction_is_a_name_or_a_number(given, expected):
    """It depends on the SDK's version; None is a missing one."""
    raw = {"type": "queue", "name": "q", "queueName": "orders"}
    binding = read_binding(raw if given is None else {**raw, "direction": given})
    assert (binding.direction, binding.properties) == (expected, {"queueName": "orders"})


def test_routes_methods_and_levels_are_normalised():
    """Slashes cut, methods in capitals, levels in small letters."""
    given = {"type": "httpTrigger", "name": "r", "route": "/a/{id}/", "methods": ["get"], "authLevel": "ADMIN"}
    assert read_binding(given).properties == {"route": "a/{id}", "methods": ["GET"], "authLevel": "admin"}


def test_settings_are_resolved_and_missing_ones_named():
    """Several in one text; connection names and values that are not text are unchanged."""
    properties = {"path": "%A%/%B%", "connection": "%A%", "connectionName": "%A%", "rows": 3}
    binding = Binding(type="blob", name="b", direction="in", properties=properties)
    resolved, missing = resolve_settings(binding, {"A": "one"})
    assert resolved.properties == {**properties, "path": "one/%B%"}
    assert missing == ["B"]


def test_the_name_of_a_queue_becomes_lower_case():
    """The host does so instead of refusing it; formats in expressions are unchanged."""

    def named(name):
        return with_lower_queue(Binding(type="queue", name="q", direction="out", properties={"queueName": name}))

    assert named("My-Orders").text("queueName") == "my-orders"
    assert named("X-{datetime:MM}").text("queueName") == "X-{datetime:MM}"
    blob = Binding(type="blob", name="b", direction="in", properties={"path": "A/B"})
    assert with_lower_queue(blob) is blob


def test_a_retry_policy_is_read():
    """Only the intervals of its own strategy count."""
    policy = read_retry_policy(
        {"strategy": "exponential_backoff", "max_retry_count": "-1", "delay_interval": "soon",
         "minimum_interval": "00:00:01", "maximum_interval": "23:59:59"}
    )  # fmt: skip
    assert policy == RetryPolicy(
        strategy="exponential_backoff",
        max_retry_count=-1,
        minimum=timedelta(seconds=1),
        maximum=timedelta(hours=23, minutes=59, seconds=59),
    )
    assert read_retry_policy(None) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategy": "hope"}, "'hope' is neither"),
        ({"delay_interval": "soon"}, "'soon', which is not of the form HH:MM:SS"),
        ({"delay_interval": "00:00:01.5"}, "not of the form HH:MM:SS"),
        ({"delay_interval": "1.00:00:00"}, "not of the form HH:MM:SS"),
        ({}, "delay_interval of the retry policy is ''"),
        ({"delay_interval": "00:00:01", "max_retry_count": "-2"}, "-2 is below -1"),
        (
            {"strategy": "exponential_backoff", "minimum_interval": "00:01:00", "maximum_interval": "00:00:59"},
            "0:01:00 is longer than the maximum 0:00:59",
        ),
    ],
)
def test_an_invalid_retry_policy_is_refused(changes, said):
    """Values that the worker cannot read or the host does not accept."""
    with pytest.raises(ValueError, match=said):
        read_retry_policy({"strategy": "fixed_delay", "max_retry_count": "2", **changes})


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("orchestrationTrigger", {"orchestration": "Big Story"}, "Big Story"),
        ("activityTrigger", {"activity": ""}, "fn"),
        ("entityTrigger", {"entityName": "Counter"}, "Counter"),
        ("httpTrigger", {"activity": "x"}, None),
    ],
)
def test_the_durable_name_is_that_of_the_trigger_or_of_the_function(kind, properties, expected):
    """Other triggers have none."""
    assert durable_name(Binding(type=kind, name="x", direction="in", properties=properties), "fn") == expected
