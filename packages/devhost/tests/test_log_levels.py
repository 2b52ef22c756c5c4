"""Levels by category, as Microsoft.Extensions.Logging chooses them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import SettingsError
from durable_devhost.log_levels import Level, LogLevels
from durable_devhost.sections import Section

parts = st.sampled_from(["Function", "Host", "Worker", "User", "charge", "Triggers", "DurableTask"])
categories = st.lists(parts, min_size=1, max_size=4).map(".".join)


def read(levels: dict[str, Any], console: dict[str, Any] | None = None) -> LogLevels:
    """The section `logging` as levels."""
    return LogLevels.read(Section({"logLevel": levels, "console": {"logLevel": console or {}}}, {}, "logging."))


def test_the_default_level_is_information() -> None:
    """If host.json sets none."""
    assert read({}).of("Function.charge.User") is Level.INFORMATION


def test_the_longest_matching_category_decides() -> None:
    """Names ignore case; `default` is the fallback."""
    levels = read({
        "default": "Warning", "Function": "Error", "function.charge": "Debug", "Function.charge.User": "none",
        "Host.*": "Trace", "Worker": "2",
    })  # fmt: skip
    assert [levels.of(name).name for name in ("Other", "Function.x", "Function.Charge", "Function.charge.User")] == [
        "WARNING", "ERROR", "DEBUG", "NONE",
    ]  # fmt: skip
    assert [levels.of("Host.Triggers.DurableTask"), levels.of("Worker.rpc")] == [Level.TRACE, Level.INFORMATION]


def test_levels_of_the_console_provider_win() -> None:
    """An empty level is ignored."""
    levels = read({"default": "Warning", "Host": "Error"}, {"default": "Debug", "Host": ""})
    assert [levels.of("Function.x"), levels.of("Host.x")] == [Level.DEBUG, Level.ERROR]


@pytest.mark.parametrize("word", ["Loud", "7", "-1", "Info"])
def test_an_unknown_level_is_refused(word: str) -> None:
    """The real host does not start with it either."""
    with pytest.raises(
        SettingsError, match=rf"logging\.logLevel\.default in host\.json is '{word}', which is no level"
    ):
        read({"default": word})


@pytest.mark.parametrize(
    ("levels", "lowest"),
    [
        ({}, Level.INFORMATION),
        ({"default": "Error"}, Level.ERROR),
        ({"default": "Error", "Function.charge.User": "Debug"}, Level.DEBUG),
        ({"default": "Error", "Host": "Debug"}, Level.ERROR),
    ],
)
def test_the_worker_sends_every_record_that_may_be_shown(levels: dict[str, str], lowest: Level) -> None:
    """From the lowest level that any category of user code has."""
    assert read(levels).lowest_of_functions is lowest


@given(rules=st.dictionaries(categories, st.sampled_from([level.name for level in Level]), max_size=6), name=categories)
def test_the_level_equals_that_of_a_slow_search(rules: dict[str, str], name: str) -> None:
    """The search cuts the category from its end until a rule has that name."""
    by_name = {rule.lower(): level for rule, level in rules.items()}
    beginnings = (name.lower()[:end] for end in range(len(name), 0, -1))
    expected = next((by_name[text] for text in beginnings if text in by_name), "INFORMATION")
    assert read(rules).of(name).name == expected
