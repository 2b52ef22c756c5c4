"""Catalogs, bindings and retry policies as plain values."""

from pathlib import Path

import pytest

from durable_devhost.model.functions import Binding, Function, FunctionCatalog, TriggerType


def _function(name: str, kind: str, durable_name: str | None = None) -> Function:
    trigger = Binding(type=kind, name="x", direction="in")
    return Function(name=name, trigger=trigger, durable_name=durable_name, script_file=Path("a.py"), line=3)


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


def test_a_trigger_without_a_listener_is_of_another_kind():
    """The type itself stays what it is."""
    function = _function("a", "mcpToolTrigger")
    assert (function.kind, function.trigger.type) == (TriggerType.OTHER, "mcpToolTrigger")
    assert FunctionCatalog([function]).of(TriggerType.OTHER) == (function,)


CATALOG = FunctionCatalog(
    [_function("a", TriggerType.ACTIVITY, "SendMail"), _function("o", TriggerType.ORCHESTRATION, "Story")],
    disabled=["off"],
    off=[(TriggerType.ACTIVITY, "Off"), (TriggerType.ENTITY, "dark")],
)


def test_a_disabled_durable_function_is_known_and_not_found():
    """Its name counts among those that the app has."""
    assert (CATALOG.activity("off"), CATALOG.is_off(TriggerType.ACTIVITY, "oFF")) == (None, True)
    assert CATALOG.known_activities() == ("SendMail", "Off")
    assert not CATALOG.is_off(TriggerType.ORCHESTRATION, "Off")


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (TriggerType.ACTIVITY, "sendmail", []),
        (TriggerType.ACTIVITY, "SendMall", ["no activity 'SendMall'", "Did you mean 'SendMail'?", "waits for ever"]),
        (TriggerType.ACTIVITY, "Zzz", ["no activity 'Zzz'", "It has 'SendMail', 'Off'."]),
        (TriggerType.ACTIVITY, "OFF", ["The activity 'OFF' is disabled by AzureWebJobs.NAME.Disabled", "fails"]),
        (TriggerType.ENTITY, "Dark", ["The entity 'Dark' is disabled", "each of its operations fails"]),
        (TriggerType.ORCHESTRATION, "SendMail", ["no orchestrator 'SendMail'", "It has 'Story'."]),
        (TriggerType.ENTITY, "Counter", ["no entity 'Counter'", "It has 'dark'.", "a signal fails"]),
    ],
)
def test_why_a_call_leads_nowhere_is_explained(kind, name, said):
    """With what was probably meant; nothing is said of a call that works."""
    explained = CATALOG.explain(kind, name)
    assert (explained is None) == (said == [])
    for words in said:
        assert words in explained
