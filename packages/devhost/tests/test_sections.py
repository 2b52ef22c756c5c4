"""Sections of host.json: typed, without regard to case, overridden by app settings, and clear about what is wrong."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from durable_devhost.errors import SettingsError
from durable_devhost.sections import Section, overridden


def test_names_ignore_case_and_values_may_be_texts() -> None:
    """As in .NET's configuration binding."""
    section = Section({"Outer": {"BATCHsize": "7", "on": "True", "wait": "00:00:02", "way": "anystate"}}, {})
    outer = section.section("outer")
    assert [7, True, timedelta(seconds=2), "AnyState"] == [
        outer.integer("batchSize", 1),
        outer.boolean("On", False),
        outer.duration("Wait", timedelta()),
        outer.choice("way", ("NonRunningStates", "AnyState"), "NonRunningStates"),
    ]


def test_a_missing_or_empty_value_has_its_default() -> None:
    """Sections too."""
    section = Section({"empty": "", "null": None}, {}).section("none")
    assert [3, True, timedelta(1), "x", None] == [
        section.integer("empty", 3),
        section.boolean("null", True),
        section.duration("gone", timedelta(1)),
        section.choice("gone", ("x", "y"), "x"),
        section.text("gone"),
    ]


def test_a_setting_is_named_between_percent_signs() -> None:
    """Anywhere in a text."""
    assert Section({"hub": "%SITE%Hub"}, {"SITE": "Blue"}).text("hub") == "BlueHub"


def test_a_missing_setting_is_named_in_the_error() -> None:
    """With the place that needs it and the place to add it."""
    with pytest.raises(SettingsError, match=r"a\.hub in host\.json refers to %SITE%.*Add SITE to Values"):
        Section({"a": {"hub": "%SITE%"}}, {}).section("a").text("hub")


@pytest.mark.parametrize(
    ("value", "read", "wanted"),
    [
        ("x", lambda s: s.integer("key", 1, at_least=1, at_most=32), "a whole number between 1 and 32, not 'x'"),
        (33, lambda s: s.integer("key", 1, at_least=1, at_most=32), "a whole number between 1 and 32, not '33'"),
        (0, lambda s: s.integer("key", 1, at_least=1), "a whole number of at least 1, not '0'"),
        ("maybe", lambda s: s.boolean("key", True), "true or false, not 'maybe'"),
        ("soon", lambda s: s.duration("key", timedelta()), "a time like 00:00:30, not 'soon'"),
        ("00:00:00", lambda s: s.duration("key", timedelta(), at_least=timedelta(seconds=1)), "at least 0:00:01"),
        ("z", lambda s: s.choice("key", ("x", "y"), "x"), "x or y, not 'z'"),
        ([1], lambda s: s.text("key"), r"a text, not \[1\]"),
        (1, lambda s: s.section("key"), "a section in braces, not 1"),
    ],
)
def test_a_wrong_value_is_named_with_the_allowed_ones(
    value: object, read: Callable[[Section], object], wanted: str
) -> None:
    """Key, value, allowed values."""
    with pytest.raises(SettingsError, match=rf"^queues\.key in host\.json must be {wanted}"):
        read(Section({"queues": {"key": value}}, {}).section("queues"))


def test_app_settings_override_the_file() -> None:
    """With two underscores or a colon, in any case, also where the file has no value or no section."""
    file = {"extensions": {"durableTask": {"hubName": "File", "useAppLease": True}, "http": 1}}
    settings = {
        "AzureFunctionsJobHost__Extensions__DurableTask__HubName": "Override",
        "azurefunctionsjobhost:extensions:queues:batchSize": "3",
        "AzureFunctionsJobHost__extensions__http__routePrefix": "",
        "Unrelated": "x",
    }
    extensions = Section(overridden(file, settings), settings).section("extensions")
    assert ["Override", True, 3, ""] == [
        extensions.section("durableTask").text("hubName"),
        extensions.section("durableTask").boolean("useAppLease", False),
        extensions.section("queues").integer("batchSize", 16),
        extensions.section("http").text("routePrefix"),
    ]


def test_overriding_does_not_change_the_file() -> None:
    """It makes a new tree."""
    file = {"a": {"b": "1"}}
    overridden(file, {"AzureFunctionsJobHost__a__b": "2"})
    assert {"a": {"b": "1"}} == file


def test_overriding_keeps_the_spelling_of_names_and_the_items_of_lists() -> None:
    """Headers are sent as the file spells them; an item is named by its number."""
    file = {"Http": {"X-One": "1"}, "functions": ["a", "b"]}
    settings = {"AzureFunctionsJobHost__http__x-one": "2", "AzureFunctionsJobHost__functions__1": "c"}
    tree = Section(overridden(file, settings), {})
    assert tree.section("http").items() == [("X-One", "2")]
    assert tree.texts("functions") == ["a", "c"]


def test_a_value_that_is_not_a_list_is_an_empty_list() -> None:
    """As in .NET's binding; items are printed as it prints them."""
    section = Section({"a": "x", "b": [1, True, {"c": 1}, None], "c": None}, {})
    assert [section.texts(name) for name in ("a", "b", "c", "d")] == [[], ["1", "True"], [], []]
