"""Catalogs, bindings and retry policies as plain values."""

from datetime import timedelta
from pathlib import Path

from durable_devhost.model.functions import Binding, Function, FunctionCatalog, RetryPolicy, TriggerType, unwrapped


def _function(name: str, kind: TriggerType, durable_name: str | None = None) -> Function:
    trigger = Binding(type=kind, name="x", direction="in")
    return Function(
        name=name, trigger=trigger, callable=len, durable_name=durable_name, script_file=Path("a.py"), line=3
    )


def test_functions_are_found_by_name_without_regard_to_case_and_by_kind_in_order():
    """Order is the order of declaration."""
    first, second = _function("One", TriggerType.QUEUE), _function("two", TriggerType.QUEUE)
    catalog = FunctionCatalog([first, second], disabled=["three"])
    assert (catalog.get("ONE"), catalog.get("three")) == (first, None)
    assert catalog.of(TriggerType.QUEUE) == (first, second)
    assert catalog.disabled == ("three",)


def test_an_activity_is_not_found_as_an_orchestrator():
    """Each kind has its own names."""
    catalog = FunctionCatalog([_function("a", TriggerType.ACTIVITY, "Work")])
    assert (catalog.orchestrator("work"), catalog.known_activities()) == (None, ("Work",))


def test_a_function_says_where_it_is():
    """For messages, as editors understand it."""
    assert _function("a", TriggerType.HTTP).where == "a.py:3"


def test_an_empty_property_counts_as_absent():
    """connection="" means the default account."""
    binding = Binding(type="queue", name="q", direction="out", properties={"connection": "", "queueName": "a"})
    assert (binding.text("connection"), binding.text("queueName"), binding.text("nope")) == (None, "a", None)


def test_a_fixed_delay_stays_and_an_exponential_one_doubles_up_to_its_maximum():
    """The first retry waits the minimum."""
    fixed = RetryPolicy(strategy="fixed_delay", max_retry_count=9, delay=timedelta(seconds=5))
    growing = RetryPolicy(
        strategy="exponential_backoff",
        max_retry_count=-1,
        minimum=timedelta(seconds=1),
        maximum=timedelta(seconds=6),
    )
    assert [fixed.wait_before(n).total_seconds() for n in (1, 2)] == [5, 5]
    assert [growing.wait_before(n).total_seconds() for n in (1, 2, 3, 4, 10_000)] == [1, 2, 4, 6, 6]


def test_the_users_function_is_found_inside_the_sdks_wrapper():
    """Orchestrators, entities and client functions carry it as an attribute."""

    def wrapper() -> None: ...

    wrapper.client_function = len  # type: ignore[attr-defined]
    assert (unwrapped(wrapper), unwrapped(len)) == (len, len)
