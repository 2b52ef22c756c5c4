"""Catalogs, bindings and retry policies as plain values."""

from pathlib import Path

import pytest

from durable_devhost.model.functions import Binding, Function, FunctionCatalog, TriggerType


def _function(name: str, kind: str, durable_name: str | None = None) -> Function:
    trigger = Binding(type=kind, name="x", direction="in")
    return Function(name=name, trigger=trigger, durable_name=durable_name, script_file=Path("a.py"), line=3)


def test_functions_are_found_by_name_in_any_case_and_listed_by_kind():
    """In the order of declaration."""
    first, second = _function("One", TriggerType.QUEUE), _function("two", TriggerType.QUEUE)
    catalog = FunctionCatalog([first, second], disabled=["three"])
    assert (catalog.get("ONE"), catalog.get("three")) == (first, None)
    assert catalog.of(TriggerType.QUEUE) == (first, second)
    assert catalog.disabled == ("three",)


def test_an_activity_is_not_found_as_an_orchestrator():
    """Each kind has its own names."""
    catalog = FunctionCatalog([_function("a", TriggerType.ACTIVITY, "Work")])
    assert (catalog.orchestrator("work"), catalog.known_activities()) == (None, ("Work",))


def test_a_function_knows_its_place_in_the_source():
    """Messages print it in a form that editors understand."""
    assert _function("a", TriggerType.HTTP).where == "a.py:3"


def test_an_empty_property_counts_as_absent():
    """connection="" means the default account."""
    binding = Binding(type="queue", name="q", direction="out", properties={"connection": "", "queueName": "a"})
    assert (binding.text("connection"), binding.text("queueName"), binding.text("nope")) == (None, "a", None)


def test_an_unsupported_trigger_is_of_kind_other():
    """Its type is kept."""
    function = _function("a", "mcpToolTrigger")
    assert (function.kind, function.trigger.type) == (TriggerType.OTHER, "mcpToolTrigger")
    assert FunctionCatalog([function]).of(TriggerType.OTHER) == (function,)


CATALOG = FunctionCatalog(
    [_function("a", TriggerType.ACTIVITY, "SendMail"), _function("o", TriggerType.ORCHESTRATION, "Story")],
    disabled=["off"],
    off=[(TriggerType.ACTIVITY, "Off"), (TriggerType.ENTITY, "dark")],
)


def test_a_disabled_durable_function_is_known_but_not_found():
    """Its name counts among those of the app."""
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
def test_the_catalog_explains_why_a_call_finds_no_function(kind, name, said):
    """With the name that was probably meant; a correct call has no explanation."""
    explained = CATALOG.explain(kind, name)
    assert (explained is None) == (said == [])
    for words in said:
        assert words in explained
