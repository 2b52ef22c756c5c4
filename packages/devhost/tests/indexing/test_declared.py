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
    """By version of the SDK; None stands for one that is not there."""
    raw = {"type": "queue", "name": "q", "queueName": "orders"}
    binding = read_binding(raw if given is None else {**raw, "direction": given})
    assert (binding.direction, binding.properties) == (expected, {"queueName": "orders"})


def test_routes_methods_and_levels_come_in_one_form():
    """Slashes cut, methods in capitals, levels in small letters."""
    given = {"type": "httpTrigger", "name": "r", "route": "/a/{id}/", "methods": ["get"], "authLevel": "ADMIN"}
    assert read_binding(given).properties == {"route": "a/{id}", "methods": ["GET"], "authLevel": "admin"}


def test_settings_are_put_in_and_missing_ones_named():
    """Several in one text, and nothing in what names a connection or is no text."""
    properties = {"path": "%A%/%B%", "connection": "%A%", "connectionName": "%A%", "rows": 3}
    binding = Binding(type="blob", name="b", direction="in", properties=properties)
    resolved, missing = resolve_settings(binding, {"A": "one"})
    assert resolved.properties == {**properties, "path": "one/%B%"}
    assert missing == ["B"]


def test_the_name_of_a_queue_is_lower_case():
    """As the host makes it, rather than to refuse it; formats in expressions are left alone."""

    def named(name):
        return with_lower_queue(Binding(type="queue", name="q", direction="out", properties={"queueName": name}))

    assert named("My-Orders").text("queueName") == "my-orders"
    assert named("X-{datetime:MM}").text("queueName") == "X-{datetime:MM}"
    blob = Binding(type="blob", name="b", direction="in", properties={"path": "A/B"})
    assert with_lower_queue(blob) is blob


def test_a_retry_policy_is_read():
    """Intervals are those of the strategy; what is given for the other one does not count."""
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
def test_a_senseless_retry_policy_is_refused(changes, said):
    """What the worker cannot read, and what the host does not take."""
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
def test_the_durable_name_is_the_triggers_own_else_the_functions(kind, properties, expected):
    """Other triggers have none."""
    assert durable_name(Binding(type=kind, name="x", direction="in", properties=properties), "fn") == expected
